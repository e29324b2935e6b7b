/** docs/debugger.md says what these rows say, and each of them is proven by a test that there is. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { CAPABILITIES } from '../../debug-adapter/requests/lifecycle.ts';
import { ASKS, CAPABILITY_CLAIMS, type Claim } from './claims.ts';
import { ROOT } from './support.ts';

const DOCUMENT = `${ROOT}docs/debugger.md`;

function table(head: string, claims: readonly Claim[]): string {
  const rows = claims.map(
    ({ name, text, proof }, index) =>
      `| ${index + 1} | ${name} | ${text} | ${proof === undefined ? '–' : `\`${proof.file}\`: ${proof.title}`} |`,
  );
  return [`| | ${head} | here | test |`, '|---|---|---|---|', ...rows].join('\n');
}

const text = `<!-- Written by UPDATE_GOLDEN=1 and test/dap/claims.test.ts from test/dap/claims.ts. Edits are lost. -->

# The debugger

What the debug adapter has of the Debug Adapter Protocol, and what it answers to those who ask hypervisor debuggers for more.
Each row names the test that proves it.

## Capabilities

Declared: ${Object.keys(CAPABILITIES).length} of ${CAPABILITY_CLAIMS.length}.

${table('capability', CAPABILITY_CLAIMS)}

## What users ask for

${table('ask', ASKS)}
`;

test('every capability of the protocol has a row, and what is declared is what is proven', () => {
  assert.equal(CAPABILITY_CLAIMS.length, 42);
  assert.equal(ASKS.length, 18);
  const proven = CAPABILITY_CLAIMS.filter(({ proof }) => proof !== undefined).map(({ name }) => name);
  assert.deepEqual(Object.keys(CAPABILITIES).sort(), proven.sort());
});

test('every proof is a test that there is', () => {
  for (const { name, proof } of [...CAPABILITY_CLAIMS, ...ASKS]) {
    if (proof === undefined) continue;
    const file = ROOT + proof.file;
    assert.ok(existsSync(file), `${name}: ${proof.file}`);
    assert.ok(readFileSync(file, 'utf8').includes(proof.title), `${name}: "${proof.title}" in ${proof.file}`);
  }
});

test('docs/debugger.md says so', () => {
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(DOCUMENT, text);
  assert.equal(readFileSync(DOCUMENT, 'utf8'), text);
});

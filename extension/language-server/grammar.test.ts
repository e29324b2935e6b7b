import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { registers } from '../../simulator/arch/registers/index.ts';

interface Grammar {
  readonly repository: {
    readonly operands: { readonly patterns: readonly { readonly name?: string; readonly match?: string }[] };
  };
}

test('the grammar highlights every system register of the tables', () => {
  const grammar: Grammar = JSON.parse(
    readFileSync(new URL('../../syntaxes/a64.tmLanguage.json', import.meta.url), 'utf8'),
  );
  const rule = grammar.repository.operands.patterns.find(
    ({ name }) => name === 'variable.language.register.system.a64',
  );
  const pattern = new RegExp(`^${rule?.match?.replace('(?i)', '')}$`, 'i');
  assert.deepEqual(
    registers.map(({ name }) => name).filter(name => !pattern.test(name)),
    [],
  );
});

/** Programs of C++ under the debugger: names, types and values as the language has them. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { compile, marker, programPath } from '../../debug-adapter/testing/compile.ts';
import { inProcess, type RealClient } from './support.ts';

const FLAGS = ['-O0', '-g', '-fno-exceptions', '-fno-rtti', '-Wl,-estart'];
const path = programPath('classes.cpp');

let client: RealClient;
let program: ReturnType<typeof compile>;
beforeEach(async () => {
  program = compile('classes.cpp', FLAGS);
  client = inProcess();
  await client.start({ program: program.path });
});
afterEach(() => {
  client.dispose();
  program.remove();
});

const functions = async (...names: readonly string[]): Promise<{ verified: boolean; line?: number }[]> =>
  (await client.request('setFunctionBreakpoints', { breakpoints: names.map(name => ({ name })) })).breakpoints;

test('a function of C++ is meant by its name, with or without its class, its namespace and its parameters', async () => {
  const first = marker('classes.cpp', 'area-int');
  const second = marker('classes.cpp', 'area-long');
  await functions('area');
  await client.until('continue');
  assert.equal(await client.top(), `shapes::Circle::area:${first}`);
  await functions('Circle::area');
  await client.until('continue');
  assert.equal(await client.top(), `shapes::Circle::area:${second}`, 'both overloads');
  assert.equal((await functions('shapes::Circle::area'))[0].line, first);
  assert.equal((await functions('shapes::Circle::area(long) const'))[0].line, second);
  await functions('larger');
  await client.until('continue');
  assert.match(await client.top(), /^shapes::larger<int>:/);
  await functions('shapes::larger<char>');
  await client.until('continue');
  assert.match(await client.top(), /^shapes::larger<char>:/);
  await functions('(anonymous namespace)::hidden');
  await client.until('continue');
  assert.match(await client.top(), /hidden:/);
  const [unknown] = await functions('shapes::Square::area');
  assert.equal(unknown.verified, false);
});

test('a breakpoint that is taken away after a restart is gone', async () => {
  await functions('area');
  await client.until('continue');
  await client.request('restart', {});
  await client.event('stopped');
  await functions('hidden');
  await client.until('continue');
  assert.match(await client.top(), /^hidden:/);
});

test('members, those of bases too, are known in a method without this', async () => {
  await client.request('setBreakpoints', {
    source: { path },
    breakpoints: [{ line: marker('classes.cpp', 'area-int') }],
  });
  await client.until('continue');
  assert.equal(await client.evaluate('radius'), '5');
  assert.equal(await client.evaluate('this->radius * 2'), '10');
  assert.equal(await client.evaluate('id'), '7');
  assert.match(await client.evaluate('colour'), /Green/);
  assert.equal(await client.evaluate('factor'), '3');
  assert.equal(await client.evaluate('shapes::counter'), '3');
  assert.equal(await client.evaluate('sizeof(shapes::Circle)'), '12');
  assert.equal(await client.evaluate('sizeof radius'), '4');
  const self = (await client.tree('Arguments')).find(({ name }) => name === 'this');
  assert.equal(self?.type, 'const Circle * const');
  const { variables } = await client.request('variables', { variablesReference: self?.variablesReference });
  const members = await client.request('variables', { variablesReference: variables[0].variablesReference });
  assert.deepEqual(
    members.variables.map(({ name, type }: { name: string; type: string }) => [name, type]),
    [
      ['Base', 'Base'],
      ['radius', 'int'],
    ],
  );
});

test('references show what they refer to, templates have their arguments in the name of the type', async () => {
  await functions('larger<int>');
  await client.until('continue');
  const [pair] = await client.tree('Arguments');
  assert.equal(pair.type, 'const Pair<int> &');
  assert.equal(await client.evaluate('pair.second'), '9');
  const { targets } = await client.request('completions', { text: 'shapes::lar', column: 12 });
  assert.ok(targets.some(({ label }: { label: string }) => label === 'shapes::larger<int>'));
});

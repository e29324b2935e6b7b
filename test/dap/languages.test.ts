/** Programs of C++ and Rust under the debugger: names, types and values as the languages have them. */

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
  assert.equal(self?.type, 'const shapes::Circle * const');
  const { variables } = await client.request('variables', { variablesReference: self?.variablesReference });
  const members = await client.request('variables', { variablesReference: variables[0].variablesReference });
  assert.deepEqual(
    members.variables.map(({ name, type }: { name: string; type: string }) => [name, type]),
    [
      ['Base', 'shapes::Base'],
      ['radius', 'int'],
    ],
  );
});

test('references show what they refer to, templates have their arguments in the name of the type', async () => {
  await functions('larger<int>');
  await client.until('continue');
  const [pair] = await client.tree('Arguments');
  assert.equal(pair.type, 'const shapes::Pair<int> &');
  assert.equal(await client.evaluate('pair.second'), '9');
  const { targets } = await client.request('completions', { text: 'shapes::lar', column: 12 });
  assert.ok(targets.some(({ label }: { label: string }) => label === 'shapes::larger<int>'));
});

test('a breakpoint by name stops where the function is inlined, when it has no code of its own', async () => {
  const inlined = compile('classes.cpp', [...FLAGS.filter(flag => flag !== '-O0'), '-O2']);
  try {
    client.dispose();
    client = inProcess();
    await client.start({ program: inlined.path });
    for (const name of ['shapes::Circle::Circle', 'Circle::Circle', 'Circle', 'shapes::Circle::Circle(int)']) {
      const [{ verified }] = await functions(name);
      assert.equal(verified, true, name);
    }
    assert.equal((await functions('Square::Circle'))[0].verified, false);
    await functions('Circle::Circle');
    await client.until('continue');
    assert.match(await client.top(), /^shapes::Circle::Circle:/);
    assert.match((await client.stack())[1], /^_start:/);
  } finally {
    inlined.remove();
  }
});

for (const dwarf of ['-gdwarf-4', '-gdwarf-5'])
  test(`an argument that is gone is had from its caller, but for a tail call (${dwarf})`, async () => {
    const optimised = compile('arguments.c', ['-O2', '-fno-ipa-ra', dwarf, '-Wl,-estart']);
    try {
      client.dispose();
      client = inProcess();
      await client.start({ program: optimised.path });
      await client.request('setBreakpoints', {
        source: { path: programPath('arguments.c') },
        breakpoints: [{ line: marker('arguments.c', 'leaf') }],
      });
      await client.until('continue');
      assert.deepEqual(
        (await client.stack()).slice(0, 2).map(text => text.replace(/:.*/, '')),
        ['leaf', 'outer'],
      );
      assert.equal(await client.evaluate('other'), '42');
      assert.equal(await client.evaluate('value'), '12', 'computed from a variable of the caller');
      await client.until('continue');
      assert.deepEqual(
        (await client.stack()).slice(0, 2).map(text => text.replace(/:.*/, '')),
        ['leaf', 'indirect'],
      );
      const other = (await client.tree('Arguments')).find(({ name }) => name === 'other');
      assert.match(other?.value ?? '', /optimised out/);
    } finally {
      optimised.remove();
    }
  });

// --- Rust: shapes.rs, which scripts/guests.mjs has compiled -------------------------------------------------------------

const rustSource = programPath('shapes.rs');
const rustLine = (name: string): number => marker('shapes.rs', name);

/** A session with the program in Rust instead of that in C++. */
async function rust(): Promise<void> {
  client.dispose();
  client = inProcess();
  await client.start({ program: programPath('shapes.elf') });
}

/** Goes on to a marked line. */
async function rustAt(name: string): Promise<void> {
  await client.request('setBreakpoints', { source: { path: rustSource }, breakpoints: [{ line: rustLine(name) }] });
  await client.until('continue');
  assert.match(await client.top(), new RegExp(`:${rustLine(name)}$`));
}

const shown = (variables: readonly { name: string; value: string; type?: string }[]): readonly string[] =>
  variables.map(({ name, type, value }) => `${name}: ${type} = ${value}`);

test('a function of Rust is meant by its path, by its type, by its trait, and with type arguments', async () => {
  await rust();
  const moved = rustLine('moved') - 1;
  for (const name of ['shapes::geometry::Point::moved', 'Point::moved', 'moved'])
    assert.deepEqual(
      (await functions(name)).map(({ verified, line }) => [verified, line]),
      [[true, moved]],
      name,
    );
  for (const name of ['Shape::area', 'shapes::geometry::Shape::area', 'geometry::Area::area'])
    assert.equal((await functions(name))[0].verified, true, name);
  assert.equal((await functions('Point::area'))[0].verified, false);
  await functions('Area::area');
  await client.until('continue');
  assert.equal(await client.top(), `<shapes::geometry::Shape as shapes::geometry::Area>::area:${rustLine('area') - 5}`);
  await functions('shapes::sum');
  await client.until('continue');
  assert.match(await client.top(), /^shapes::sum:/);
  assert.match((await client.stack())[1], /^main:/);
  await functions('larger::<char>');
  await client.until('continue');
  assert.match(await client.top(), /^shapes::larger::<char>:/);
  assert.equal(await client.evaluate('left'), "233 'é'");
});

test('enumerations with data, options, slices and strings of Rust show what they hold', async () => {
  await rust();
  await rustAt('sum');
  assert.deepEqual(shown(await client.tree('Arguments')), [
    'values: &[u16] = [u16; 3]',
    'name: &str = "grüße"',
    'first: core::option::Option<u32> = Some(9)',
    'last: core::option::Option<&shapes::geometry::Point> = None',
  ]);
  assert.deepEqual(shown(await client.tree('Arguments', 'values')), ['[0]: u16 = 2', '[1]: u16 = 3', '[2]: u16 = 400']);
  assert.equal(await client.evaluate('values[2] + total'), '814');
  assert.equal(await client.evaluate('first.Some.__0'), '9');
  assert.equal(await client.evaluate('sizeof(shapes::geometry::Shape)'), '20');
  await client.until('continue');
  assert.equal(await client.evaluate('name'), '""');
  assert.match(await client.evaluate('last'), /^Some\(0x[0-9a-f]{16}\)$/);
  assert.equal(await client.evaluate('last.Some.__0->x'), '4');
});

test('variables of Rust have the types and arrays that Rust writes', async () => {
  await rust();
  await rustAt('end');
  const locals = shown(await client.tree('Locals')).filter(text => !text.includes('{closure'));
  const one = (name: string): string => locals.find(text => text.startsWith(`${name}: `)) ?? '';
  assert.equal(one('numbers'), 'numbers: [u16; 4] = [u16; 4]');
  assert.equal(one('circle'), 'circle: shapes::geometry::Shape = Circle(7)');
  assert.equal(one('line'), 'line: shapes::geometry::Shape = Line { ... }');
  assert.equal(one('letter'), "letter: char = 233 'é'");
  assert.match(one('pair'), /^pair: \(bool, f64\) = /);
  assert.deepEqual(
    shown(await client.tree('Locals', 'shapes')).map(text => text.replace('shapes::geometry::', '')),
    ['[0]: Shape = Circle(7)', '[1]: Shape = Line { ... }', '[2]: Shape = Empty'],
  );
  assert.deepEqual(shown(await client.tree('Locals', 'line', 'Line', 'to')), ['x: i32 = 4', 'y: i32 = 2']);
  assert.equal(await client.evaluate('shapes::RESULT'), await client.evaluate('result'));
  assert.equal(await client.evaluate('shapes[1].Line.to.x'), '4');
});

test('steps in Rust go over a line, into a method and out of it', async () => {
  await rust();
  const loop = rustLine('loop');
  await functions('Point::moved');
  await client.until('continue');
  assert.equal((await client.frames())[0].source?.path, rustSource, 'where the sources were found');
  await rustAt('loop');
  await client.request('setBreakpoints', { source: { path: rustSource }, breakpoints: [] });
  await client.until('stepIn');
  assert.match(await client.top(), /Shape as .*Area>::area:/);
  assert.equal(await client.evaluate('*self'), 'Circle(7)');
  await client.until('stepOut');
  assert.equal(await client.top(), `main:${loop}`);
  await client.until('next');
  assert.equal(await client.top(), `main:${loop - 1}`);
});

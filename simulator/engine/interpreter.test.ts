import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateInterpreter, planOps } from './interpreter.ts';
import { frequent } from './semantics/frequent.ts';
import { handlers } from './semantics/index.ts';

test('frequent handlers exist, and could be functions', () => {
  const { near, firstFunction } = planOps(handlers).numbers;
  for (const name of frequent) assert.ok((near.get(name) ?? 0) >= firstFunction, `${name} is no such handler.`);
});

test('a handler has the same number in all forms, and a function unless it branches or calls out', () => {
  const { numbers } = planOps(handlers);
  const generated = generateInterpreter(handlers, { fast: { checked: false, heat: 10 }, checked: { checked: true } });
  assert.deepEqual(generated.numbers, numbers);
  assert.equal(generated.firstRegion, numbers.names.length - numbers.firstFunction);
  assert.ok(numbers.far.size > 0);
  for (const number of numbers.far.values()) assert.ok(number < numbers.firstFunction);
});

test('a form is no larger than what V8 optimises in a fraction of a second', () => {
  const bytes = (forms: Parameters<typeof generateInterpreter>[1]) => generateInterpreter(handlers, forms).bytes.length;
  const none = bytes({});
  assert.ok(bytes({ fast: { checked: false, heat: 10 } }) - none < 40_000);
  assert.ok(bytes({ checked: { checked: true } }) - none < 20_000);
});

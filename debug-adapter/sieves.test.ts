import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseExpression } from './expressions/parse.ts';
import { narrowed } from './sieves.ts';

const of = (condition: string, sieve = {}) => narrowed([sieve], parseExpression(condition));

test('a condition narrows a sieve by what all of it has to hold', () => {
  assert.deepEqual(of('esr.ec == HVC64 && x0 >> 24 == 0x84 && from.el == 1'), [
    { types: ['sync'], classes: [0x16], from: [1] },
  ]);
  assert.deepEqual(of('2 == to.el && type == IRQ'), [{ types: ['irq'], to: [2] }]);
});

test('what a filter asks for stays', () => {
  assert.deepEqual(of('from.el == 0', { types: ['sync'], from: [0, 1], to: [2] }), [
    { types: ['sync'], from: [0], to: [2] },
  ]);
  assert.deepEqual(of('esr.ec == 0x18', { types: ['irq'] }), [{ types: [], classes: [0x18] }]);
});

test('alternatives, other comparisons and class 0, which interrupts have too, narrow nothing', () => {
  for (const condition of ['from.el == 0 || to.el == 2', 'from.el != 0', 'class == 0', 'from.el == x0', 'x0 == 1'])
    assert.deepEqual(of(condition), [{}]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseExpression } from './expressions/parse.ts';
import { narrowed, wantedValue } from './sieves.ts';

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

test('a condition on the value that is written says which values it may hold for', () => {
  const all = 2n ** 64n - 1n;
  const wanted = (condition: string) => wantedValue(parseExpression(condition));
  assert.deepEqual(wanted('value == 0x12'), { mask: all, value: 0x12n });
  assert.deepEqual(wanted('x0 == 1 && 3 == value >> 48'), { mask: all & (all << 48n), value: 3n << 48n });
  assert.deepEqual(wanted('((value >> 4) & 0xf) == 5'), { mask: 0xf0n, value: 0x50n });
  assert.deepEqual(wanted('(value & 0xf0) == 0x50'), { mask: 0xf0n, value: 0x50n });
});

test('other conditions on the value are asked for every write', () => {
  for (const condition of ['value != 1', 'value == 1 || x0 == 1', 'old == 1', '(value & 1) == 2', 'value == x0'])
    assert.equal(wantedValue(parseExpression(condition)), undefined, condition);
});

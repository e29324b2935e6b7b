import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moveOf, transferOf } from './transfers.ts';

/** Every register holds 0x1000 times its number. */
const register = (n: number) => BigInt(n) << 12n;

// Words as GNU as assembles them.
for (const [text, word, load, address, registers, bytes] of [
  ['stp x1, x2, [x3, #16]', 0xa9010861, false, 0x3010n, [1, 2], 8],
  ['ldp x29, x30, [sp], #16', 0xa8c17bfd, true, 0x1f000n, [29, 30], 8],
  ['stp x29, x30, [sp, #-16]!', 0xa9bf7bfd, false, 0x1eff0n, [29, 30], 8],
  ['ldp w1, w2, [x3, #8]', 0x29410861, true, 0x3008n, [1, 2], 4],
  ['str x1, [x0, #264]', 0xf9008401, false, 0x108n, [1], 8],
  ['ldr w5, [x6, #4]', 0xb94004c5, true, 0x6004n, [5], 4],
  ['ldur x1, [x2, #-8]', 0xf85f8041, true, 0x1ff8n, [1], 8],
  ['str x1, [x2], #8', 0xf8008441, false, 0x2000n, [1], 8],
  ['ldr x1, [x2, x3, lsl #3]', 0xf8637841, true, 0x2000n + 0x3000n * 8n, [1], 8],
  ['stp q0, q1, [x2, #32]', 0xad010440, false, 0x2020n, [], 32],
  ['ldr q0, [x1, #16]', 0x3dc00420, true, 0x1010n, [], 16],
] as const) {
  test(`${text} moves what it says`, () => {
    assert.deepEqual(transferOf(word, register), { load, address, registers: [...registers], bytes });
  });
}

test('other instructions are no transfers', () => {
  for (const word of [0xd503201f, 0x8b020020, 0xd65f03c0, 0xf8e20020, 0xd5181041, 0xb9800020])
    assert.equal(transferOf(word, register), undefined, word.toString(16));
});

test('a move between registers is known', () => {
  assert.deepEqual(moveOf(0xaa0103e0), { from: 1, to: 0 });
  assert.equal(moveOf(0xaa010020), undefined);
});

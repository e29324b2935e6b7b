// AES on registers in memory (FIPS 197; Arm ARM shared/functions/crypto). The S-boxes are computed once from their
// definition: the inverse in GF(2^8) and an affine map.

import { X } from '../../layout';

const box: usize = memory.data(256);
const inverseBox: usize = memory.data(256);
const state: usize = memory.data(16, 16);
let made = false;

/** Product in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1. */
function times(a: u32, b: u32): u32 {
  let product: u32 = 0;
  let factor = a;
  for (let rest = b; rest; rest >>= 1) {
    if (rest & 1) product ^= factor;
    factor = (factor << 1) ^ (factor & 0x80 ? 0x11b : 0);
  }
  return product & 0xff;
}

function rotate(a: u32, by: u32): u32 {
  return ((a << by) | (a >> (8 - by))) & 0xff;
}

function makeBoxes(): void {
  // 3 generates the group, 0xf6 is its inverse: powers and their inverses in step.
  let power: u32 = 1;
  let inverse: u32 = 1;
  do {
    power = times(power, 3);
    inverse = times(inverse, 0xf6);
    const mapped = inverse ^ rotate(inverse, 1) ^ rotate(inverse, 2) ^ rotate(inverse, 3) ^ rotate(inverse, 4) ^ 0x63;
    store<u8>(box + power, u8(mapped));
  } while (power != 1);
  store<u8>(box, 0x63);
  for (let i: u32 = 0; i < 256; i++) store<u8>(inverseBox + load<u8>(box + i), u8(i));
  made = true;
}

/** AESE, or AESD with `decrypt`: exclusive-or with the key, then shifted rows and substituted bytes. */
export function aesRound(d: u32, n: u32, decrypt: u32): void {
  if (!made) makeBoxes();
  const table = decrypt ? inverseBox : box;
  v128.store(state, v128.xor(v128.load(usize(d + X)), v128.load(usize(n + X))));
  for (let column: u32 = 0; column < 4; column++) {
    for (let row: u32 = 0; row < 4; row++) {
      const from = (column + (decrypt ? 4 - row : row)) & 3;
      store<u8>(usize(d + X) + 4 * column + row, load<u8>(table + load<u8>(state + 4 * from + row)));
    }
  }
}

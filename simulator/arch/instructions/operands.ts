/** How operands are written in a disassembly: the words that rows of several classes share. */

/** A general register at a width of 32 or 64 bits; number 31 is the zero register. */
export const general = (width: number, n: number): string => `${width === 64 ? 'x' : 'w'}${n === 31 ? 'zr' : n}`;
/** As `general`, but number 31 is the stack pointer. */
export const generalOrSp = (width: number, n: number): string =>
  n === 31 ? (width === 64 ? 'sp' : 'wsp') : general(width, n);
export const x = (n: number): string => general(64, n);
export const w = (n: number): string => general(32, n);
export const xOrSp = (n: number): string => generalOrSp(64, n);

/** A SIMD and FP register as a scalar of 1, 2, 4, 8 or 16 bytes. */
export const scalar = (bytes: number, n: number): string => `${'bhsdq'[Math.log2(bytes)]}${n}`;

export const hex = (value: number | bigint): string => `#0x${value.toString(16)}`;

/** A field of `width` bits (at most 31) as a two's complement number. */
export const signed = (value: number, width: number): number => (value << (32 - width)) >> (32 - width);

/** The address at a distance from the instruction, as a branch or literal names it. */
export const target = (address: bigint, distance: number | bigint): string =>
  `0x${BigInt.asUintN(64, address + BigInt(distance)).toString(16)}`;

/** Names of the condition codes 0 to 15 (Arm ARM C1.2.4). */
export const conditions = 'eq ne hs lo mi pl vs vc hi ls ge lt gt le al nv'.split(' ');
/** Names of the shift types 0 to 3. */
export const shifts = ['lsl', 'lsr', 'asr', 'ror'];
/** Names of the extensions by `option` 0 to 7. */
export const extensions = ['uxtb', 'uxth', 'uxtw', 'uxtx', 'sxtb', 'sxth', 'sxtw', 'sxtx'];

/** `, lsl #3`, or nothing for a left shift by 0. */
export const shifted = (type: number, amount: number): string =>
  type === 0 && amount === 0 ? '' : `, ${shifts[type]} #${amount}`;

/**
 * What an A64 instruction does with general registers, as far as it matters for following a value from MRS to memory
 * and from memory to MSR: which it loads and stores, and where. Arm ARM C4.1, "Loads and Stores".
 */

/** Registers by number; 31 is the stack pointer as a base and the zero register elsewhere. */
export interface Transfer {
  readonly load: boolean;
  readonly address: bigint;
  /** Empty for those of SIMD and FP, whose values are not followed. */
  readonly registers: readonly number[];
  /** Bytes of each register; of SIMD registers, all of them. */
  readonly bytes: number;
}

/** Loads and stores of one register or a pair; undefined for everything else. */
export function transferOf(word: number, register: (n: number) => bigint): Transfer | undefined {
  const load = ((word >>> 22) & 1) === 1;
  const rt = word & 31;
  const base = register((word >>> 5) & 31);
  const at = (offset: number): bigint => BigInt.asUintN(64, base + BigInt(offset));
  // LDP, STP, LDNP, STNP of 32 and 64 bits.
  if ((word & 0x7e000000) >>> 0 === 0x28000000) {
    const bytes = word >>> 31 ? 8 : 4;
    const offset = (((word >>> 15) & 0x7f) << 25) >> 25;
    const after = ((word >>> 23) & 3) === 1;
    return { load, address: at(after ? 0 : offset * bytes), registers: [rt, (word >>> 10) & 31], bytes };
  }
  if ((word & 0x3e000000) >>> 0 === 0x2c000000) {
    const bytes = 4 << (word >>> 30);
    const offset = (((word >>> 15) & 0x7f) << 25) >> 25;
    const after = ((word >>> 23) & 3) === 1;
    return { load, address: at(after ? 0 : offset * bytes), registers: [], bytes: 2 * bytes };
  }
  // LDR, STR of a SIMD register with an offset.
  if ((word & 0x3f000000) >>> 0 === 0x3d000000) {
    const bytes = (word >>> 23) & 1 ? 16 : 1 << (word >>> 30);
    return { load, address: at(((word >>> 10) & 0xfff) * bytes), registers: [], bytes };
  }
  // LDR, STR of 32 and 64 bits; bit 23 set is a signed load or a prefetch.
  if ((word & 0xbe800000) >>> 0 !== 0xb8000000) return undefined;
  const bytes = (word >>> 30) & 1 ? 8 : 4;
  if ((word >>> 24) & 1) return { load, address: at(((word >>> 10) & 0xfff) * bytes), registers: [rt], bytes };
  const mode = (word >>> 10) & 3;
  if ((word >>> 21) & 1) {
    if (mode !== 2) return undefined; // an atomic operation
    const index = register((word >>> 16) & 31);
    const option = (word >>> 13) & 7;
    const extended = option === 2 ? BigInt.asUintN(32, index) : option === 6 ? BigInt.asIntN(32, index) : index;
    const shift = (word >>> 12) & 1 ? (bytes === 8 ? 3n : 2n) : 0n;
    return { load, address: BigInt.asUintN(64, base + (extended << shift)), registers: [rt], bytes };
  }
  const offset = (((word >>> 12) & 0x1ff) << 23) >> 23;
  return { load, address: at(mode === 1 ? 0 : offset), registers: [rt], bytes };
}

/** `MOV Xd, Xm`: a value goes to another register as it is. */
export function moveOf(word: number): { readonly from: number; readonly to: number } | undefined {
  if ((word & 0xffe0ffe0) >>> 0 !== 0xaa0003e0) return undefined;
  return { from: (word >>> 16) & 31, to: word & 31 };
}

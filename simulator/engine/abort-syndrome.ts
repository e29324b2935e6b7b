/**
 * Bits 24:14 of the syndrome of a data abort that stage 2 sends to EL2 (Arm ARM, ESR_ELx, ISS encoding for an exception
 * from a Data Abort): what a hypervisor needs to emulate the access. 0 when the syndrome is not valid for the instruction.
 */
export function abortSyndrome(word: number): number {
  const bits = (msb: number, lsb: number) => (word >>> lsb) & ((1 << (msb - lsb + 1)) - 1);
  const size = bits(31, 30);
  const syndrome = (signed: number, register: number, wide: number, ordered: number) =>
    (1 << 24) | (size << 22) | (signed << 21) | (register << 16) | (wide << 15) | (ordered << 14);

  // LDAR, STLR, LDLAR, STLLR: acquire and release, not exclusive.
  if (bits(29, 24) === 0b001000 && bits(23, 23) === 1 && bits(21, 21) === 0)
    return syndrome(0, bits(4, 0), size === 3 ? 1 : 0, 1);
  if (bits(29, 27) !== 0b111 || bits(26, 26) === 1) return 0;
  const unsignedOffset = bits(25, 24) === 0b01;
  const registerOffset = bits(25, 24) === 0 && bits(21, 21) === 1 && bits(11, 10) === 0b10;
  // Unscaled and unprivileged; pre- and post-indexed forms change a second register and have no syndrome.
  const plainOffset = bits(25, 24) === 0 && bits(21, 21) === 0 && bits(10, 10) === 0;
  if (!unsignedOffset && !registerOffset && !plainOffset) return 0;
  const opc = bits(23, 22);
  if (size === 3 && opc === 2) return 0; // PRFM
  const wide = opc === 0 || opc === 1 ? (size === 3 ? 1 : 0) : opc === 2 ? 1 : 0;
  return syndrome(opc >= 2 ? 1 : 0, bits(4, 0), wide, 0);
}

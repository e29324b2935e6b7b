/** The immediate of logical instructions: a run of ones, rotated and repeated. */

/**
 * The value that N:immr:imms stands for at a width of 32 or 64 bits; undefined where that is a reserved value.
 * Arm ARM, shared pseudocode DecodeBitMasks.
 */
export function logicalImmediate(width: number, n: number, immr: number, imms: number): bigint | undefined {
  if (width === 32 && n === 1) return undefined;
  const length = 31 - Math.clz32((n << 6) | (~imms & 0x3f));
  if (length < 1) return undefined;
  const size = 1 << length;
  const ones = (imms & (size - 1)) + 1;
  if (ones === size) return undefined;
  const rotation = BigInt(immr & (size - 1));
  const run = (1n << BigInt(ones)) - 1n;
  const element = BigInt.asUintN(size, (run >> rotation) | (run << (BigInt(size) - rotation)));
  let value = 0n;
  for (let at = 0; at < width; at += size) value |= element << BigInt(at);
  return value;
}

// Integer operations that WebAssembly has no instruction for.

// Polynomials of CRC-32 and CRC-32C with their bits reversed.
const POLYNOMIAL: u32 = 0xedb88320;
const POLYNOMIAL_C: u32 = 0x82f63b78;

function checksum(crc: u32, value: u64, bytes: i32, polynomial: u32): u32 {
  for (let i = 0; i < bytes; i++) {
    crc ^= u32(value & 0xff);
    value >>= 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (polynomial & (0 - (crc & 1)));
  }
  return crc;
}

/** CRC-32 of 1, 2, 4 or 8 bytes of `value`, low byte first, added to `crc` (Arm ARM C6.2, "CRC32"). */
export function crc32(crc: u32, value: u64, bytes: i32): u32 {
  return checksum(crc, value, bytes, POLYNOMIAL);
}

/** As `crc32`, with the polynomial of CRC-32C (Castagnoli). */
export function crc32c(crc: u32, value: u64, bytes: i32): u32 {
  return checksum(crc, value, bytes, POLYNOMIAL_C);
}

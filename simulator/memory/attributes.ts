/** Memory types in words, from the encoding of a byte of MAIR_ELx (Arm ARM, MAIR_EL1). */

const devices = ['Device-nGnRnE', 'Device-nGnRE', 'Device-nGRE', 'Device-GRE'];

export function memoryType(attributes: number): string {
  if ((attributes & 0xf0) === 0) return devices[(attributes >> 2) & 3];
  const [outer, inner] = [attributes >> 4, attributes & 15].map(cacheability);
  return outer === inner ? `Normal ${outer}` : `Normal outer ${outer}, inner ${inner}`;
}

function cacheability(half: number): string {
  if (half === 4) return 'NC';
  return half & 4 ? 'WB' : 'WT';
}

/** `RWX` with `-` for what is not allowed. */
export function permissionText(read: boolean, write: boolean, execute: boolean): string {
  return `${read ? 'R' : '-'}${write ? 'W' : '-'}${execute ? 'X' : '-'}`;
}

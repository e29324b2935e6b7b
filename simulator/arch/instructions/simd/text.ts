/** How operands of SIMD and FP instructions are written, and how the tables of these folders are read. */

/** `8b`, `16b`, `4h` and so on: an element size (log2 of bytes) in 64 or 128 bits. */
export const arrangement = (size: number, q: number): string =>
  ['8b', '16b', '4h', '8h', '2s', '4s', '1d', '2d', '1q'][size * 2 + q];

export const vector = (n: number, size: number, q: number): string => `v${n}.${arrangement(size, q)}`;

/** A scalar register by size (log2 of bytes): `b0` to `q0`. */
export const scalar = (n: number, size: number): string => `${'bhsdq'[size]}${n}`;

/** One element: `v1.s[2]`. */
export const element = (n: number, size: number, index: number): string => `v${n}.${'bhsd'[size]}[${index}]`;

export const generalW = (n: number): string => (n === 31 ? 'wzr' : `w${n}`);
export const generalX = (n: number): string => (n === 31 ? 'xzr' : `x${n}`);

export const conditions = 'eq ne hs lo mi pl vs vc hi ls ge lt gt le al nv'.split(' ');

/** Whether an element size (log2 of bytes) is among letters such as `hs`. */
export const allows = (sizes: string, size: number): boolean => sizes.includes('bhsd'[size]);

/** Whether a vector of this element size exists: 64-bit elements need 128 bits. */
export const allowsVector = (sizes: string, size: number, q: number): boolean =>
  allows(sizes, size) && !(size === 3 && q === 0);

/**
 * Reads a table of `columns` words and a sentence per line; `-` stands for an empty word.
 * Blank lines separate groups for the reader only.
 */
export function table(columns: number, text: string): string[][] {
  const rows: string[][] = [];
  for (const line of text.split('\n')) {
    if (!line.trim()) continue;
    const words = line.trim().split(/\s+/);
    rows.push([...words.slice(0, columns).map(word => (word === '-' ? '' : word)), words.slice(columns).join(' ')]);
  }
  return rows;
}

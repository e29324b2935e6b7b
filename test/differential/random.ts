/** A small random number generator with a seed, so that every drawn test can be drawn again. */

/** Returns a function that gives unsigned 32-bit numbers (xorshift128, Marsaglia 2003). */
export function random(seed: number): () => number {
  let a = seed >>> 0 || 1;
  let b = 0x9e3779b9;
  let c = 0x243f6a88;
  let d = 0xb7e15162;
  const next = (): number => {
    let t = a ^ (a << 11);
    a = b;
    b = c;
    c = d;
    t ^= t >>> 8;
    d = (d ^ (d >>> 19) ^ t) >>> 0;
    return d;
  };
  for (let i = 0; i < 16; i++) next();
  return next;
}

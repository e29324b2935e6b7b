/** How much of every instruction row the tests compare; DIFF_WORDS and DIFF_SEED ask for other samples. */

const asked = (name: string): number | undefined => {
  const text = process.env[name];
  return text === undefined ? undefined : Number(text);
};

export const sample = {
  seed: asked('DIFF_SEED') ?? 1,
  /** Cases of every row that QEMU executes. */
  integerCases: asked('DIFF_WORDS') ?? 8,
  fpSimdCases: asked('DIFF_WORDS') ?? 10,
  /** Words of every row that LLVM disassembles. */
  integerWords: asked('DIFF_WORDS') ?? 64,
  fpSimdWords: asked('DIFF_WORDS') ?? 32,
  /** Words from anywhere, accepted or rejected by both. */
  randomIntegerWords: 20_000,
  randomFpSimdWords: 32_000,
} as const;

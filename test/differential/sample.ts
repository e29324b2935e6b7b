/** How much of every instruction row the tests compare; DIFF_WORDS and DIFF_SEED ask for other samples. */

export const defaults = {
  seed: 1,
  /** Cases of every row that QEMU executes. */
  integerCases: 8,
  fpSimdCases: 10,
  /** Words of every row that LLVM disassembles. */
  integerWords: 64,
  fpSimdWords: 32,
  /** Words from anywhere, accepted or rejected by both. */
  randomIntegerWords: 20_000,
  randomFpSimdWords: 32_000,
} as const;

const asked = (name: string): number | undefined => {
  const text = process.env[name];
  return text === undefined ? undefined : Number(text);
};
const words = asked('DIFF_WORDS');

export const sample = {
  ...defaults,
  seed: asked('DIFF_SEED') ?? defaults.seed,
  integerCases: words ?? defaults.integerCases,
  fpSimdCases: words ?? defaults.fpSimdCases,
  integerWords: words ?? defaults.integerWords,
  fpSimdWords: words ?? defaults.fpSimdWords,
};

/** Every instruction row: what decodes, disassembles and explains a word. */

import { fpSimdRows } from './fp-simd.ts';
import { integerRows } from './integer.ts';
import type { InstructionRow } from './row.ts';

export const instructionRows: readonly InstructionRow[] = [...integerRows, ...fpSimdRows];

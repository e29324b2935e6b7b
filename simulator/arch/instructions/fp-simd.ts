/** All rows of scalar floating-point and AdvSIMD but loads and stores. */

import { arithmeticRows } from './fp/arithmetic.ts';
import { conversionRows } from './fp/conversion.ts';
import type { InstructionRow } from './row.ts';
import { byElementRows } from './simd/by-element.ts';
import { cryptoRows } from './simd/crypto.ts';
import { moveRows } from './simd/move.ts';
import { shiftRows } from './simd/shift.ts';
import { threeDifferentRows } from './simd/three-different.ts';
import { threeSameRows } from './simd/three-same.ts';
import { twoRegisterRows } from './simd/two-register.ts';

export const fpSimdRows: readonly InstructionRow[] = [
  ...arithmeticRows,
  ...conversionRows,
  ...threeSameRows,
  ...threeDifferentRows,
  ...twoRegisterRows,
  ...moveRows,
  ...shiftRows,
  ...byElementRows,
  ...cryptoRows,
];

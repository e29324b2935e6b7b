/** Semantics of scalar floating-point and AdvSIMD, but for loads and stores. */

import { scalarHandlers, scalarLowerings } from './fp/scalars.ts';
import { vectorHandlers, vectorLowerings } from './fp/vectors.ts';
import type { Handlers, Lowerings } from './handler.ts';
import { arithmeticHandlers, arithmeticLowerings } from './simd/arithmetic.ts';
import { cryptoHandlers, cryptoLowerings } from './simd/crypto.ts';
import { moveHandlers, moveLowerings } from './simd/move.ts';
import { shiftHandlers, shiftLowerings } from './simd/shift.ts';

export const fpSimdHandlers: Handlers = {
  ...arithmeticHandlers,
  ...moveHandlers,
  ...shiftHandlers,
  ...cryptoHandlers,
  ...vectorHandlers,
  ...scalarHandlers,
};

export const fpSimdLowerings: Lowerings = {
  ...arithmeticLowerings,
  ...moveLowerings,
  ...shiftLowerings,
  ...cryptoLowerings,
  ...vectorLowerings,
  ...scalarLowerings,
};

/** All handlers and lowerings, from one place. */

import { fpSimdHandlers, fpSimdLowerings } from './fp-simd.ts';
import type { Handlers, Lowerings } from './handler.ts';
import { integerHandlers, integerLowerings } from './integer-index.ts';
import { systemHandlers, systemLowerings } from './system.ts';

export const handlers: Handlers = { ...systemHandlers, ...integerHandlers, ...fpSimdHandlers };
export const lowerings: Lowerings = { ...systemLowerings, ...integerLowerings, ...fpSimdLowerings };

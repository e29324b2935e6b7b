/** All handlers and lowerings, from one place. */

import { fpSimdHandlers, fpSimdLowerings } from './fp-simd.ts';
import type { Handlers, Lowerings } from './handler.ts';
import { integerHandlers, integerLowerings } from './integer-index.ts';
import { stackPointerHandlers, withStackPointer } from './stack-pointer.ts';
import { systemHandlers, systemLowerings } from './system.ts';

const plainHandlers: Handlers = { ...systemHandlers, ...integerHandlers, ...fpSimdHandlers };

export const handlers: Handlers = { ...plainHandlers, ...stackPointerHandlers(plainHandlers) };
export const lowerings: Lowerings = withStackPointer({ ...systemLowerings, ...integerLowerings, ...fpSimdLowerings });

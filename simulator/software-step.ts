/** Software step (Arm ARM D2.11): one instruction at a time while MDSCR_EL1.SS and the state of the PE ask for it. */

import type { Engine } from './engine/engine.ts';
import { PSTATE_SS } from './engine/layout.ts';

/** What the core's stepState() returns. */
export const STEP_ACTIVE = 2;
export const STEP_PENDING = 3;

/** Bits of the ISS of a software step exception. */
const ISV = 1 << 24;
const EX = 1 << 6;

const isReturn = (word: number): boolean => (word & 0xfffff3ff) >>> 0 === 0xd69f03e0;
/** LDXR, LDAXR and their forms for pairs and parts. */
const isLoadExclusive = (word: number): boolean => (word & 0x3fc00000) === 0x08400000;

/**
 * Ends the step that the instruction `word` was executed in: takes the exception, unless the instruction took another
 * one or began a step itself by returning.
 */
export function endStep({ core, u32 }: Engine, word: number): void {
  if (isReturn(word)) return;
  u32[PSTATE_SS >> 2] = 0;
  if (core.stepState() === STEP_PENDING) core.takeStep(ISV | (isLoadExclusive(word) ? EX : 0));
}

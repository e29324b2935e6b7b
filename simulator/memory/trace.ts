/** The record of a walk that the MMU left in the engine's memory, as objects. */

import type { Engine } from '../engine/engine.ts';
import {
  STEP_DESCRIPTOR,
  STEP_IPA,
  STEP_KIND,
  STEP_LEVEL,
  STEP_OUTPUT,
  STEP_PA,
  STEP_STAGE,
  TRACE,
  TRACE_FIRST_STEP,
  TRACE_STEP_BYTES,
  TRACE_STEPS,
} from '../engine/layout.ts';
import type { WalkStep } from '../target.ts';

/** What a field that does not apply holds. */
const NONE = 0xffff_ffff_ffff_ffffn;
const kinds = ['table', 'block', 'page', 'invalid', 'fault'] as const;

export function readSteps({ u32, i32, u64 }: Engine): WalkStep[] {
  return Array.from({ length: u32[(TRACE + TRACE_STEPS) >> 2] }, (_, index) => {
    const step = TRACE + TRACE_FIRST_STEP + index * TRACE_STEP_BYTES;
    const ipa = u64[(step + STEP_IPA) >> 3];
    const output = u64[(step + STEP_OUTPUT) >> 3];
    return {
      stage: u32[(step + STEP_STAGE) >> 2] as 1 | 2,
      level: i32[(step + STEP_LEVEL) >> 2],
      ...(ipa === NONE ? {} : { descriptorIpa: ipa }),
      descriptorPa: u64[(step + STEP_PA) >> 3],
      descriptor: u64[(step + STEP_DESCRIPTOR) >> 3],
      kind: kinds[u32[(step + STEP_KIND) >> 2]],
      ...(output === NONE ? {} : { output }),
    };
  });
}

/** A fault of a walk in words: DFSC values of ESR_ELx, and FAULT_STAGE2 and FAULT_S1PTW. */
export function describeFault(status: number, stage2: boolean, duringWalk: boolean): string {
  const stage = stage2 ? (duringWalk ? 'stage 2, while walking stage 1' : 'stage 2') : 'stage 1';
  const kinds = ['Address size fault', 'Translation fault', 'Access flag fault', 'Permission fault'];
  if (status < 16) return `${kinds[status >> 2]}, level ${status & 3}, ${stage}.`;
  if (status === 0x29 || status === 0x2b) return `${status === 0x29 ? kinds[0] : kinds[1]}, level -1, ${stage}.`;
  if (status === 0x13 || (status & 0x3c) === 0x14) return `External abort on the walk, ${stage}.`;
  return `Fault status 0x${status.toString(16)}, ${stage}.`;
}

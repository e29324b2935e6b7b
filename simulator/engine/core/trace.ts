// Recording of the steps of a walk, for debuggers and address translation instructions.

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
  TRACE_STEPS_MAX,
} from '../layout';

export const NONE: u64 = u64.MAX_VALUE;

let recording: bool = false;

export function startTrace(): void {
  recording = true;
  store<u32>(TRACE + TRACE_STEPS, 0);
}

export function stopTrace(): void {
  recording = false;
}

export function isTracing(): bool {
  return recording;
}

export function recordStep(stage: i32, level: i32, pa: u64, ipa: u64, descriptor: u64, output: u64, kind: u32): void {
  if (!recording) return;
  const count = load<u32>(TRACE + TRACE_STEPS);
  if (count >= <u32>TRACE_STEPS_MAX) return;
  const step: usize = TRACE + TRACE_FIRST_STEP + count * TRACE_STEP_BYTES;
  store<i32>(step + STEP_STAGE, stage);
  store<i32>(step + STEP_LEVEL, level);
  store<u64>(step + STEP_PA, pa);
  store<u64>(step + STEP_IPA, ipa);
  store<u64>(step + STEP_DESCRIPTOR, descriptor);
  store<u64>(step + STEP_OUTPUT, output);
  store<u32>(step + STEP_KIND, kind);
  store<u32>(TRACE + TRACE_STEPS, count + 1);
}

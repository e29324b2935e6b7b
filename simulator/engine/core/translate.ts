// Translation without an access, for debuggers and for AT instructions: the walk of the TLB, recorded step by step.

import {
  TRACE,
  TRACE_ATTRIBUTES,
  TRACE_FAULT_FLAGS,
  TRACE_FAULT_IPA,
  TRACE_IPA,
  TRACE_PA,
  TRACE_PERMISSIONS,
  TRACE_REGIME,
  TRACE_SHAREABILITY,
  TRACE_SIZE,
  TRACE_STATUS,
  TRANSLATE_PAN,
  TRANSLATE_STAGE1,
  TRANSLATE_UNPRIVILEGED,
} from '../layout';
import { REGIME_EL10, regimeOf } from './state';
import { NONE, startTrace, stopTrace } from './trace';
import {
  walk,
  walkAttributes,
  walkFaultFlags,
  walkFaultIpa,
  walkIpa,
  walkPa,
  walkPermissions,
  walkShareability,
  walkSize,
  walkStage2,
  walkStatus,
} from './walk';

/**
 * Walks a VA as an access (ACCESS_*) from an exception level would, without side effects, into the trace. `flags`:
 * TRANSLATE_* bits. 1 when it translates, 0 when it faults. Permissions, IPA, PA, size and memory type are those of
 * the walk; after a fault only the status, its flags and its IPA are.
 */
export function translate(va: u64, access: i32, el: i32, flags: i32): i32 {
  const regime = regimeOf(el);
  const privileged = el != 0 && (flags & TRANSLATE_UNPRIVILEGED) == 0;
  startTrace();
  const good = walk(
    va,
    access,
    regime,
    privileged,
    (flags & TRANSLATE_PAN) != 0,
    (flags & TRANSLATE_STAGE1) != 0,
    false,
  );
  stopTrace();
  return report(good, regime);
}

/** Walks stage 2 alone for a read, as translate() does. */
export function translateIpa(ipa: u64): i32 {
  startTrace();
  const good = walkStage2(ipa);
  stopTrace();
  return report(good, REGIME_EL10);
}

function report(good: bool, regime: i32): i32 {
  store<i32>(TRACE + TRACE_STATUS, good ? -1 : walkStatus());
  store<u32>(TRACE + TRACE_FAULT_FLAGS, good ? 0 : walkFaultFlags());
  store<u64>(TRACE + TRACE_FAULT_IPA, good || walkFaultFlags() == 0 ? NONE : walkFaultIpa());
  store<u32>(TRACE + TRACE_PERMISSIONS, good ? walkPermissions() : 0);
  store<u64>(TRACE + TRACE_IPA, good ? walkIpa() : NONE);
  store<u64>(TRACE + TRACE_PA, good ? walkPa() : NONE);
  store<u32>(TRACE + TRACE_ATTRIBUTES, good ? walkAttributes() : 0);
  store<u32>(TRACE + TRACE_SHAREABILITY, good ? walkShareability() : 0);
  store<u32>(TRACE + TRACE_SIZE, good ? walkSize() : 0);
  store<u32>(TRACE + TRACE_REGIME, regime);
  return i32(good);
}

/** Priority grouping and active priorities, alike in the physical and the virtual CPU interface (IHI 0069, 4.8). */

import { IDLE_PRIORITY } from './interrupts.ts';

/** Implemented bits of the group priority: one active priorities register per group is enough. */
export const PREEMPTION_BITS = 5;
/** Lowest value of a Binary Point Register for Group 0; it is one more for Group 1. */
export const MINIMUM_BPR = 7 - PREEMPTION_BITS;

/** The bits of a priority that count for preemption. `bpr` is as in ICC_BPR0_EL1. */
export function groupPriorityMask(bpr: number): number {
  return (0xff << (bpr + 1)) & 0xff;
}

/** The group priority that the lowest bit of active priorities stands for; 0xff when none is active. */
export function activePriority(active: number): number {
  return active === 0 ? IDLE_PRIORITY : (31 - Math.clz32(active & -active)) << (8 - PREEMPTION_BITS);
}

/** The bit of a group priority in an active priorities register. */
export function activeBit(groupPriority: number): number {
  return (1 << (groupPriority >>> (8 - PREEMPTION_BITS))) >>> 0;
}

/** Without the lowest set bit: what a priority drop leaves. */
export function dropLowest(active: number): number {
  return (active & (active - 1)) >>> 0;
}

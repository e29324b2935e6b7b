/** Exception breakpoint filters: one row each. */

import type { ExceptionEvent } from '../simulator/target.ts';

export interface ExceptionFilter {
  readonly filter: string;
  readonly label: string;
  readonly description: string;
  readonly match: (event: ExceptionEvent) => boolean;
}

const taken = (event: ExceptionEvent): boolean => event.kind === 'taken';
const trap =
  (...classes: readonly number[]) =>
  (event: ExceptionEvent): boolean =>
    taken(event) && event.type === 'sync' && event.ec !== undefined && classes.includes(event.ec);

const isReturn = (event: ExceptionEvent): boolean => event.kind === 'return';
const isInterrupt = (event: ExceptionEvent): boolean => taken(event) && (event.type === 'irq' || event.type === 'fiq');
const to =
  (level: number) =>
  (event: ExceptionEvent): boolean =>
    taken(event) && event.to === level;

// Values of ESR_ELx.EC (Arm ARM D24.2.40): WFx 0x01, HVC 0x12 and 0x16, SMC 0x13 and 0x17, MSR/MRS/system 0x18,
// MCR/MRC/MRRC 0x03 to 0x08, aborts from a lower level 0x20 and 0x24.
export const EXCEPTION_FILTERS: readonly ExceptionFilter[] = [
  {
    filter: 'el-change',
    label: 'Exception level changes',
    description: 'Every exception taken to another level, and every return to one.',
    match: event => event.from !== event.to,
  },
  { filter: 'to-el1', label: 'Taken to EL1', description: 'Every exception that is taken to EL1.', match: to(1) },
  { filter: 'to-el2', label: 'Taken to EL2', description: 'Every exception that is taken to EL2.', match: to(2) },
  { filter: 'to-el3', label: 'Taken to EL3', description: 'Every exception that is taken to EL3.', match: to(3) },
  { filter: 'return', label: 'Exception return', description: 'Every ERET, at its target.', match: isReturn },
  { filter: 'trap-hvc', label: 'HVC', description: 'Hypervisor calls.', match: trap(0x12, 0x16) },
  {
    filter: 'trap-smc',
    label: 'SMC',
    description: 'Secure monitor calls, also those that HCR_EL2.TSC traps.',
    match: trap(0x13, 0x17),
  },
  {
    filter: 'trap-wfx',
    label: 'Trapped WFI or WFE',
    description: 'WFI, WFE, WFIT and WFET that a control traps.',
    match: trap(0x01),
  },
  {
    filter: 'trap-sysreg',
    label: 'Trapped system register',
    description: 'System register accesses and system instructions that a control traps.',
    match: trap(0x03, 0x04, 0x05, 0x06, 0x08, 0x18),
  },
  {
    filter: 'trap-stage2-abort',
    label: 'Stage-2 abort',
    description: 'Instruction and data aborts from a lower level taken to EL2.',
    match: event => event.to === 2 && trap(0x20, 0x24)(event),
  },
  {
    filter: 'irq',
    label: 'Interrupt taken',
    description: 'IRQs and FIQs, physical and virtual, when they are taken.',
    match: isInterrupt,
  },
];

import { type RegisterSpec, reg } from '../notation.ts';
import { whole } from './shared.ts';

/** Registers that EL0 can reach and that are no ID, timer, debug or PMU registers. PSTATE by name is among them. */
export const el0: readonly RegisterSpec[] = [
  reg(
    'NZCV',
    '3 3 4 2 0',
    'rw0',
    'Condition flags.',
    `
    31 N Negative.
    30 Z Zero.
    29 C Carry.
    28 V Overflow.
  `,
  ),
  reg(
    'DAIF',
    '3 3 4 2 1',
    'rw0',
    'Interrupt masks.',
    `
    9 D Debug exceptions masked.
    8 A SError masked.
    7 I IRQ masked.
    6 F FIQ masked.
  `,
  ),
  reg('DIT', '3 3 4 2 5', 'rw0', 'Data-independent timing.', '24 DIT', { feature: 'dit' }),
  reg('SSBS', '3 3 4 2 6', 'rw0', 'Speculative store bypass safe.', '12 SSBS', { feature: 'ssbs2' }),
  reg(
    'FPCR',
    '3 3 4 4 0',
    'rw0',
    'Floating-point control.',
    `
    26 AHP Alternative half precision.
    25 DN Default NaN: every NaN result is the default NaN.
    24 FZ Flush denormals to zero.
    23:22 RMode Rounding mode. | 0=to nearest; 1=towards plus infinity; 2=towards minus infinity; 3=towards zero
    19 FZ16 [fp16] Flush half-precision denormals to zero.
    15 IDE =0
    12 IXE =0
    11 UFE =0
    10 OFE =0
    9 DZE =0
    8 IOE =0
  `,
  ),
  reg(
    'FPSR',
    '3 3 4 4 1',
    'rw0',
    'Floating-point status.',
    `
    27 QC Saturation happened.
    7 IDC Input denormal.
    4 IXC Inexact.
    3 UFC Underflow.
    2 OFC Overflow.
    1 DZC Division by zero.
    0 IOC Invalid operation.
  `,
  ),
  reg('TPIDR_EL0', '3 3 13 0 2', 'rw0', 'Thread pointer of EL0, for software.', whole('ThreadID')),
  reg('TPIDRRO_EL0', '3 3 13 0 3', 'r0w1', 'Thread pointer that EL0 can only read.', whole('ThreadID')),
  reg('SCXTNUM_EL0', '3 3 13 0 7', 'rw0', 'Software context number of EL0.', whole('SoftwareContextNumber'), {
    feature: 'csv2_2',
  }),
  reg('RNDR', '3 3 2 4 0', 'r0', 'Random number; NZCV says whether there was one.', whole('RandomNumber'), {
    feature: 'rng',
  }),
  reg('RNDRRS', '3 3 2 4 1', 'r0', 'Random number after a reseed.', whole('RandomNumber'), { feature: 'rng' }),
  reg('SP_EL0', '3 0 4 1 0', 'rw1', 'Stack pointer of EL0. UNDEFINED while PSTATE.SP is 0.', whole('SP')),
];

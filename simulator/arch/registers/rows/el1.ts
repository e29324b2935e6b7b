import { type RegisterSpec, reg } from '../notation.ts';
import { esr, mair, sctlrTwoRanges, spsr, tcrTwoRanges, vectorBase, whole, word } from './shared.ts';

const ttbr = `
  63:48 ASID Address space identifier.
  47:1 BADDR Address of the translation table.
  0 CnP [ttcnp] Common not private.
`;

/** System registers of EL1. `e2h` also makes the `_EL12` name. */
export const el1: readonly RegisterSpec[] = [
  reg(
    'SPSel',
    '3 0 4 2 0',
    'rw1',
    'Which stack pointer is in use.',
    '0 SP Stack pointer. | 0=SP_EL0; 1=SP of the exception level',
  ),
  reg('CurrentEL', '3 0 4 2 2', 'r1', 'Exception level.', '3:2 EL | 0=EL0; 1=EL1; 2=EL2; 3=EL3'),
  reg('PAN', '3 0 4 2 3', 'rw1', 'Privileged access never.', '22 PAN', { feature: 'pan' }),
  reg('UAO', '3 0 4 2 4', 'rw1', 'User access override.', '23 UAO', { feature: 'uao' }),
  reg(
    'SCTLR_EL1',
    '3 0 1 0 0',
    'rw1',
    'System control for EL1 and EL0.',
    sctlrTwoRanges('9 UMA DAIF at EL0. | 0=trapped; 1=allowed'),
    { e2h: 'SCTLR_EL2', vncr: 0x110 },
  ),
  reg('ACTLR_EL1', '3 0 1 0 1', 'rw1', 'Auxiliary control; nothing is in it.', '', { vncr: 0x118, raz: true }),
  reg(
    'CPACR_EL1',
    '3 0 1 0 2',
    'rw1',
    'Access to FP, AdvSIMD and trace from EL1 and EL0.',
    `
    28 TTA =0
    21:20 FPEN FP and AdvSIMD. | 0=trapped at EL0 and EL1; 1=trapped at EL0; 2=trapped at EL0 and EL1; 3=not trapped
  `,
    { e2h: 'CPTR_EL2', vncr: 0x100 },
  ),
  reg('TTBR0_EL1', '3 0 2 0 0', 'rw1', 'Translation table of the lower range of EL1&0.', ttbr, {
    e2h: 'TTBR0_EL2',
    vncr: 0x200,
  }),
  reg('TTBR1_EL1', '3 0 2 0 1', 'rw1', 'Translation table of the upper range of EL1&0.', ttbr, {
    e2h: 'TTBR1_EL2',
    vncr: 0x210,
  }),
  reg('TCR_EL1', '3 0 2 0 2', 'rw1', 'Translation control of EL1&0.', tcrTwoRanges, { e2h: 'TCR_EL2', vncr: 0x120 }),
  ...['IA', 'IB', 'DA', 'DB', 'GA'].flatMap((key, n) => [
    reg(
      `AP${key}KeyLo_EL1`,
      `3 0 2 ${1 + (n >> 1)} ${(n & 1) * 2}`,
      'rw1',
      `Pointer authentication key ${key}, low half.`,
      whole('Key'),
      { feature: 'pauth' },
    ),
    reg(
      `AP${key}KeyHi_EL1`,
      `3 0 2 ${1 + (n >> 1)} ${(n & 1) * 2 + 1}`,
      'rw1',
      `Pointer authentication key ${key}, high half.`,
      whole('Key'),
      { feature: 'pauth' },
    ),
  ]),
  reg('SPSR_EL1', '3 0 4 0 0', 'rw1', 'Saved program status of EL1.', spsr, { e2h: 'SPSR_EL2', vncr: 0x160 }),
  reg('ELR_EL1', '3 0 4 0 1', 'rw1', 'Exception link register of EL1.', whole('ReturnAddress'), {
    e2h: 'ELR_EL2',
    vncr: 0x230,
  }),
  // Without implementation defined fault status, AFSR and AMAIR are RES0. They stay writable storage here, since
  // hypervisors save and restore them and a lost value would hide a bug in a switch.
  reg('AFSR0_EL1', '3 0 5 1 0', 'rw1', 'Auxiliary fault status 0.', word('AFSR'), { e2h: 'AFSR0_EL2', vncr: 0x128 }),
  reg('AFSR1_EL1', '3 0 5 1 1', 'rw1', 'Auxiliary fault status 1.', word('AFSR'), { e2h: 'AFSR1_EL2', vncr: 0x130 }),
  reg('ESR_EL1', '3 0 5 2 0', 'rw1', 'Exception syndrome of EL1.', esr, { e2h: 'ESR_EL2', vncr: 0x138 }),
  reg('FAR_EL1', '3 0 6 0 0', 'rw1', 'Fault address of EL1.', whole('VA'), { e2h: 'FAR_EL2', vncr: 0x220 }),
  reg(
    'PAR_EL1',
    '3 0 7 4 0',
    'rw1',
    'Result of the last AT instruction.',
    `
    63:56 ATTR Memory attributes, as in MAIR_ELx.
    51:12 PA Output address.
    11 RES1
    9 NS Non-secure.
    8:7 SH Shareability. | 0=Non-shareable; 2=Outer Shareable; 3=Inner Shareable
    0 F The translation failed. | 0=address; 1=fault
  `,
    {
      whenSet: {
        bit: 0,
        fields: `
    11 RES1
    9 S Stage of the fault. | 0=stage 1; 1=stage 2
    8 PTW The fault is a stage 2 fault of a stage 1 walk.
    6:1 FST Fault status, as ESR_ELx.DFSC.
    0 F The translation failed. | 0=address; 1=fault
  `,
      },
    },
  ),
  reg('MAIR_EL1', '3 0 10 2 0', 'rw1', 'Memory attributes of EL1&0.', mair, { e2h: 'MAIR_EL2', vncr: 0x140 }),
  reg('AMAIR_EL1', '3 0 10 3 0', 'rw1', 'Auxiliary memory attributes of EL1&0.', whole('AMAIR'), {
    e2h: 'AMAIR_EL2',
    vncr: 0x148,
  }),
  reg(
    'LORSA_EL1',
    '3 0 10 4 0',
    'rw1',
    'Start of a limited ordering region.',
    `
    51:16 SA
    0 Valid
  `,
    { feature: 'lor' },
  ),
  reg('LOREA_EL1', '3 0 10 4 1', 'rw1', 'End of a limited ordering region.', '51:16 EA', { feature: 'lor' }),
  reg('LORN_EL1', '3 0 10 4 2', 'rw1', 'Limited ordering region of a descriptor.', '7:0 Num', { feature: 'lor' }),
  reg(
    'LORC_EL1',
    '3 0 10 4 3',
    'rw1',
    'Limited ordering region control.',
    `
    9:2 DS
    0 EN
  `,
    { feature: 'lor' },
  ),
  reg(
    'LORID_EL1',
    '3 0 10 4 7',
    'r1',
    'Numbers of limited ordering regions and descriptors: none.',
    `
    23:16 LD =0
    7:0 LR =0
  `,
    { feature: 'lor' },
  ),
  reg('VBAR_EL1', '3 0 12 0 0', 'rw1', 'Vector base of EL1.', vectorBase, { e2h: 'VBAR_EL2', vncr: 0x250 }),
  reg('RVBAR_EL1', '3 0 12 0 1', 'r1', 'Reset address, if EL1 is the highest level.', whole('ResetAddress'), {
    feature: 'el1highest',
  }),
  reg(
    'RMR_EL1',
    '3 0 12 0 2',
    'rw1',
    'Warm reset request, if EL1 is the highest level.',
    `
    1 RR Requests a warm reset.
    0 AA64 =1
  `,
    { feature: 'el1highest' },
  ),
  reg(
    'ISR_EL1',
    '3 0 12 1 0',
    'r1',
    'Pending interrupts; virtual ones at EL1 while HCR_EL2 routes the physical ones to EL2.',
    `
    8 A SError pending.
    7 I IRQ pending.
    6 F FIQ pending.
  `,
  ),
  reg(
    'DISR_EL1',
    '3 0 12 1 1',
    'rw1',
    'Deferred SError, recorded by ESB.',
    `
    31 A
    24 IDS
    23:0 ISS
  `,
    { feature: 'ras' },
  ),
  reg('ERRIDR_EL1', '3 0 5 3 0', 'r1', 'Number of error records: none.', '15:0 NUM =0', { feature: 'ras' }),
  reg('ERRSELR_EL1', '3 0 5 3 1', 'rw1', 'Selected error record.', '15:0 SEL', { feature: 'ras' }),
  ...[
    ['ERXFR', 4, 0, 'r1'],
    ['ERXCTLR', 4, 1, 'rw1'],
    ['ERXSTATUS', 4, 2, 'rw1'],
    ['ERXADDR', 4, 3, 'rw1'],
    ['ERXMISC0', 5, 0, 'rw1'],
    ['ERXMISC1', 5, 1, 'rw1'],
  ].map(([name, crm, op2, access]) =>
    reg(`${name}_EL1`, `3 0 5 ${crm} ${op2}`, String(access), 'Selected error record; there is none.', '', {
      feature: 'ras',
      raz: true,
    }),
  ),
  reg('CONTEXTIDR_EL1', '3 0 13 0 1', 'rw1', 'Context number of EL1&0, for debug.', word('PROCID'), {
    e2h: 'CONTEXTIDR_EL2',
    vncr: 0x108,
  }),
  reg('TPIDR_EL1', '3 0 13 0 4', 'rw1', 'Thread pointer of EL1, for software.', whole('ThreadID')),
  reg('SCXTNUM_EL1', '3 0 13 0 7', 'rw1', 'Software context number of EL1.', whole('SoftwareContextNumber'), {
    feature: 'csv2_2',
    e2h: 'SCXTNUM_EL2',
    vncr: 0x188,
  }),
  reg(
    'TRFCR_EL1',
    '3 0 1 2 1',
    'rw1',
    'Trace filter of EL1 and EL0.',
    `
    6:5 TS
    1 E1TRE
    0 E0TRE
  `,
    { feature: 'trf', e2h: 'TRFCR_EL2', vncr: 0x880 },
  ),
];

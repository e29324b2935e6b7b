import { family, type RegisterSpec, type RowOptions, reg } from '../notation.ts';
import { intid } from './shared.ts';

const control = `
  19 ExtRange Interrupt ids 1056 to 5119 are supported.
  18 RSS Range selector of SGIs. | 0=Aff0 up to 15; 1=Aff0 up to 255
  15 A3V Affinity 3 is in use.
  14 SEIS SError can be generated.
  13:11 IDbits Bits of an interrupt id. | 0=16; 1=24
  10:8 PRIbits Bits of a priority, minus one.
`;

const systemRegisterEnable = `
  2 DIB IRQ bypass disabled.
  1 DFB FIQ bypass disabled.
  0 SRE =1 System registers are in use; there is no legacy interface. | 1=system registers
`;

const sgi = `
  55:48 Aff3
  47:44 RS Range of the targets.
  40 IRM Routing. | 0=listed targets; 1=all but this PE
  39:32 Aff2
  27:24 INTID
  23:16 Aff1
  15:0 TargetList Aff0 values, one bit each.
`;

const activePriorities = '31:0 P One bit for each priority group that is active.';
const priority = '7:0 Priority Lower is more urgent.';
const binaryPoint = '2:0 BinaryPoint Where the group priority ends.';
const enable = '0 Enable | 0=off; 1=on';
const v3: RowOptions = { feature: 'gicv3' };

/** With 5 bits of preemption one register of active priorities is enough; the others are UNDEFINED. */
const activeFeature = (n: number) => (n === 0 ? 'gicv3' : 'morepriorities');
/** List registers that are not there are UNDEFINED, for a guest hypervisor too. */
const listFeature = (n: number) => (n < 4 ? 'gicv3' : n < 8 ? 'lrs8' : 'lrs16');

interface InterfaceRow {
  readonly name: string;
  readonly feature?: string;
  readonly place: string;
  readonly access: string;
  readonly text: string;
  readonly fields: string;
}

/** What the physical (ICC) and the virtual (ICV) CPU interface have alike. */
const cpuInterface: readonly InterfaceRow[] = [
  { name: 'PMR', place: '3 0 4 6 0', access: 'rw1', text: 'Priority mask', fields: priority },
  { name: 'IAR0', place: '3 0 12 8 0', access: 'r1', text: 'Acknowledge of group 0', fields: intid },
  { name: 'EOIR0', place: '3 0 12 8 1', access: 'w1', text: 'End of interrupt of group 0', fields: intid },
  { name: 'HPPIR0', place: '3 0 12 8 2', access: 'r1', text: 'Highest pending of group 0', fields: intid },
  { name: 'BPR0', place: '3 0 12 8 3', access: 'rw1', text: 'Binary point of group 0', fields: binaryPoint },
  ...[0, 1, 2, 3].map(n => ({
    name: `AP0R${n}`,
    feature: activeFeature(n),
    place: `3 0 12 8 ${4 + n}`,
    access: 'rw1',
    text: `Active priorities of group 0, part ${n}`,
    fields: activePriorities,
  })),
  ...[0, 1, 2, 3].map(n => ({
    name: `AP1R${n}`,
    feature: activeFeature(n),
    place: `3 0 12 9 ${n}`,
    access: 'rw1',
    text: `Active priorities of group 1, part ${n}`,
    fields: activePriorities,
  })),
  { name: 'DIR', place: '3 0 12 11 1', access: 'w1', text: 'Deactivation', fields: intid },
  { name: 'RPR', place: '3 0 12 11 3', access: 'r1', text: 'Running priority', fields: priority },
  { name: 'IAR1', place: '3 0 12 12 0', access: 'r1', text: 'Acknowledge of group 1', fields: intid },
  { name: 'EOIR1', place: '3 0 12 12 1', access: 'w1', text: 'End of interrupt of group 1', fields: intid },
  { name: 'HPPIR1', place: '3 0 12 12 2', access: 'r1', text: 'Highest pending of group 1', fields: intid },
  { name: 'BPR1', place: '3 0 12 12 3', access: 'rw1', text: 'Binary point of group 1', fields: binaryPoint },
  {
    name: 'CTLR',
    place: '3 0 12 12 4',
    access: 'rw1',
    text: 'Control',
    fields: `${control}
      6 PMHE Priority mask as a hint for routing.
      1 EOImode Deactivation. | 0=with EOIR; 1=by DIR
      0 CBPR BPR0 is used for group 1 too.
    `,
  },
  { name: 'IGRPEN0', place: '3 0 12 12 6', access: 'rw1', text: 'Group 0 enable', fields: enable },
  { name: 'IGRPEN1', place: '3 0 12 12 7', access: 'rw1', text: 'Group 1 enable', fields: enable },
];

/** The GIC's CPU interface and its hypervisor control, GICv3. */
export const gic: readonly RegisterSpec[] = [
  ...cpuInterface.map(row =>
    reg(`ICC_${row.name}_EL1`, row.place, row.access, `${row.text}.`, row.fields, {
      feature: row.feature ?? 'gicv3',
      virtual: `ICV_${row.name}_EL1`,
    }),
  ),
  ...cpuInterface.map(row =>
    reg(
      `ICV_${row.name}_EL1`,
      row.place,
      row.access,
      `${row.text}, of the virtual CPU interface.`,
      // The virtual interface has no hint for routing.
      row.fields.replace(/^ *6 PMHE.*\n/m, ''),
      { feature: row.feature ?? 'gicv3', shadowed: true },
    ),
  ),
  reg('ICC_SGI1R_EL1', '3 0 12 11 5', 'w1', 'Generates an SGI of group 1.', sgi, v3),
  reg('ICC_ASGI1R_EL1', '3 0 12 11 6', 'w1', 'Generates an SGI of group 1 for the other Security state.', sgi, v3),
  reg('ICC_SGI0R_EL1', '3 0 12 11 7', 'w1', 'Generates an SGI of group 0.', sgi, v3),
  reg('ICC_SRE_EL1', '3 0 12 12 5', 'rw1', 'System register enable of EL1.', systemRegisterEnable, {
    ...v3,
    reset: 7n,
  }),
  reg(
    'ICC_SRE_EL2',
    '3 4 12 9 5',
    'rw2',
    'System register enable of EL2.',
    `
    3 Enable ICC_SRE_EL1 at EL1. | 0=trapped; 1=allowed
    ${systemRegisterEnable}
  `,
    { ...v3, reset: 15n },
  ),
  reg(
    'ICC_SRE_EL3',
    '3 6 12 12 5',
    'rw3',
    'System register enable of EL3.',
    `
    3 Enable ICC_SRE_EL1 and ICC_SRE_EL2 below EL3. | 0=trapped; 1=allowed
    ${systemRegisterEnable}
  `,
    { ...v3, reset: 15n },
  ),
  reg(
    'ICC_CTLR_EL3',
    '3 6 12 12 4',
    'rw3',
    'Control, for all levels.',
    `${control}
    17 nDS Single Security state is not supported.
    6 PMHE
    5 RM
    4 EOImode_EL1NS
    3 EOImode_EL1S
    2 EOImode_EL3
    1 CBPR_EL1NS
    0 CBPR_EL1S
  `,
    v3,
  ),
  reg(
    'ICC_IGRPEN1_EL3',
    '3 6 12 12 7',
    'rw3',
    'Group 1 enable, for both Security states.',
    `
    1 EnableGrp1S
    0 EnableGrp1NS
  `,
    v3,
  ),
  ...family(
    4,
    'ICH_AP0R<n>_EL2',
    n => `3 4 12 8 ${n}`,
    'rw2',
    'Active virtual priorities of group 0, part <n>.',
    activePriorities,
    n => ({ feature: activeFeature(n), vncr: 0x480 + 8 * n, neve: { kind: 'copy' } }),
  ),
  ...family(
    4,
    'ICH_AP1R<n>_EL2',
    n => `3 4 12 9 ${n}`,
    'rw2',
    'Active virtual priorities of group 1, part <n>.',
    activePriorities,
    n => ({ feature: activeFeature(n), vncr: 0x4a0 + 8 * n, neve: { kind: 'copy' } }),
  ),
  reg(
    'ICH_HCR_EL2',
    '3 4 12 11 0',
    'rw2',
    'Control of the virtual CPU interface.',
    `
    31:27 EOIcount End of interrupt without a list register.
    14 TDIR Traps ICC_DIR_EL1 at EL1.
    13 TSEI Traps SError generation at EL1.
    12 TALL1 Traps the registers of group 1 at EL1.
    11 TALL0 Traps the registers of group 0 at EL1.
    10 TC Traps the registers of both groups at EL1.
    7 VGrp1DIE Maintenance interrupt when group 1 is off.
    6 VGrp1EIE Maintenance interrupt when group 1 is on.
    5 VGrp0DIE Maintenance interrupt when group 0 is off.
    4 VGrp0EIE Maintenance interrupt when group 0 is on.
    3 NPIE Maintenance interrupt when nothing is pending.
    2 LRENPIE Maintenance interrupt when EOIcount is not 0.
    1 UIE Maintenance interrupt when at most one list register is in use.
    0 En Virtual CPU interface. | 0=off; 1=on
  `,
    { ...v3, vncr: 0x4c0, neve: { kind: 'copy' } },
  ),
  reg(
    'ICH_VTR_EL2',
    '3 4 12 11 1',
    'r2',
    'What the virtual CPU interface has.',
    `
    31:29 PRIbits Bits of a priority, minus one.
    28:26 PREbits Bits of preemption, minus one.
    25:23 IDbits Bits of an interrupt id. | 0=16; 1=24
    22 SEIS SError can be generated.
    21 A3V Affinity 3 is in use.
    20 nV4 No direct injection.
    19 TDS ICH_HCR_EL2.TDIR is there.
    4:0 ListRegs List registers, minus one.
  `,
    { ...v3, neve: { kind: 'copy', offset: 0xc38 } },
  ),
  reg(
    'ICH_MISR_EL2',
    '3 4 12 11 2',
    'r2',
    'Why there is a maintenance interrupt.',
    `
    7 VGrp1D Group 1 is off.
    6 VGrp1E Group 1 is on.
    5 VGrp0D Group 0 is off.
    4 VGrp0E Group 0 is on.
    3 NP Nothing pending.
    2 LRENP EOIcount is not 0.
    1 U At most one list register is in use.
    0 EOI End of interrupt in a list register.
  `,
    { ...v3, neve: { kind: 'copy', offset: 0xc40 } },
  ),
  reg('ICH_EISR_EL2', '3 4 12 11 3', 'r2', 'List registers with an end of interrupt.', '15:0 Status', {
    ...v3,
    neve: { kind: 'copy', offset: 0xc48 },
  }),
  reg('ICH_ELRSR_EL2', '3 4 12 11 5', 'r2', 'List registers that are free.', '15:0 Status', {
    ...v3,
    neve: { kind: 'copy', offset: 0xc50 },
  }),
  reg(
    'ICH_VMCR_EL2',
    '3 4 12 11 7',
    'rw2',
    'What the guest set in its CPU interface.',
    `
    31:24 VPMR Priority mask.
    23:21 VBPR0 Binary point of group 0.
    20:18 VBPR1 Binary point of group 1.
    9 VEOIM Deactivation. | 0=with EOIR; 1=by DIR
    4 VCBPR VBPR0 is used for group 1 too.
    3 VFIQEn =1 Group 0 is signalled as virtual FIQ. | 1=FIQ
    2 VAckCtl =0
    1 VENG1 Group 1. | 0=off; 1=on
    0 VENG0 Group 0. | 0=off; 1=on
  `,
    { ...v3, vncr: 0x4c8, neve: { kind: 'copy' } },
  ),
  ...family(
    16,
    'ICH_LR<n>_EL2',
    n => `3 4 12 ${12 + (n >> 3)} ${n & 7}`,
    'rw2',
    'List register <n>.',
    `
    63:62 State | 0=invalid; 1=pending; 2=active; 3=pending and active
    61 HW Deactivation also deactivates the physical interrupt. | 0=software; 1=hardware
    60 Group | 0=group 0; 1=group 1
    55:48 Priority Lower is more urgent.
    44:32 pINTID Physical interrupt; with HW = 0, bit 41 asks for a maintenance interrupt.
    31:0 vINTID Interrupt that the guest sees.
  `,
    n => ({ feature: listFeature(n), vncr: 0x400 + 8 * n, neve: { kind: 'copy' } }),
  ),
];

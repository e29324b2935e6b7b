import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExceptionLevel } from '../../target.ts';
import { createFeatures, type Features } from '../features.ts';
import { byName, instructionByName, registers, resetValue } from '../registers/index.ts';
import { fineGrainedRules } from './fineGrained.ts';
import {
  type Access,
  type Accessed,
  type AccessState,
  accessible,
  type Direction,
  explain,
  operationByName,
  resolveAccess,
  resolveEncoding,
  trapControlMask,
  trapControls,
} from './index.ts';
import { controlRules } from './rules.ts';
import { matchesTarget } from './targets.ts';

const max = createFeatures('max', ['+csv2_2', '+wfxt', '+hcx']);

const bit = (n: number) => 1n << BigInt(n);
const RW = bit(31);
const E2H = bit(34);
const TGE = bit(27);
const NV = bit(42);
const NV1 = bit(43);
const NV2 = bit(45);

/** Controls that let everything through, so that a test sees only what it sets. */
const permissive: Readonly<Record<string, bigint>> = {
  HCR_EL2: RW | bit(40) | bit(41) | bit(53),
  CPTR_EL2: 0x33ffn,
  CPACR_EL1: bit(20) | bit(21),
  CNTHCTL_EL2: 0xf03n,
  CNTKCTL_EL1: 0x303n,
  SCTLR_EL1: 0x0405_c600n,
  SCTLR_EL2: 0x0405_c400n,
  PMUSERENR_EL0: 0xfn,
  SCR_EL3: 0x1b03_0501n | bit(38),
  ICC_SRE_EL1: 7n,
  ICC_SRE_EL2: 15n,
  ICC_SRE_EL3: 15n,
};

function stateAt(el: ExceptionLevel, controls: Record<string, bigint> = {}, features: Features = max): AccessState {
  return { el, features, reg: name => controls[name] ?? permissive[name] ?? 0n };
}

function rowOf(name: string): Accessed {
  const row = byName(name) ?? instructionByName(name) ?? operationByName(name);
  assert.ok(row, name);
  return row;
}

function access(name: string, direction: Direction, state: AccessState): Access {
  return resolveAccess(state, rowOf(name), direction);
}

/** A short form of the outcome: the register, `undefined`, `EL2 HCR_EL2.TID3`, `memory 0x78`. */
function outcome(name: string, direction: Direction, state: AccessState): string {
  const result = access(name, direction, state);
  switch (result.kind) {
    case 'register':
      return result.row.name;
    case 'trap':
      return `EL${result.to} ${result.because.register}.${result.because.field}`;
    case 'memory':
      return `memory 0x${result.offset.toString(16)}`;
    case 'constant':
      return `constant ${result.value}`;
    default:
      return result.kind;
  }
}

const hcr = (bits: bigint) => ({ HCR_EL2: (permissive.HCR_EL2 as bigint) | bits });
const without = (register: string, bits: bigint) => ({ [register]: (permissive[register] as bigint) & ~bits });

test('a register below its level is UNDEFINED, and says why', () => {
  assert.deepEqual(access('HCR_EL2', 'read', stateAt(1)), {
    kind: 'undefined',
    because: 'HCR_EL2 is not accessible at EL1, but from EL2 on',
  });
  assert.equal(outcome('SCR_EL3', 'read', stateAt(2)), 'undefined');
  assert.equal(outcome('SCR_EL3', 'read', stateAt(3)), 'SCR_EL3');
  assert.equal(outcome('TPIDRRO_EL0', 'write', stateAt(0)), 'undefined');
  assert.equal(outcome('TPIDRRO_EL0', 'read', stateAt(0)), 'TPIDRRO_EL0');
  assert.equal(outcome('ICC_EOIR1_EL1', 'read', stateAt(1)), 'undefined');
  assert.equal(outcome('MIDR_EL1', 'write', stateAt(3)), 'undefined');
  assert.equal(outcome('DLR_EL0', 'read', stateAt(3)), 'undefined');
});

test('a register of an absent feature is UNDEFINED', () => {
  const old = createFeatures('armv8.0-a');
  assert.equal(outcome('TTBR1_EL2', 'read', stateAt(2, {}, old)), 'undefined');
  assert.equal(outcome('SCTLR_EL12', 'read', stateAt(2, hcr(E2H), old)), 'undefined');
  assert.equal(outcome('VNCR_EL2', 'read', stateAt(2, {}, createFeatures('armv8.3-a'))), 'undefined');
  assert.equal(outcome('VNCR_EL2', 'read', stateAt(2, {}, createFeatures('armv8.3-a', ['+neve']))), 'VNCR_EL2');
  assert.equal(outcome('TLBI RVAE1', 'write', stateAt(1, {}, old)), 'undefined');
  assert.equal(outcome('ICC_PMR_EL1', 'read', stateAt(1, {}, createFeatures('max', ['-gicv3']))), 'undefined');
});

test('without EL2 its registers are RES0 at EL3, and without EL3 there is none', () => {
  const features = createFeatures('max', ['-el2']);
  assert.equal(outcome('HCR_EL2', 'read', stateAt(3, {}, features)), 'constant 0');
  assert.equal(outcome('VPIDR_EL2', 'read', stateAt(3, {}, features)), 'MIDR_EL1');
  assert.equal(outcome('MIDR_EL1', 'read', stateAt(1, {}, features)), 'MIDR_EL1');
  assert.equal(outcome('SCR_EL3', 'read', stateAt(2, {}, createFeatures('max', ['-el3']))), 'undefined');
});

test('CNTFRQ_EL0 can be written at the highest level', () => {
  assert.equal(outcome('CNTFRQ_EL0', 'write', stateAt(2)), 'undefined');
  assert.equal(outcome('CNTFRQ_EL0', 'write', stateAt(3)), 'CNTFRQ_EL0');
  assert.equal(outcome('CNTFRQ_EL0', 'write', stateAt(2, {}, createFeatures('max', ['-el3']))), 'CNTFRQ_EL0');
});

test('the syndrome of a trap has the encoding and the direction', () => {
  const result = access('ID_AA64PFR0_EL1', 'read', stateAt(1, hcr(bit(18))));
  assert.deepEqual(result, {
    kind: 'trap',
    to: 2,
    ec: 0x18,
    // Op0 3, Op2 0, Op1 0, CRn 0, CRm 4, read.
    iss: 0x30_0009,
    because: { register: 'HCR_EL2', field: 'TID3', value: 1n, text: 'HCR_EL2.TID3 is 1' },
  });
  assert.equal(
    explain(result, { row: rowOf('ID_AA64PFR0_EL1'), direction: 'read', el: 1 }),
    'MRS of ID_AA64PFR0_EL1 at EL1 traps to EL2 because HCR_EL2.TID3 is 1.',
  );
});

test('HCR_EL2 traps what its bits say', () => {
  const cases: readonly (readonly [number, string, Direction, string])[] = [
    [13, 'WFI', 'write', 'TWI'],
    [14, 'WFET', 'write', 'TWE'],
    [16, 'AIDR_EL1', 'read', 'TID1'],
    [17, 'CTR_EL0', 'read', 'TID2'],
    [18, 'S3_0_C0_C7_7', 'read', 'TID3'],
    [19, 'SMC', 'write', 'TSC'],
    [21, 'ACTLR_EL1', 'write', 'TACR'],
    [22, 'DC CISW', 'write', 'TSW'],
    [23, 'DC CVADP', 'write', 'TPCP'],
    [24, 'IC IALLUIS', 'write', 'TPU'],
    [25, 'TLBI RVAALE1OS', 'write', 'TTLB'],
    [26, 'TTBR0_EL1', 'write', 'TVM'],
    [28, 'DC ZVA', 'write', 'TDZ'],
    [30, 'TTBR0_EL1', 'read', 'TRVM'],
    [35, 'LORID_EL1', 'read', 'TLOR'],
    [44, 'AT S1E1WP', 'write', 'AT'],
    [49, 'CCSIDR_EL1', 'read', 'TID4'],
    [50, 'IC IALLUIS', 'write', 'TICAB'],
    [52, 'IC IALLU', 'write', 'TOCU'],
    [54, 'TLBI VAE1IS', 'write', 'TTLBIS'],
    [55, 'TLBI VAE1OS', 'write', 'TTLBOS'],
  ];
  for (const [n, name, direction, field] of cases) {
    assert.equal(outcome(name, direction, stateAt(1, hcr(bit(n)))), `EL2 HCR_EL2.${field}`, name);
    assert.doesNotMatch(outcome(name, direction, stateAt(1)), /^EL2/, name);
    assert.doesNotMatch(outcome(name, direction, stateAt(2, hcr(bit(n)))), /^EL2/, name);
  }
  assert.equal(outcome('TTBR0_EL1', 'read', stateAt(1, hcr(bit(26)))), 'TTBR0_EL1');
  assert.equal(outcome('TLBI VAE1', 'write', stateAt(1, hcr(bit(54)))), 'execute');
  assert.equal(outcome('APIAKeyLo_EL1', 'read', stateAt(1, without('HCR_EL2', bit(40)))), 'EL2 HCR_EL2.APK');
  assert.equal(outcome('PAUTH', 'write', stateAt(0, without('HCR_EL2', bit(41)))), 'EL2 HCR_EL2.API');
});

test('EL1 traps EL0 first, and TGE sends the exception to EL2', () => {
  const controls = { ...without('SCTLR_EL1', bit(15)), ...hcr(bit(17)) };
  assert.equal(outcome('CTR_EL0', 'read', stateAt(0, controls)), 'EL1 SCTLR_EL1.UCT');
  assert.equal(outcome('CTR_EL0', 'read', stateAt(0, hcr(bit(17)))), 'EL2 HCR_EL2.TID2');
  const tge = { ...without('SCTLR_EL1', bit(15)), ...hcr(TGE) };
  assert.equal(outcome('CTR_EL0', 'read', stateAt(0, tge)), 'EL2 SCTLR_EL1.UCT');
  assert.equal(outcome('DAIFSet', 'write', stateAt(0, without('SCTLR_EL1', bit(9)))), 'EL1 SCTLR_EL1.UMA');
  assert.equal(outcome('DC CIVAC', 'write', stateAt(0, without('SCTLR_EL1', bit(26)))), 'EL1 SCTLR_EL1.UCI');
});

test('EL0 of a host obeys SCTLR_EL2 and not the traps for guests', () => {
  const host = hcr(E2H | TGE | bit(17) | bit(13));
  assert.equal(outcome('CTR_EL0', 'read', stateAt(0, { ...host, SCTLR_EL1: 0n })), 'CTR_EL0');
  assert.equal(outcome('CTR_EL0', 'read', stateAt(0, { ...host, SCTLR_EL2: 0n })), 'EL2 SCTLR_EL2.UCT');
  assert.equal(outcome('WFI', 'write', stateAt(0, host)), 'execute');
  assert.equal(outcome('DAIF', 'read', stateAt(0, host)), 'EL2 HCR_EL2.TGE');
});

test('FP and AdvSIMD are trapped by the layout in use', () => {
  const el1 = without('CPACR_EL1', bit(21));
  assert.equal(outcome('FP', 'write', stateAt(0, el1)), 'EL1 CPACR_EL1.FPEN');
  assert.equal(outcome('FP', 'write', stateAt(1, el1)), 'execute');
  assert.equal(outcome('FPCR', 'read', stateAt(2, { CPTR_EL2: bit(10) })), 'EL2 CPTR_EL2.TFP');
  const e2h = hcr(E2H);
  assert.equal(outcome('FP', 'write', stateAt(2, { ...e2h, CPTR_EL2: bit(10) })), 'EL2 CPTR_EL2.FPEN');
  assert.equal(outcome('FP', 'write', stateAt(2, { ...e2h, CPTR_EL2: 3n << 20n })), 'execute');
  assert.equal(outcome('FP', 'write', stateAt(0, { ...e2h, CPTR_EL2: 1n << 20n })), 'execute');
  assert.equal(outcome('FP', 'write', stateAt(0, { ...hcr(E2H | TGE), CPTR_EL2: 1n << 20n })), 'EL2 CPTR_EL2.FPEN');
  assert.equal(outcome('FP', 'write', stateAt(3, { CPTR_EL3: bit(10) })), 'EL3 CPTR_EL3.TFP');
  const trap = access('FPSR', 'write', stateAt(1, { CPTR_EL2: bit(10) }));
  assert.ok(trap.kind === 'trap' && trap.ec === 7 && trap.iss === 0x1e0_0000);
  // Sent to EL2 by TGE, the exception has no class of its own.
  const sent = access('FP', 'write', stateAt(0, { ...el1, ...hcr(TGE) }));
  assert.ok(sent.kind === 'trap' && sent.to === 2 && sent.ec === 0);
});

test('the counters and timers follow both layouts of CNTHCTL_EL2', () => {
  assert.equal(outcome('CNTPCT_EL0', 'read', stateAt(1, { CNTHCTL_EL2: 2n })), 'EL2 CNTHCTL_EL2.EL1PCTEN');
  assert.equal(outcome('CNTP_CTL_EL0', 'write', stateAt(1, { CNTHCTL_EL2: 1n })), 'EL2 CNTHCTL_EL2.EL1PCEN');
  assert.equal(outcome('CNTV_CTL_EL0', 'write', stateAt(1, { CNTHCTL_EL2: 0n })), 'CNTV_CTL_EL0');
  assert.equal(outcome('CNTV_CTL_EL0', 'write', stateAt(1, { CNTHCTL_EL2: bit(13) })), 'EL2 CNTHCTL_EL2.EL1TVT');
  const e2h = hcr(E2H);
  assert.equal(outcome('CNTP_CTL_EL0', 'write', stateAt(1, { ...e2h, CNTHCTL_EL2: 3n })), 'EL2 CNTHCTL_EL2.EL1PTEN');
  assert.equal(outcome('CNTPCT_EL0', 'read', stateAt(1, { ...e2h, CNTHCTL_EL2: bit(10) })), 'CNTPCT_EL0');
  const host = hcr(E2H | TGE);
  assert.equal(outcome('CNTVCT_EL0', 'read', stateAt(0, { ...host, CNTHCTL_EL2: 1n })), 'EL2 CNTHCTL_EL2.EL0VCTEN');
  assert.equal(outcome('CNTVCT_EL0', 'read', stateAt(0, { ...host, CNTKCTL_EL1: 0n })), 'CNTVCT_EL0');
  assert.equal(outcome('CNTVCT_EL0', 'read', stateAt(0, { CNTKCTL_EL1: 1n })), 'EL1 CNTKCTL_EL1.EL0VCTEN');
  assert.equal(outcome('CNTFRQ_EL0', 'read', stateAt(0, { CNTKCTL_EL1: 1n })), 'CNTFRQ_EL0');
  assert.equal(outcome('CNTFRQ_EL0', 'read', stateAt(0, { CNTKCTL_EL1: 0n })), 'EL1 CNTKCTL_EL1.EL0PCTEN,EL0VCTEN');
});

test('at EL2 with E2H, names of EL1 mean registers of EL2, and _EL12 means those of the guest', () => {
  const e2h = hcr(E2H);
  assert.equal(outcome('SCTLR_EL1', 'read', stateAt(2, e2h)), 'SCTLR_EL2');
  assert.equal(outcome('CPACR_EL1', 'read', stateAt(2, e2h)), 'CPTR_EL2');
  assert.equal(outcome('CNTKCTL_EL1', 'read', stateAt(2, e2h)), 'CNTHCTL_EL2');
  assert.equal(outcome('CNTV_CVAL_EL0', 'write', stateAt(2, e2h)), 'CNTHV_CVAL_EL2');
  assert.equal(outcome('SCTLR_EL1', 'read', stateAt(2)), 'SCTLR_EL1');
  assert.equal(outcome('SCTLR_EL1', 'read', stateAt(3, e2h)), 'SCTLR_EL1');
  assert.equal(outcome('SCTLR_EL12', 'read', stateAt(2, e2h)), 'SCTLR_EL1');
  assert.equal(outcome('SCTLR_EL12', 'read', stateAt(2)), 'undefined');
  assert.equal(outcome('CNTP_CTL_EL02', 'read', stateAt(2, e2h)), 'CNTP_CTL_EL0');
  assert.equal(outcome('CNTP_CTL_EL0', 'read', stateAt(0, hcr(E2H | TGE))), 'CNTHP_CTL_EL2');
  assert.equal(outcome('TPIDR_EL1', 'read', stateAt(2, e2h)), 'TPIDR_EL1');
});

test('EL1 reads the identity that EL2 gives it', () => {
  assert.equal(outcome('MIDR_EL1', 'read', stateAt(1)), 'VPIDR_EL2');
  assert.equal(outcome('MPIDR_EL1', 'read', stateAt(1)), 'VMPIDR_EL2');
  assert.equal(outcome('MIDR_EL1', 'read', stateAt(2)), 'MIDR_EL1');
});

test('the GIC interface is virtual where HCR_EL2 takes the interrupts, unless ICH_HCR_EL2 traps', () => {
  const imo = hcr(bit(4));
  assert.equal(outcome('ICC_IAR1_EL1', 'read', stateAt(1, imo)), 'ICV_IAR1_EL1');
  assert.equal(outcome('ICC_IAR0_EL1', 'read', stateAt(1, imo)), 'ICC_IAR0_EL1');
  assert.equal(outcome('ICC_IAR0_EL1', 'read', stateAt(1, hcr(bit(3)))), 'ICV_IAR0_EL1');
  assert.equal(outcome('ICC_PMR_EL1', 'write', stateAt(1, imo)), 'ICV_PMR_EL1');
  assert.equal(outcome('ICC_IAR1_EL1', 'read', stateAt(2, imo)), 'ICC_IAR1_EL1');
  assert.equal(outcome('ICC_SGI1R_EL1', 'write', stateAt(1, imo)), 'EL2 HCR_EL2.IMO');
  assert.equal(outcome('ICC_PMR_EL1', 'write', stateAt(1, { ...imo, ICH_HCR_EL2: bit(10) })), 'EL2 ICH_HCR_EL2.TC');
  assert.equal(outcome('ICC_IAR1_EL1', 'read', stateAt(1, { ICH_HCR_EL2: bit(12) })), 'EL2 ICH_HCR_EL2.TALL1');
  // What EL3 takes concerns the physical interface only.
  const irq = { SCR_EL3: (permissive.SCR_EL3 as bigint) | 2n };
  assert.equal(outcome('ICC_IAR1_EL1', 'read', stateAt(1, irq)), 'EL3 SCR_EL3.IRQ');
  assert.equal(outcome('ICC_IAR1_EL1', 'read', stateAt(1, { ...irq, ...imo })), 'ICV_IAR1_EL1');
  assert.equal(outcome('ICC_SRE_EL1', 'read', stateAt(1, { ICC_SRE_EL2: 7n })), 'EL2 ICC_SRE_EL2.Enable');
});

test('only the list registers and active priorities that are there can be accessed', () => {
  const many = createFeatures('max', ['+lrs16']);
  assert.equal(outcome('ICH_LR4_EL2', 'read', stateAt(2)), 'undefined');
  assert.equal(outcome('ICH_LR15_EL2', 'read', stateAt(2, {}, many)), 'ICH_LR15_EL2');
  assert.equal(outcome('ICH_LR4_EL2', 'read', stateAt(1, hcr(NV | NV2))), 'undefined');
  assert.equal(outcome('ICC_AP1R0_EL1', 'read', stateAt(1)), 'ICC_AP1R0_EL1');
  assert.equal(outcome('ICC_AP1R1_EL1', 'read', stateAt(1)), 'undefined');
});

test('calls can be off, and SMC traps before it is off', () => {
  assert.equal(outcome('HVC', 'write', stateAt(1)), 'execute');
  assert.equal(outcome('HVC', 'write', stateAt(0)), 'undefined');
  assert.equal(outcome('HVC', 'write', stateAt(1, without('SCR_EL3', bit(8)))), 'undefined');
  const smd = { SCR_EL3: (permissive.SCR_EL3 as bigint) | bit(7) };
  assert.equal(outcome('SMC', 'write', stateAt(1, smd)), 'undefined');
  assert.equal(outcome('SMC', 'write', stateAt(1, { ...smd, ...hcr(bit(19)) })), 'EL2 HCR_EL2.TSC');
  const noEl3 = createFeatures('max', ['-el3']);
  assert.equal(outcome('SMC', 'write', stateAt(1, {}, noEl3)), 'undefined');
  assert.equal(outcome('SMC', 'write', stateAt(1, hcr(bit(19)), noEl3)), 'EL2 HCR_EL2.TSC');
  assert.equal(outcome('HVC', 'write', stateAt(1, hcr(bit(29)), noEl3)), 'undefined');
});

test('FEAT_NV: a guest hypervisor at EL1 traps', () => {
  const nv = hcr(NV);
  assert.equal(outcome('HCR_EL2', 'write', stateAt(1, nv)), 'EL2 HCR_EL2.NV');
  assert.equal(outcome('SCTLR_EL12', 'read', stateAt(1, nv)), 'EL2 HCR_EL2.NV');
  assert.equal(outcome('SP_EL1', 'read', stateAt(1, nv)), 'EL2 HCR_EL2.NV');
  assert.equal(outcome('TLBI ALLE2', 'write', stateAt(1, nv)), 'EL2 HCR_EL2.NV');
  assert.equal(outcome('AT S12E1R', 'write', stateAt(1, nv)), 'EL2 HCR_EL2.NV');
  assert.equal(outcome('ERET', 'write', stateAt(1, nv)), 'EL2 HCR_EL2.NV');
  assert.equal(outcome('SCR_EL3', 'read', stateAt(1, nv)), 'undefined');
  assert.equal(outcome('SP_EL2', 'read', stateAt(1, nv)), 'undefined');
  assert.equal(outcome('VBAR_EL1', 'write', stateAt(1, nv)), 'VBAR_EL1');
  assert.equal(outcome('VBAR_EL1', 'write', stateAt(1, hcr(NV | NV1))), 'EL2 HCR_EL2.NV1');
  assert.equal(outcome('CurrentEL', 'read', stateAt(1, nv)), 'constant 8');
  assert.equal(outcome('CurrentEL', 'read', stateAt(1)), 'constant 4');
  // NV1 and NV2 alone have no effect.
  assert.equal(outcome('HCR_EL2', 'write', stateAt(1, hcr(NV1 | NV2))), 'undefined');
  assert.equal(outcome('HCR_EL2', 'write', stateAt(1, nv, createFeatures('armv8.2-a'))), 'undefined');
});

test('FEAT_NV2: a guest hypervisor at EL1 uses memory', () => {
  const vhe = hcr(NV | NV2);
  const plain = hcr(NV | NV1 | NV2);
  assert.equal(outcome('HCR_EL2', 'write', stateAt(1, vhe)), 'memory 0x78');
  assert.equal(outcome('ICH_LR3_EL2', 'write', stateAt(1, vhe)), 'memory 0x418');
  assert.equal(outcome('ELR_EL2', 'read', stateAt(1, vhe)), 'ELR_EL1');
  assert.equal(outcome('SCTLR_EL2', 'read', stateAt(1, vhe)), 'EL2 HCR_EL2.NV');
  assert.equal(outcome('SCTLR_EL12', 'read', stateAt(1, vhe)), 'memory 0x110');
  assert.equal(outcome('SCTLR_EL12', 'read', stateAt(1, plain)), 'EL2 HCR_EL2.NV');
  assert.equal(outcome('SCTLR_EL1', 'read', stateAt(1, vhe)), 'SCTLR_EL1');
  assert.equal(outcome('SCTLR_EL1', 'read', stateAt(1, plain)), 'memory 0x110');
  assert.equal(outcome('MDSCR_EL1', 'read', stateAt(1, vhe)), 'memory 0x158');
  assert.equal(outcome('CNTV_CTL_EL0', 'read', stateAt(1, plain)), 'memory 0x170');
  assert.equal(outcome('CNTV_CTL_EL02', 'read', stateAt(1, vhe)), 'memory 0x170');
  assert.equal(outcome('CNTV_TVAL_EL02', 'read', stateAt(1, vhe)), 'EL2 HCR_EL2.NV');
  assert.equal(outcome('CNTV_CTL_EL0', 'read', stateAt(0, plain)), 'CNTV_CTL_EL0');
  // Ordinary traps come first.
  assert.equal(outcome('SCTLR_EL1', 'write', stateAt(1, hcr(NV | NV1 | NV2 | bit(26)))), 'EL2 HCR_EL2.TVM');
  const el02 = { ...vhe, CNTHCTL_EL2: 0xf03n | bit(16) };
  assert.equal(outcome('CNTV_CTL_EL02', 'read', stateAt(1, el02)), 'EL2 CNTHCTL_EL2.EL1NVVCT');
  // At EL2 itself nothing changes.
  assert.equal(outcome('HCR_EL2', 'read', stateAt(2, vhe)), 'HCR_EL2');
});

test('NEVE redirects more to EL1 than FEAT_NV2, once it is enabled', () => {
  const features = createFeatures('armv8.3-a', ['+neve']);
  const neve = { ...hcr(NV | NV1), VNCR_EL2: 1n };
  const at = (name: string, direction: Direction, controls: Record<string, bigint> = neve) =>
    outcome(name, direction, stateAt(1, controls, features));
  assert.equal(at('HCR_EL2', 'write'), 'memory 0x78');
  assert.equal(at('SCTLR_EL2', 'write'), 'SCTLR_EL1');
  assert.equal(at('VBAR_EL2', 'write'), 'VBAR_EL1');
  assert.equal(at('ELR_EL2', 'read'), 'ELR_EL1');
  assert.equal(at('SCTLR_EL1', 'write'), 'memory 0x110');
  assert.equal(at('CPTR_EL2', 'read'), 'memory 0xc08');
  assert.equal(at('CPTR_EL2', 'write'), 'EL2 HCR_EL2.NV');
  assert.equal(at('ICH_LR0_EL2', 'read'), 'memory 0x400');
  assert.equal(at('ICH_LR0_EL2', 'write'), 'EL2 HCR_EL2.NV');
  assert.equal(at('TCR_EL2', 'write'), 'EL2 HCR_EL2.NV');
  assert.equal(at('TCR_EL2', 'read'), 'memory 0xc20');
  assert.equal(at('TCR_EL2', 'write', { ...hcr(NV), VNCR_EL2: 1n }), 'TCR_EL1');
  assert.equal(at('CNTHP_CTL_EL2', 'read'), 'EL2 HCR_EL2.NV');
  assert.equal(at('HCR_EL2', 'write', hcr(NV)), 'EL2 HCR_EL2.NV');
});

test('fine-grained traps need SCR_EL3.FGTEn, and spare the host', () => {
  const controls = { HFGRTR_EL2: bit(25), HFGITR_EL2: bit(51) | bit(52), HDFGWTR_EL2: bit(16), HFGWTR_EL2: bit(8) };
  assert.equal(outcome('MIDR_EL1', 'read', stateAt(1, controls)), 'EL2 HFGRTR_EL2.MIDR_EL1');
  assert.equal(outcome('APIBKeyHi_EL1', 'write', stateAt(1, controls)), 'EL2 HFGWTR_EL2.APIBKey');
  assert.equal(outcome('APIBKeyHi_EL1', 'read', stateAt(1, controls)), 'APIBKeyHi_EL1');
  assert.equal(outcome('PMCNTENCLR_EL0', 'write', stateAt(0, controls)), 'EL2 HDFGWTR_EL2.PMCNTEN');
  assert.equal(outcome('SVC', 'write', stateAt(0, controls)), 'EL2 HFGITR_EL2.SVC_EL0');
  assert.equal(outcome('SVC', 'write', stateAt(1, controls)), 'execute');
  assert.equal(outcome('SVC', 'write', stateAt(0, { ...controls, ...hcr(E2H | TGE) })), 'execute');
  const eret = access('ERETAA', 'write', stateAt(1, controls));
  assert.ok(eret.kind === 'trap' && eret.ec === 0x1a && eret.iss === 2);
  const off = { ...controls, ...without('SCR_EL3', bit(27)) };
  assert.equal(outcome('MIDR_EL1', 'read', stateAt(1, off)), 'VPIDR_EL2');
  assert.equal(outcome('HFGRTR_EL2', 'read', stateAt(2, off)), 'EL3 SCR_EL3.FGTEn');
});

test('debug and performance monitors', () => {
  assert.equal(outcome('DBGBVR0_EL1', 'read', stateAt(1, { MDCR_EL2: bit(9) })), 'EL2 MDCR_EL2.TDA');
  assert.equal(outcome('OSLAR_EL1', 'write', stateAt(1, { MDCR_EL2: bit(8) })), 'EL2 MDCR_EL2.TDE');
  assert.equal(outcome('MDCCSR_EL0', 'read', stateAt(0, { MDSCR_EL1: bit(12) })), 'EL1 MDSCR_EL1.TDCC');
  assert.equal(outcome('DBGDTRRX_EL0', 'write', stateAt(1)), 'DBGDTRTX_EL0');
  assert.equal(outcome('DBGBVR6_EL1', 'read', stateAt(1)), 'undefined');
  assert.equal(outcome('PMCR_EL0', 'write', stateAt(0, { PMUSERENR_EL0: 0xen })), 'EL1 PMUSERENR_EL0.EN');
  assert.equal(outcome('PMCCNTR_EL0', 'read', stateAt(0, { PMUSERENR_EL0: 4n })), 'PMCCNTR_EL0');
  assert.equal(outcome('PMCCNTR_EL0', 'write', stateAt(0, { PMUSERENR_EL0: 4n })), 'EL1 PMUSERENR_EL0.EN');
  assert.equal(outcome('PMEVCNTR3_EL0', 'read', stateAt(1, { MDCR_EL2: bit(6) })), 'EL2 MDCR_EL2.TPM');
  assert.equal(outcome('PMCR_EL0', 'read', stateAt(2, { MDCR_EL3: bit(6) })), 'EL3 MDCR_EL3.TPM');
});

test('encodings without a row are UNDEFINED, those of the implementation trap by TIDCP', () => {
  const unknown = resolveEncoding(stateAt(1), 3, 0, 1, 2, 0, 'read');
  assert.ok(unknown.kind === 'undefined' && /ZCR_EL1 belongs to the Scalable Vector/.test(unknown.because));
  const free = resolveEncoding(stateAt(1), 3, 7, 1, 2, 0, 'read');
  assert.ok(free.kind === 'undefined' && /S3_7_C1_C2_0 is not allocated/.test(free.because));
  const trapped = resolveEncoding(stateAt(1, hcr(bit(20))), 3, 1, 15, 2, 0, 'read');
  assert.ok(trapped.kind === 'trap' && trapped.because.field === 'TIDCP');
  assert.equal(resolveEncoding(stateAt(1), 3, 0, 0, 7, 7, 'read').kind, 'constant');
  assert.equal(resolveEncoding(stateAt(2), 3, 4, 1, 1, 0, 'read').kind, 'register');
});

test('FEAT_IDST reports ID registers at EL0 as a trap', () => {
  const result = access('ID_AA64ISAR0_EL1', 'read', stateAt(0));
  assert.ok(result.kind === 'trap' && result.to === 1 && result.ec === 0x18);
  assert.equal(outcome('ID_AA64ISAR0_EL1', 'read', stateAt(0, {}, createFeatures('armv8.3-a'))), 'undefined');
});

test('every target of a rule means something', () => {
  for (const rule of [...controlRules, ...fineGrainedRules()]) {
    for (const target of rule.targets) {
      assert.ok(
        accessible.some(row => matchesTarget(target, row)),
        `${rule.control}.${rule.field}: ${target}`,
      );
    }
  }
});

/** Numbers that are the same in every run. */
function* random(seed: bigint): Generator<bigint> {
  let state = seed;
  for (;;) {
    state ^= (state << 13n) & 0xffff_ffff_ffff_ffffn;
    state ^= state >> 7n;
    state ^= (state << 17n) & 0xffff_ffff_ffff_ffffn;
    yield state;
  }
}

test('an access depends on no other register and no other bit than trapControls and their masks say', () => {
  const numbers = random(0x9e37_79b9_7f4a_7c15n);
  const next = () => numbers.next().value as bigint;
  const sets = [max, createFeatures('armv8.0'), createFeatures('armv8.3', ['+neve']), createFeatures('max', ['-el3'])];
  for (let round = 0; round < 40; round++) {
    const features = sets[round % sets.length];
    const values = new Map(trapControls.map(name => [name, next()]));
    for (const el of [0, 1, 2, 3] as const) {
      const asked = (name: string) => {
        assert.ok(values.has(name), `${name} is no trap control`);
        return values.get(name) as bigint;
      };
      const full: AccessState = { el, features, reg: asked };
      const masked: AccessState = { el, features, reg: name => asked(name) & trapControlMask(name) };
      for (const row of accessible) {
        const direction = (next() & 1n) === 0n ? 'read' : 'write';
        const one = resolveAccess(full, row, direction);
        const other = resolveAccess(masked, row, direction);
        assert.equal(one.kind, other.kind, row.name);
        if (one.kind === 'trap' && other.kind === 'trap') assert.deepEqual(one.because, other.because, row.name);
        if (one.kind === 'register' && other.kind === 'register') assert.equal(one.row, other.row, row.name);
        assert.match(explain(one, { row, direction, el }), /^[A-Z].*\.$/);
      }
    }
  }
  assert.equal(trapControlMask('HCR_EL2') & 0x1c0n, 0n, 'VF, VI and VSE make no new contexts');
});

test('an access ends in the storage of a register that the PE has', () => {
  const features = createFeatures('armv8.1-a');
  const values = new Map(registers.map(row => [row.name, resetValue(row, features, 0)]));
  for (const e2h of [0n, E2H]) {
    for (const el of [0, 1, 2, 3] as const) {
      const state: AccessState = {
        el,
        features,
        reg: name => (values.get(name) ?? 0n) | (name === 'HCR_EL2' ? e2h : 0n),
      };
      for (const row of registers) {
        const result = resolveAccess(state, row, 'read');
        if (result.kind !== 'register') continue;
        assert.equal(result.row.alias, undefined, row.name);
        assert.ok(result.row.options.feature === undefined || features.has(result.row.options.feature), row.name);
      }
    }
  }
});

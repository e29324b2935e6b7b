/**
 * System instructions: moves to and from system registers, PSTATE, exceptions, waiting, caches and translation. What is
 * allowed is in the access table of the present trap context; what is neither plain nor common is called out for.
 */

import type { Fields } from '../../arch/instructions/row.ts';
import { byEncoding } from '../../arch/registers/index.ts';
import { accessRowOf, operationRow } from '../access-rows.ts';
import { ENTRY_ALLOWED, ENTRY_BYTES, ENTRY_KIND, ENTRY_PLAIN, WRITE_ENTRY } from '../access-tables.ts';
import {
  bind,
  c32,
  c64,
  callOut,
  charge,
  type Expr,
  flag,
  immHigh,
  immLow,
  memory,
  op,
  perform,
  type Stmt,
  setMemory,
  setNzcv,
  setState,
  setX,
  state,
  store,
  vector,
  when,
  x,
  zeroExtend,
} from '../ir.ts';
import {
  ACCESS_COSTS,
  ACCESSES,
  CYCLES,
  DAIF,
  DIT,
  EL,
  IRQ_LINES,
  PAN,
  SSBS,
  TRAP_TABLE,
  UAO,
  WRITE_MASKS,
} from '../layout.ts';
import { destination, type Handlers, type Lowered, type Lowerings, source } from './handler.ts';

/** The entry of the row whose offset is in the low half of the immediate. */
const tableEntry = memory('i32', op('i32.add', state('i32', TRAP_TABLE), immLow));
const kindIs = (entry: Expr, kind: number): Expr => op('i32.eq', op('i32.and', entry, c32(ENTRY_KIND)), c32(kind));

/** What an access costs whose entry is at the same offset. */
const chargeAccess = (): Stmt[] => [
  charge(CYCLES, memory('f64', op('i32.shl', immLow, c32(1)), ACCESS_COSTS)),
  charge(ACCESSES, op('f64.convert_i32_u', c32(1))),
];

function readRegister(): Stmt[] {
  const [entry, load] = bind(tableEntry);
  const value = memory('i64', op('i32.sub', entry, c32(ENTRY_PLAIN)));
  return [load, when(kindIs(entry, ENTRY_PLAIN), [...chargeAccess(), setX('rd', value)], [callOut('systemRegister')])];
}

function writeRegister(): Stmt[] {
  const [entry, load] = bind(tableEntry);
  const kept = op('i64.and', x('rd'), memory('i64', immHigh));
  const plain = setMemory(op('i32.sub', entry, c32(ENTRY_PLAIN)), kept);
  return [load, when(kindIs(entry, ENTRY_PLAIN), [...chargeAccess(), plain], [callOut('systemRegister')])];
}

/** DC ZVA: 64 bytes (DCZID_EL0.BS = 4) of the aligned block are zeroed. */
function zeroBlock(): Stmt[] {
  const [entry, load] = bind(tableEntry);
  const [address, align] = bind(op('i64.and', x('rd'), c64(-64n)));
  const stores = [0, 16, 32, 48].map(offset => store(op('i64.add', address, c64(offset)), vector(0n, 0n)));
  return [load, when(kindIs(entry, ENTRY_ALLOWED), [...chargeAccess(), align, ...stores], [callOut('systemRegister')])];
}

const atEl0 = op('i32.eqz', state('i32', EL));
/** An interrupt may have become unmasked. */
const unmasked = callOut('interruptCheck', op('i32.ne', state('i32', IRQ_LINES), c32(0)));
const nzcv: Expr = op(
  'i32.or',
  op('i32.or', op('i32.shl', flag('n'), c32(31)), op('i32.shl', flag('z'), c32(30))),
  op('i32.or', op('i32.shl', flag('c'), c32(29)), op('i32.shl', flag('v'), c32(28))),
);

export const systemHandlers: Handlers = {
  undefined: { body: [callOut('undefinedInstruction')] },
  without_row: { body: [callOut('registerWithoutRow')] },
  unimplemented: { body: [callOut('unimplemented')] },
  nop: { body: [] },
  isb: { body: [] },
  mrs: { body: readRegister() },
  msr: { body: writeRegister() },
  sys: { body: [callOut('systemRegister')] },
  dc_zva: { body: zeroBlock() },
  mrs_nzcv: { body: [setX('rd', zeroExtend(nzcv))] },
  msr_nzcv: { body: [setNzcv(op('i32.wrap_i64', op('i64.and', op('i64.shr_u', x('rd'), c64(28)), c64(15))))] },
  // SCTLR_EL1.UMA decides at EL0.
  mrs_daif: { body: [when(atEl0, [callOut('systemRegister')]), setX('rd', zeroExtend(state('i32', DAIF)))] },
  msr_daif: {
    body: [
      when(atEl0, [callOut('systemRegister')]),
      setState(DAIF, op('i32.and', op('i32.wrap_i64', x('rd')), c32(0x3c0))),
      unmasked,
    ],
  },
  msr_daifset: { body: [callOut('pstateImmediate', atEl0), setState(DAIF, op('i32.or', state('i32', DAIF), immLow))] },
  msr_daifclr: {
    body: [
      callOut('pstateImmediate', atEl0),
      setState(DAIF, op('i32.and', state('i32', DAIF), op('i32.xor', immLow, c32(-1)))),
      unmasked,
    ],
  },
  msr_pan: { body: [callOut('pstateImmediate', atEl0), setState(PAN, immLow), perform('enterState')] },
  msr_uao: { body: [callOut('pstateImmediate', atEl0), setState(UAO, immLow), perform('enterState')] },
  msr_ssbs: { body: [setState(SSBS, immLow)] },
  msr_dit: { body: [setState(DIT, immLow)] },
  msr_spsel: { body: [callOut('pstateImmediate')] },
  svc: { body: [callOut('svc')] },
  hvc: { body: [callOut('hvc')] },
  smc: { body: [callOut('smc')] },
  brk: { body: [callOut('brk')] },
  hlt: { body: [callOut('hlt')] },
  eret: { body: [callOut('exceptionReturn')] },
  wfi: { body: [callOut('waitForInterrupt')] },
  wfe: { body: [callOut('waitForEvent')] },
  wfet: { body: [callOut('waitForEvent')] },
  wfit: { body: [callOut('waitForInterrupt')] },
  sev: { body: [callOut('sendEvent')] },
  sevl: { body: [callOut('sendEventLocal')] },
};

/** Registers that live in PSTATE or in words of their own and are read or written without the access table. */
const pstateReads: Record<string, string> = { NZCV: 'mrs_nzcv', DAIF: 'mrs_daif' };
const pstateWrites: Record<string, string> = { NZCV: 'msr_nzcv', DAIF: 'msr_daif' };

function lowerMove(f: Fields, write: boolean): Lowered | undefined {
  const row = byEncoding(2 + f.o0, f.op1, f.CRn, f.CRm, f.op2);
  if (row?.kind !== 'register') return { handler: 'without_row' };
  const rd = write ? source(f.Rt) : destination(f.Rt);
  const own = (write ? pstateWrites : pstateReads)[row.name];
  const imm = accessRowOf(row) * ENTRY_BYTES + (write ? WRITE_ENTRY : 0);
  return { handler: own ?? (write ? 'msr' : 'mrs'), rd, imm, high: WRITE_MASKS + row.index * 8 };
}

function lowerSystemInstruction(f: Fields): Lowered | undefined {
  const row = byEncoding(1, f.op1, f.CRn, f.CRm, f.op2);
  if (row?.kind !== 'instruction') return { handler: 'without_row' };
  return { handler: row.name === 'DC ZVA' ? 'dc_zva' : 'sys', rd: source(f.Rt), imm: accessRowOf(row) * ENTRY_BYTES };
}

/** An exception by instruction: its immediate, and its entry for the core. */
const exception =
  (handler: string, operation: string) =>
  (f: Fields): Lowered => ({ handler, imm: f.imm16 ?? 0, high: operationRow(operation) * ENTRY_BYTES });
const immediate =
  (handler: string) =>
  (f: Fields): Lowered => ({ handler, imm: f.imm16 });
const pstateBit =
  (handler: string, field: string) =>
  (f: Fields): Lowered => ({ handler, imm: f.CRm & 1, rd: pstateFields.indexOf(field) });
const plain = (handler: string) => (): Lowered => ({ handler });

/** Fields of MSR (immediate) by their place in `rd`, for the call-out. */
export const pstateFields: readonly string[] = ['SPSel', 'DAIFSet', 'DAIFClr', 'PAN', 'UAO', 'SSBS', 'DIT'];

export const systemLowerings: Lowerings = {
  UDF: plain('undefined'),
  SVC: exception('svc', 'SVC'),
  HVC: exception('hvc', 'HVC'),
  SMC: exception('smc', 'SMC'),
  BRK: immediate('brk'),
  HLT: immediate('hlt'),
  // Debug state is not modelled: outside of it these are UNDEFINED.
  DCPS1: plain('undefined'),
  DCPS2: plain('undefined'),
  DCPS3: plain('undefined'),
  DRPS: plain('undefined'),
  ERET: exception('eret', 'ERET'),
  ISB: plain('isb'),
  WFE: plain('wfe'),
  WFI: plain('wfi'),
  WFET: f => ({ handler: 'wfet', rd: source(f.Rd) }),
  WFIT: f => ({ handler: 'wfit', rd: source(f.Rd) }),
  SEV: plain('sev'),
  SEVL: plain('sevl'),
  MSR_SPSel: pstateBit('msr_spsel', 'SPSel'),
  MSR_DAIFSet: f => ({ handler: 'msr_daifset', imm: f.CRm << 6, rd: pstateFields.indexOf('DAIFSet') }),
  MSR_DAIFClr: f => ({ handler: 'msr_daifclr', imm: f.CRm << 6, rd: pstateFields.indexOf('DAIFClr') }),
  MSR_PAN: pstateBit('msr_pan', 'PAN'),
  MSR_UAO: pstateBit('msr_uao', 'UAO'),
  MSR_SSBS: pstateBit('msr_ssbs', 'SSBS'),
  MSR_DIT: pstateBit('msr_dit', 'DIT'),
  SYS: lowerSystemInstruction,
  // No system instruction with a result exists in these versions.
  SYSL: plain('without_row'),
  MSR: f => lowerMove(f, true),
  MRS: f => lowerMove(f, false),
};

/**
 * What an exception syndrome says (ESR_ELx, Arm ARM D24.2.48): the class, and the fields of its ISS, which have another
 * layout in every class.
 */
import type { FieldValue } from '../target.ts';
import { byEncoding, extract, type Field, genericName, laterRegister, meaningOf } from './registers/index.ts';
import { parseFields } from './registers/notation.ts';

/** Layouts of ISS, in the notation of register rows. Bits that are not named are RES0. */
const wf = `
  24 CV Condition valid.
  23:20 COND
  9:5 RN Register with the timeout.
  2 RV RN is valid.
  1:0 TI Instruction. | 0=WFI; 1=WFE; 2=WFIT; 3=WFET
`;
const fp = `
  24 CV Condition valid.
  23:20 COND
`;
const immediate = '15:0 imm16 Immediate of the instruction.';
const system = `
  21:20 Op0
  19:17 Op2
  16:14 Op1
  13:10 CRn
  9:5 Rt
  4:1 CRm
  0 Direction | 0=write; 1=read
`;
const exceptionReturn = `
  1 ERET Instruction. | 0=ERET; 1=ERETAA or ERETAB
  0 ERETA Key. | 0=A; 1=B
`;
const authentication = `
  1 Instruction Key for. | 0=data; 1=instructions
  0 Key | 0=A; 1=B
`;
const branchTarget = '1:0 BTYPE Kind of branch.';

/** Fault status codes, DFSC and IFSC. Codes with a level have it in the low two bits. */
const statusOf: Readonly<Record<number, string>> = {
  16: 'synchronous external abort',
  17: 'synchronous tag check fault',
  19: 'synchronous external abort on a walk, level -1',
  24: 'synchronous parity or ECC error',
  33: 'alignment fault',
  34: 'debug exception',
  40: 'granule protection fault',
  41: 'address size fault, level -1',
  43: 'translation fault, level -1',
  48: 'TLB conflict abort',
  49: 'unsupported atomic hardware update',
  52: 'lockdown fault',
  53: 'unsupported exclusive or atomic access',
};
const leveled: Readonly<Record<number, string>> = {
  0: 'address size fault',
  1: 'translation fault',
  2: 'access flag fault',
  3: 'permission fault',
  5: 'synchronous external abort on a walk',
  7: 'synchronous parity or ECC error on a walk',
  9: 'granule protection fault on a walk',
};

/** A fault status code (DFSC, IFSC, PAR_EL1.FST) in words, such as `translation fault, level 2`. */
export function describeFaultStatus(code: number): string {
  const exact = statusOf[code];
  if (exact) return exact;
  const kind = leveled[code >> 2];
  return kind ? `${kind}, level ${code & 3}` : `reserved fault status 0x${code.toString(16)}`;
}

const statusMeanings = Array.from({ length: 64 }, (_, code) => `${code}=${describeFaultStatus(code)}`).join('; ');

const instructionAbort = `
  12:11 SET Synchronous error type.
  10 FnV FAR is not valid.
  9 EA External abort type.
  7 S1PTW Stage 2 fault of a stage 1 walk.
  5:0 IFSC Fault status. | ${statusMeanings}
`;
const dataAbort = `
  24 ISV The next fields are valid.
  23:22 SAS Size of the access. | 0=1 byte; 1=2 bytes; 2=4 bytes; 3=8 bytes
  21 SSE Sign extension.
  20:16 SRT Register of the access.
  15 SF 64-bit register.
  14 AR Acquire or release.
  13 VNCR Access by VNCR_EL2.
  12:11 SET Synchronous error type.
  10 FnV FAR is not valid.
  9 EA External abort type.
  8 CM Cache maintenance or address translation instruction.
  7 S1PTW Stage 2 fault of a stage 1 walk.
  6 WnR Direction. | 0=read; 1=write
  5:0 DFSC Fault status. | ${statusMeanings}
`;
const watchpoint = `
  13 VNCR Access by VNCR_EL2.
  10 FnV FAR is not valid.
  8 CM Cache maintenance instruction.
  6 WnR Direction. | 0=read; 1=write
  5:0 DFSC Fault status. | ${statusMeanings}
`;
const softwareStep = `
  24 ISV EX is valid.
  6 EX An exclusive load was stepped.
  5:0 IFSC Fault status. | ${statusMeanings}
`;
const breakpoint = `5:0 IFSC Fault status. | ${statusMeanings}`;
const floatingPoint = `
  23 TFV The next fields are valid.
  7 IDF Input denormal.
  4 IXF Inexact.
  3 UFF Underflow.
  2 OFF Overflow.
  1 DZF Division by zero.
  0 IOF Invalid operation.
`;
const systemError = `
  24 IDS Implementation defined syndrome.
  13 IESB
  12:10 AET Asynchronous error type.
  9 EA External abort type.
  5:0 DFSC
`;

interface ExceptionClass {
  readonly ec: number;
  /** Short name, as breakpoints and traces use it. */
  readonly name: string;
  readonly text: string;
  readonly iss: string;
}

/** Exception classes. Those of AArch32 are named too, for syndromes that a nested hypervisor makes up. */
export const exceptionClasses: readonly ExceptionClass[] = [
  { ec: 0x00, name: 'Unknown', text: 'unknown reason, such as an UNDEFINED instruction', iss: '' },
  { ec: 0x01, name: 'WFx', text: 'trapped WFI or WFE', iss: wf },
  { ec: 0x03, name: 'CP15', text: 'trapped MCR or MRC to CP15', iss: '' },
  { ec: 0x04, name: 'CP15RR', text: 'trapped MCRR or MRRC to CP15', iss: '' },
  { ec: 0x05, name: 'CP14', text: 'trapped MCR or MRC to CP14', iss: '' },
  { ec: 0x06, name: 'CP14LS', text: 'trapped LDC or STC to CP14', iss: '' },
  { ec: 0x07, name: 'FP', text: 'trapped FP or AdvSIMD access', iss: fp },
  { ec: 0x08, name: 'CP10', text: 'trapped VMRS', iss: '' },
  { ec: 0x09, name: 'PAuth', text: 'trapped pointer authentication', iss: '' },
  { ec: 0x0a, name: 'LS64', text: 'trapped LD64B or ST64B', iss: '' },
  { ec: 0x0c, name: 'CP14RR', text: 'trapped MRRC to CP14', iss: '' },
  { ec: 0x0d, name: 'BTI', text: 'branch target exception', iss: branchTarget },
  { ec: 0x0e, name: 'IllegalState', text: 'illegal execution state', iss: '' },
  { ec: 0x11, name: 'SVC32', text: 'SVC in AArch32', iss: immediate },
  { ec: 0x12, name: 'HVC32', text: 'HVC in AArch32', iss: immediate },
  { ec: 0x13, name: 'SMC32', text: 'SMC in AArch32', iss: '' },
  { ec: 0x14, name: 'SysReg128', text: 'trapped MSRR or MRRS', iss: '' },
  { ec: 0x15, name: 'SVC64', text: 'SVC', iss: immediate },
  { ec: 0x16, name: 'HVC64', text: 'HVC', iss: immediate },
  { ec: 0x17, name: 'SMC64', text: 'SMC', iss: immediate },
  { ec: 0x18, name: 'SysReg', text: 'trapped system register or instruction', iss: system },
  { ec: 0x19, name: 'SVE', text: 'trapped SVE access', iss: '' },
  { ec: 0x1a, name: 'ERET', text: 'trapped ERET', iss: exceptionReturn },
  { ec: 0x1b, name: 'TSTART', text: 'trapped TSTART', iss: '' },
  { ec: 0x1c, name: 'FPAC', text: 'failed pointer authentication', iss: authentication },
  { ec: 0x1d, name: 'SME', text: 'trapped SME access', iss: '' },
  { ec: 0x1e, name: 'GPC', text: 'granule protection check', iss: '' },
  { ec: 0x20, name: 'IAbortLower', text: 'instruction abort from a lower level', iss: instructionAbort },
  { ec: 0x21, name: 'IAbort', text: 'instruction abort from the same level', iss: instructionAbort },
  { ec: 0x22, name: 'PCAlignment', text: 'PC alignment fault', iss: '' },
  { ec: 0x24, name: 'DAbortLower', text: 'data abort from a lower level', iss: dataAbort },
  { ec: 0x25, name: 'DAbort', text: 'data abort from the same level', iss: dataAbort },
  { ec: 0x26, name: 'SPAlignment', text: 'SP alignment fault', iss: '' },
  { ec: 0x27, name: 'MOPS', text: 'memory copy or set', iss: '' },
  { ec: 0x28, name: 'FPException32', text: 'floating-point exception in AArch32', iss: floatingPoint },
  { ec: 0x2c, name: 'FPException', text: 'floating-point exception', iss: floatingPoint },
  { ec: 0x2d, name: 'GCS', text: 'guarded control stack', iss: '' },
  { ec: 0x2f, name: 'SError', text: 'SError interrupt', iss: systemError },
  { ec: 0x30, name: 'BreakpointLower', text: 'breakpoint from a lower level', iss: breakpoint },
  { ec: 0x31, name: 'Breakpoint', text: 'breakpoint from the same level', iss: breakpoint },
  { ec: 0x32, name: 'StepLower', text: 'software step from a lower level', iss: softwareStep },
  { ec: 0x33, name: 'Step', text: 'software step from the same level', iss: softwareStep },
  { ec: 0x34, name: 'WatchpointLower', text: 'watchpoint from a lower level', iss: watchpoint },
  { ec: 0x35, name: 'Watchpoint', text: 'watchpoint from the same level', iss: watchpoint },
  { ec: 0x38, name: 'BKPT32', text: 'BKPT in AArch32', iss: immediate },
  { ec: 0x3a, name: 'VectorCatch32', text: 'vector catch in AArch32', iss: '' },
  { ec: 0x3c, name: 'BRK', text: 'BRK', iss: immediate },
];

const byClass = new Map(exceptionClasses.map(row => [row.ec, row]));
const issLayouts = new Map<number, readonly Field[]>();

function issLayout(row: ExceptionClass): readonly Field[] {
  let layout = issLayouts.get(row.ec);
  if (!layout) {
    layout = parseFields(row.iss, `ISS of class ${row.name}`);
    issLayouts.set(row.ec, layout);
  }
  return layout;
}

export interface Syndrome {
  /** Short name of the class, such as `HVC64`. */
  readonly class: string;
  readonly ec: number;
  /** Such as `data abort from a lower level: translation fault, level 3, write`. */
  readonly text: string;
  /** EC, IL and the fields of the ISS, most significant first. */
  readonly fields: readonly FieldValue[];
}

/** Short name of an exception class; `EC 0x..` for a reserved one. */
export function exceptionClassName(ec: number): string {
  return byClass.get(ec)?.name ?? `EC 0x${ec.toString(16).padStart(2, '0')}`;
}

/** Decodes ESR_ELx as an exception to AArch64 wrote it. Never throws: what is reserved is called so. */
export function describeEsr(esr: bigint): Syndrome {
  const ec = Number((esr >> 26n) & 0x3fn);
  const row = byClass.get(ec);
  const common: FieldValue[] = [
    { name: 'EC', msb: 31, lsb: 26, value: BigInt(ec), meaning: row?.text ?? 'reserved' },
    { name: 'IL', msb: 25, lsb: 25, value: (esr >> 25n) & 1n, meaning: (esr >> 25n) & 1n ? '32 bits' : '16 bits' },
  ];
  if (!row) {
    const iss = esr & 0x1ffffffn;
    return {
      class: exceptionClassName(ec),
      ec,
      text: 'reserved exception class',
      fields: [...common, { name: 'ISS', msb: 24, lsb: 0, value: iss }],
    };
  }
  const fields = issLayout(row).map((field): FieldValue => {
    const value = extract(esr, field);
    return { name: field.name, msb: field.msb, lsb: field.lsb, value, meaning: meaningOf(field, value) };
  });
  return { class: row.name, ec, text: summary(row, fields, esr), fields: [...common, ...fields] };
}

function summary(row: ExceptionClass, fields: readonly FieldValue[], esr: bigint): string {
  const value = (name: string) => Number(fields.find(field => field.name === name)?.value ?? 0n);
  switch (row.iss) {
    case wf:
      return `trapped ${['WFI', 'WFE', 'WFIT', 'WFET'][value('TI')]}`;
    case immediate:
      return `${row.text} #0x${value('imm16').toString(16)}`;
    case system:
      return systemText(esr);
    case exceptionReturn:
      return `trapped ${value('ERET') ? `ERETA${value('ERETA') ? 'B' : 'A'}` : 'ERET'}`;
    case instructionAbort:
      return `${row.text}: ${describeFaultStatus(value('IFSC'))}${value('S1PTW') ? ', of a stage 1 walk' : ''}`;
    case dataAbort: {
      const way = value('CM') ? 'cache maintenance' : value('WnR') ? 'write' : 'read';
      const walk = value('S1PTW') ? ', of a stage 1 walk' : '';
      const page = value('VNCR') ? ', to the page of VNCR_EL2' : '';
      return `${row.text}: ${describeFaultStatus(value('DFSC'))}, ${way}${walk}${page}`;
    }
    default:
      return row.text;
  }
}

/** `MRS of CNTPCT_EL0 to X3`, `MSR of SCTLR_EL1 from X0` or `TLBI VAE1IS with X2`. */
function systemText(esr: bigint): string {
  const bits = (lsb: bigint, width: bigint) => Number((esr >> lsb) & ((1n << width) - 1n));
  const encoding = [bits(20n, 2n), bits(14n, 3n), bits(10n, 4n), bits(1n, 4n), bits(17n, 3n)] as const;
  const rt = bits(5n, 5n);
  const operand = rt === 31 ? 'XZR' : `X${rt}`;
  const read = bits(0n, 1n) === 1;
  const [op0, op1, crn, , op2] = encoding;
  if (op0 === 0 && op1 === 3 && crn === 4 && op2 >= 6) return `trapped MSR ${op2 === 6 ? 'DAIFSet' : 'DAIFClr'}`;
  const row = byEncoding(...encoding);
  if (row?.kind === 'instruction') return `trapped ${row.name}${row.argument ? ` with ${operand}` : ''}`;
  const written = !read && row?.kind === 'register' ? row.options.writes : undefined;
  const name = written ?? row?.name ?? laterRegister(...encoding)?.name ?? genericName(...encoding);
  return read ? `trapped MRS of ${name} to ${operand}` : `trapped MSR of ${name} from ${operand}`;
}

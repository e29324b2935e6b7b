/** Loads and stores of one register or a pair in all addressing modes: Arm ARM C4.1, "Loads and Stores". */

import { extensions, general, scalar, signed, target, w, x, xOrSp } from './operands.ts';
import type { Fields, InstructionRow } from './row.ts';

/** What is moved: the part of an instruction that is the same in every addressing mode. */
export interface Access {
  /** Mnemonic without the addressing mode, which is also the stem of the row ids. */
  readonly name: string;
  /** Patterns of the fields `size` and `opc`; they may contain fields. */
  readonly size: string;
  readonly opc: string;
  readonly load: boolean;
  readonly simd: boolean;
  readonly bytes: (f: Fields) => number;
  /** Width to which the loaded value is sign-extended; 0 where it is not. */
  readonly signed: (f: Fields) => number;
  readonly rt: (f: Fields) => string;
}

const integer = (
  name: string,
  size: string,
  opc: string,
  bytes: (f: Fields) => number,
  signedTo: (f: Fields) => number,
  rt: (f: Fields) => string,
): Access => ({ name, size, opc, load: name.startsWith('LD'), simd: false, bytes, signed: signedTo, rt });

const none = (): number => 0;
const bySize = (f: Fields): number => (f.sf ? 8 : 4);
/** Bit 22 chooses the width of a sign-extended result: 0 for 64 bits. */
const signedTo = (f: Fields): number => (f.narrow ? 32 : 64);
const wt = (f: Fields): string => w(f.Rt);
const xt = (f: Fields): string => x(f.Rt);
const bySf = (f: Fields): string => general(f.sf ? 64 : 32, f.Rt);
const bySign = (f: Fields): string => general(signedTo(f), f.Rt);

export const integerAccesses: readonly Access[] = [
  integer('STRB', '00', '00', () => 1, none, wt),
  integer('LDRB', '00', '01', () => 1, none, wt),
  integer('LDRSB', '00', '1 narrow:1', () => 1, signedTo, bySign),
  integer('STRH', '01', '00', () => 2, none, wt),
  integer('LDRH', '01', '01', () => 2, none, wt),
  integer('LDRSH', '01', '1 narrow:1', () => 2, signedTo, bySign),
  integer('STR', '1 sf:1', '00', bySize, none, bySf),
  integer('LDR', '1 sf:1', '01', bySize, none, bySf),
  integer(
    'LDRSW',
    '10',
    '10',
    () => 4,
    () => 64,
    xt,
  ),
];

const simdBytes = (f: Fields): number => 1 << f.size;
const simdAccess = (name: string, size: string, opc: string, bytes: (f: Fields) => number): Access => ({
  name,
  size,
  opc,
  load: name.startsWith('LD'),
  simd: true,
  bytes,
  signed: none,
  rt: f => scalar(bytes(f), f.Rt),
});

export const simdAccesses: readonly Access[] = [
  simdAccess('STR_fp', 'size:2', '00', simdBytes),
  simdAccess('LDR_fp', 'size:2', '01', simdBytes),
  simdAccess('STR_q', '00', '10', () => 16),
  simdAccess('LDR_q', '00', '11', () => 16),
];

/** Row id of an access in an addressing mode: `LDR_post`, `LDUR_fp`, `LDTRSW`. */
export const unscaledId = (name: string): string => name.replace(/^(LD|ST)R/, '$1UR');
export const unprivilegedId = (name: string): string => name.replace(/^(LD|ST)R/, '$1TR');
const mnemonic = (id: string): string => id.replace(/_.*/, '').toLowerCase();

const offsetText = (offset: number): string => (offset ? `, #${offset}` : '');

/** The register offset of a register-offset access, as `, x2, lsl #3`. */
export function indexText(f: Fields, bytes: number): string {
  const index = f.option & 1 ? x(f.Rm) : w(f.Rm);
  const amount = f.S ? ` #${Math.log2(bytes)}` : '';
  if (f.option === 3) return amount ? `, ${index}, lsl${amount}` : `, ${index}`;
  return `, ${index}, ${extensions[f.option]}${amount}`;
}

function accessRows(access: Access): InstructionRow[] {
  const { name, bytes, rt } = access;
  const stem = mnemonic(name);
  const what = `${access.load ? 'Loads' : 'Stores'} ${access.simd ? 'a SIMD and FP register' : 'a register'}`;
  const head = `${access.size} 111 ${access.simd ? 1 : 0}`;
  const rows: InstructionRow[] = [
    {
      id: `${name}_uimm`,
      bits: `${head} 01 ${access.opc} imm12:12 Rn:5 Rt:5`,
      asm: f => `${stem} ${rt(f)}, [${xOrSp(f.Rn)}${offsetText(f.imm12 * bytes(f))}]`,
      does: `${what} at a base register plus a scaled offset.`,
    },
    {
      id: unscaledId(name),
      bits: `${head} 00 ${access.opc} 0 imm9:9 00 Rn:5 Rt:5`,
      asm: f => `${mnemonic(unscaledId(name))} ${rt(f)}, [${xOrSp(f.Rn)}${offsetText(signed(f.imm9, 9))}]`,
      does: `${what} at a base register plus an offset in bytes.`,
    },
    {
      id: `${name}_post`,
      bits: `${head} 00 ${access.opc} 0 imm9:9 01 Rn:5 Rt:5`,
      asm: f => `${stem} ${rt(f)}, [${xOrSp(f.Rn)}], #${signed(f.imm9, 9)}`,
      does: `${what} at a base register, then adds the offset to the base.`,
    },
    {
      id: `${name}_pre`,
      bits: `${head} 00 ${access.opc} 0 imm9:9 11 Rn:5 Rt:5`,
      asm: f => `${stem} ${rt(f)}, [${xOrSp(f.Rn)}, #${signed(f.imm9, 9)}]!`,
      does: `${what} at a base register plus an offset, which becomes the base.`,
    },
    {
      id: `${name}_reg`,
      bits: `${head} 00 ${access.opc} 1 Rm:5 option:3 S:1 10 Rn:5 Rt:5`,
      when: f => (f.option & 2) !== 0,
      asm: f => `${stem} ${rt(f)}, [${xOrSp(f.Rn)}${indexText(f, bytes(f))}]`,
      does: `${what} at a base register plus an index register.`,
    },
  ];
  if (!access.simd) {
    rows.push({
      id: unprivilegedId(name),
      bits: `${head} 00 ${access.opc} 0 imm9:9 10 Rn:5 Rt:5`,
      asm: f => `${mnemonic(unprivilegedId(name))} ${rt(f)}, [${xOrSp(f.Rn)}${offsetText(signed(f.imm9, 9))}]`,
      does: `${what} with the permissions of EL0.`,
    });
  }
  return rows;
}

/** A pair of registers and its `opc` and V bits; `bytes` of each register. */
export interface PairAccess {
  readonly name: string;
  readonly opc: string;
  readonly simd: boolean;
  readonly load: boolean;
  readonly nonTemporal: boolean;
  readonly bytes: (f: Fields) => number;
  readonly signed: boolean;
  readonly rt: (f: Fields, n: number) => string;
}

const pair = (name: string, opc: string, rest: Partial<PairAccess> = {}): PairAccess => ({
  name,
  opc,
  simd: false,
  load: name.startsWith('LD'),
  nonTemporal: true,
  bytes: bySize,
  signed: false,
  rt: (f, n) => general(f.sf ? 64 : 32, n),
  ...rest,
});
const simdPair = (name: string): PairAccess => {
  const bytes = (f: Fields): number => 4 << f.opc;
  return pair(name, 'opc:2', { simd: true, bytes, rt: (f, n) => scalar(bytes(f), n) });
};

export const pairAccesses: readonly PairAccess[] = [
  pair('STP', 'sf:1 0'),
  pair('LDP', 'sf:1 0'),
  pair('LDPSW', '01', { nonTemporal: false, bytes: () => 4, signed: true, rt: (_f, n) => x(n) }),
  simdPair('STP_fp'),
  simdPair('LDP_fp'),
];
export const nonTemporalId = (name: string): string => name.replace('P', 'NP');

function pairRows(access: PairAccess): InstructionRow[] {
  const { name, bytes, rt } = access;
  const stem = mnemonic(name);
  const what = `${access.load ? 'Loads' : 'Stores'} a pair of ${access.simd ? 'SIMD and FP registers' : 'registers'}`;
  const form = (id: string, variant: string, asm: InstructionRow['asm'], does: string): InstructionRow => ({
    id,
    bits: `${access.opc} 101 ${access.simd ? 1 : 0} ${variant} ${access.load ? 1 : 0} imm7:7 Rt2:5 Rn:5 Rt:5`,
    ...(access.simd ? { when: (f: Fields) => f.opc < 3 } : {}),
    asm,
    does,
  });
  const offset = (f: Fields): number => signed(f.imm7, 7) * bytes(f);
  const registers = (f: Fields): string => `${rt(f, f.Rt)}, ${rt(f, f.Rt2)}`;
  const rows = [
    form(
      `${name}_imm`,
      '010',
      f => `${stem} ${registers(f)}, [${xOrSp(f.Rn)}${offsetText(offset(f))}]`,
      `${what} at a base register plus an offset.`,
    ),
    form(
      `${name}_post`,
      '001',
      f => `${stem} ${registers(f)}, [${xOrSp(f.Rn)}], #${offset(f)}`,
      `${what} at a base register, then adds the offset to the base.`,
    ),
    form(
      `${name}_pre`,
      '011',
      f => `${stem} ${registers(f)}, [${xOrSp(f.Rn)}, #${offset(f)}]!`,
      `${what} at a base register plus an offset, which becomes the base.`,
    ),
  ];
  if (access.nonTemporal) {
    rows.push(
      form(
        nonTemporalId(name),
        '000',
        f => `${mnemonic(nonTemporalId(name))} ${registers(f)}, [${xOrSp(f.Rn)}${offsetText(offset(f))}]`,
        `${what} and hints that the data is not needed again soon.`,
      ),
    );
  }
  return rows;
}

/** Distance in bytes of a literal from its instruction. */
export const literalDistance = (f: Fields): number => signed(f.imm19, 19) * 4;

const literal = (id: string, opc: string, simd: boolean, rt: (f: Fields) => string): InstructionRow => ({
  id,
  bits: `${opc} 011 ${simd ? 1 : 0} 00 imm19:19 Rt:5`,
  ...(simd ? { when: (f: Fields) => f.opc < 3 } : {}),
  asm: (f, address) => `${mnemonic(id)} ${rt(f)}, ${target(address, literalDistance(f))}`,
  does: `Loads ${simd ? 'a SIMD and FP register' : 'a register'} from a place near the instruction.`,
});

/** The operation of a prefetch by its 5-bit number, or the number where it has no name. */
function prefetchText(operation: number): string {
  const type = ['pld', 'pli', 'pst'][operation >> 3];
  const level = (operation >> 1) & 3;
  return type && level < 3 ? `${type}l${level + 1}${operation & 1 ? 'strm' : 'keep'}` : `#${operation}`;
}

const prefetch = (id: string, bits: string, place: InstructionRow['asm']): InstructionRow => ({
  id,
  bits,
  ...(id === 'PRFM_reg' ? { when: (f: Fields) => (f.option & 2) !== 0 } : {}),
  asm: (f, address) => `${mnemonic(id)} ${prefetchText(f.Rt)}, ${place(f, address)}`,
  does: 'Hints that memory will be accessed soon.',
});

export const loadStoreRows: readonly InstructionRow[] = [
  ...integerAccesses.flatMap(accessRows),
  ...simdAccesses.flatMap(accessRows),
  ...pairAccesses.flatMap(pairRows),
  literal('LDR_lit', '0 sf:1', false, bySf),
  literal('LDRSW_lit', '10', false, xt),
  literal('LDR_fp_lit', 'opc:2', true, f => scalar(4 << f.opc, f.Rt)),
  prefetch('PRFM_uimm', '11 111 0 01 10 imm12:12 Rn:5 Rt:5', f => `[${xOrSp(f.Rn)}${offsetText(f.imm12 * 8)}]`),
  prefetch('PRFUM', '11 111 0 00 10 0 imm9:9 00 Rn:5 Rt:5', f => `[${xOrSp(f.Rn)}${offsetText(signed(f.imm9, 9))}]`),
  prefetch('PRFM_reg', '11 111 0 00 10 1 Rm:5 option:3 S:1 10 Rn:5 Rt:5', f => `[${xOrSp(f.Rn)}${indexText(f, 8)}]`),
  prefetch('PRFM_lit', '11 011 0 00 imm19:19 Rt:5', (f, address) => target(address, literalDistance(f))),
];

/**
 * Semantics of loads and stores of one register or a pair. Registers are written after the last access, so that an
 * abort changes nothing: first what was loaded, then the base, which therefore wins where it is also loaded.
 */

import {
  type Access,
  integerAccesses,
  literalDistance,
  nonTemporalId,
  pairAccesses,
  simdAccesses,
  unprivilegedId,
  unscaledId,
} from '../../arch/instructions/loads-stores.ts';
import { signed } from '../../arch/instructions/operands.ts';
import type { Fields } from '../../arch/instructions/row.ts';
import {
  bind,
  c64,
  type Expr,
  imm64,
  lane,
  load,
  local,
  op,
  pc,
  type Stmt,
  setV,
  setX,
  signExtend,
  store,
  UNPRIVILEGED,
  use,
  v,
  w,
  x,
  zeroExtend,
} from '../ir.ts';
import { MODE_ELEMENT_SHIFT } from '../layout.ts';
import { destination, type Handlers, type Lowered, type Lowerings, orSp, simd, source } from './handler.ts';

export const handlers: Handlers = {};
export const lowerings: Lowerings = {};

/** The mode of an access to several elements at once: only each element has to be aligned. */
export const elements = (bytes: number): number => (Math.log2(bytes) + 1) << MODE_ELEMENT_SHIFT;

const add = (a: Expr, b: Expr): Expr => op('i64.add', a, b);

// --- Addressing modes -----------------------------------------------------------------------------------------------

interface Mode {
  /** Statements before the access, its address, and statements after it. */
  readonly before: readonly Stmt[];
  readonly address: Expr;
  readonly after: readonly Stmt[];
  readonly flags?: number;
}

const index = { reg: x('rm'), uxtw: zeroExtend(w('rm')), sxtw: signExtend(w('rm')) };

/** Expressions belong to one handler each, so a mode is made anew for each. */
const modes = {
  imm: (): Mode => ({ before: [], address: add(x('rn'), imm64), after: [] }),
  unprivileged: (): Mode => ({ ...modes.imm(), flags: UNPRIVILEGED }),
  reg: (): Mode => indexed('reg'),
  uxtw: (): Mode => indexed('uxtw'),
  sxtw: (): Mode => indexed('sxtw'),
  lit: (): Mode => ({ before: [], address: add(pc, imm64), after: [] }),
  pre: (): Mode => {
    const [address, compute] = bind(add(x('rn'), imm64));
    return { before: [compute], address, after: [setX('rn', address)] };
  },
  post: (): Mode => {
    const [address, compute] = bind(x('rn'));
    return { before: [compute], address, after: [setX('rn', add(address, imm64))] };
  },
};
type ModeName = keyof typeof modes;

function indexed(kind: keyof typeof index): Mode {
  return { before: [], address: add(x('rn'), op('i64.shl', index[kind], imm64)), after: [] };
}

// --- One register ---------------------------------------------------------------------------------------------------

/** Loads a number of bytes as i32 or i64. */
function loadValue(mode: Mode, bytes: number, signedTo: number): [Expr, Stmt] {
  const value = local(signedTo === 32 ? 'i32' : 'i64');
  return [use(value), load(value, mode.address, bytes, signedTo !== 0, mode.flags)];
}

const loadName = (bytes: number, signedTo: number): string => `ldr${bytes}${signedTo ? `_s${signedTo}` : ''}`;

for (const name of Object.keys(modes) as ModeName[]) {
  for (const [bytes, signedTo] of [
    [1, 0],
    [1, 32],
    [1, 64],
    [2, 0],
    [2, 32],
    [2, 64],
    [4, 0],
    [4, 64],
    [8, 0],
  ] as const) {
    if (name === 'lit' && bytes < 4) continue;
    const mode = modes[name]();
    const [value, access] = loadValue(mode, bytes, signedTo);
    handlers[`${loadName(bytes, signedTo)}_${name}`] = {
      body: [...mode.before, access, setX('rd', value), ...mode.after],
    };
  }
  if (name !== 'lit') {
    for (const bytes of [1, 2, 4, 8]) {
      const mode = modes[name]();
      const value = bytes === 8 ? x('rd') : w('rd');
      handlers[`str${bytes}_${name}`] = {
        body: [...mode.before, store(mode.address, value, bytes, mode.flags), ...mode.after],
      };
    }
  }
  if (name === 'unprivileged') continue;
  for (const bytes of [1, 2, 4, 8, 16]) {
    if (!(name === 'lit' && bytes < 4)) {
      const mode = modes[name]();
      const value = local(bytes === 16 ? 'v128' : 'i64');
      const access = load(value, mode.address, bytes);
      handlers[`ldr_v${bytes}_${name}`] = {
        body: [...mode.before, access, ...writeV(use(value)), ...mode.after],
        fp: true,
      };
    }
    if (name !== 'lit') {
      const mode = modes[name]();
      const value = bytes === 16 ? v('rd') : bytes === 8 ? v('rd', 'i64') : v('rd', 'i32', 0, bytes);
      handlers[`str_v${bytes}_${name}`] = {
        body: [...mode.before, store(mode.address, value, bytes), ...mode.after],
        fp: true,
      };
    }
  }
}

/** Writes a SIMD register: a scalar of up to 64 bits clears the rest. */
function writeV(value: Expr, operand: 'rd' | 'rm' = 'rd'): Stmt[] {
  return value.type === 'v128' ? [setV(operand, value)] : [setV(operand, value), setV(operand, c64(0), 8)];
}

function lowerAccess(access: Access): void {
  const { name, bytes } = access;
  const handler = (f: Fields, mode: ModeName): string => {
    if (access.simd) return `${access.load ? 'ldr' : 'str'}_v${bytes(f)}_${mode}`;
    return `${access.load ? loadName(bytes(f), access.signed(f)) : `str${bytes(f)}`}_${mode}`;
  };
  const rt = (f: Fields): number => (access.simd ? simd : access.load ? destination : source)(f.Rt);
  const offset =
    (mode: ModeName) =>
    (f: Fields): Lowered => ({ handler: handler(f, mode), rd: rt(f), rn: orSp(f.Rn), imm: signed(f.imm9, 9) });
  lowerings[`${name}_uimm`] = f => ({
    handler: handler(f, 'imm'),
    rd: rt(f),
    rn: orSp(f.Rn),
    imm: f.imm12 * bytes(f),
  });
  lowerings[unscaledId(name)] = offset('imm');
  lowerings[`${name}_post`] = offset('post');
  lowerings[`${name}_pre`] = offset('pre');
  lowerings[`${name}_reg`] = f => ({
    handler: handler(f, f.option & 1 ? 'reg' : f.option === 2 ? 'uxtw' : 'sxtw'),
    rd: rt(f),
    rn: orSp(f.Rn),
    rm: source(f.Rm),
    imm: f.S ? Math.log2(bytes(f)) : 0,
  });
  if (!access.simd) lowerings[unprivilegedId(name)] = offset('unprivileged');
}
for (const access of [...integerAccesses, ...simdAccesses]) lowerAccess(access);

lowerings.LDR_lit = f => ({
  handler: `${loadName(f.sf ? 8 : 4, 0)}_lit`,
  rd: destination(f.Rt),
  imm: literalDistance(f),
});
lowerings.LDRSW_lit = f => ({ handler: 'ldr4_s64_lit', rd: destination(f.Rt), imm: literalDistance(f) });
lowerings.LDR_fp_lit = f => ({ handler: `ldr_v${4 << f.opc}_lit`, rd: simd(f.Rt), imm: literalDistance(f) });

// --- Pairs ----------------------------------------------------------------------------------------------------------

// A pair of up to 16 bytes in all is one access, whose halves have to be aligned.
const pairModes = ['imm', 'post', 'pre'] as const;

for (const name of pairModes) {
  const define = (stem: string, fp: boolean, make: (mode: Mode) => Stmt[]): void => {
    const mode = modes[name]();
    handlers[`${stem}_${name}`] = { body: [...mode.before, ...make(mode), ...mode.after], ...(fp ? { fp } : {}) };
  };
  /** Loads two words as one i64, or two doublewords as one vector. */
  const loadBoth = (mode: Mode, bytes: number): { both: Expr; access: Stmt } => {
    const both = local(bytes === 4 ? 'i64' : 'v128');
    return { both: use(both), access: load(both, mode.address, bytes * 2, false, elements(bytes)) };
  };
  const word = (both: Expr, half: number): Expr => op('i32.wrap_i64', half ? op('i64.shr_u', both, c64(32)) : both);
  const doubleword = (both: Expr, half: number): Expr => lane('i64x2.extract_lane', half, both);
  // Where both registers are the same one, QEMU leaves the first value in it; the architecture allows either.
  define('ldp4', false, mode => {
    const { both, access } = loadBoth(mode, 4);
    return [access, setX('rm', word(both, 1)), setX('rd', word(both, 0))];
  });
  define('ldp4_s64', false, mode => {
    const { both, access } = loadBoth(mode, 4);
    return [access, setX('rm', op('i64.shr_s', both, c64(32))), setX('rd', signExtend(word(both, 0)))];
  });
  define('ldp8', false, mode => {
    const { both, access } = loadBoth(mode, 8);
    return [access, setX('rm', doubleword(both, 1)), setX('rd', doubleword(both, 0))];
  });
  const joined = (low: Expr, high: Expr): Expr =>
    op('i64.or', zeroExtend(low), op('i64.shl', zeroExtend(high), c64(32)));
  const vectorOf = (low: Expr, high: Expr): Expr => lane('i64x2.replace_lane', 1, op('i64x2.splat', low), high);
  define('stp4', false, mode => [store(mode.address, joined(w('rd'), w('rm')), 8, elements(4))]);
  define('stp8', false, mode => [store(mode.address, vectorOf(x('rd'), x('rm')), 16, elements(8))]);
  define('ldp_v4', true, mode => {
    const { both, access } = loadBoth(mode, 4);
    return [access, ...writeV(zeroExtend(word(both, 0))), ...writeV(zeroExtend(word(both, 1)), 'rm')];
  });
  define('ldp_v8', true, mode => {
    const { both, access } = loadBoth(mode, 8);
    return [access, ...writeV(doubleword(both, 0)), ...writeV(doubleword(both, 1), 'rm')];
  });
  define('ldp_v16', true, mode => {
    const [first, second] = [local('v128'), local('v128')];
    return [
      load(first, mode.address, 16),
      load(second, add(mode.address, c64(16)), 16),
      ...writeV(use(first)),
      ...writeV(use(second), 'rm'),
    ];
  });
  define('stp_v4', true, mode => [store(mode.address, joined(v('rd', 'i32'), v('rm', 'i32')), 8, elements(4))]);
  define('stp_v8', true, mode => [store(mode.address, vectorOf(v('rd', 'i64'), v('rm', 'i64')), 16, elements(8))]);
  define('stp_v16', true, mode => [store(mode.address, v('rd'), 16), store(add(mode.address, c64(16)), v('rm'), 16)]);
}

for (const access of pairAccesses) {
  const { name, bytes } = access;
  const lower =
    (mode: (typeof pairModes)[number]) =>
    (f: Fields): Lowered => {
      const register = access.simd ? simd : access.load ? destination : source;
      const kind = access.simd ? `_v${bytes(f)}` : `${bytes(f)}${access.signed ? '_s64' : ''}`;
      return {
        handler: `${access.load ? 'ldp' : 'stp'}${kind}_${mode}`,
        rd: register(f.Rt),
        rm: register(f.Rt2),
        rn: orSp(f.Rn),
        imm: signed(f.imm7, 7) * bytes(f),
      };
    };
  for (const mode of pairModes) lowerings[`${name}_${mode}`] = lower(mode);
  if (access.nonTemporal) lowerings[nonTemporalId(name)] = lower('imm');
}

// --- Hints ----------------------------------------------------------------------------------------------------------

for (const id of ['PRFM_uimm', 'PRFUM', 'PRFM_reg', 'PRFM_lit']) lowerings[id] = () => ({ handler: 'nop' });

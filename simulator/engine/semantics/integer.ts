/** Semantics of integer data processing. A handler is an operation at a width with a kind of second operand. */

import { logicalImmediate } from '../../arch/instructions/bitmask.ts';
import { adrDistance } from '../../arch/instructions/data-processing-immediate.ts';
import type { Fields } from '../../arch/instructions/row.ts';
import {
  arith,
  bind,
  c32,
  c64,
  call,
  condition,
  conditionMask,
  constant,
  type Expr,
  either,
  type FlagKind,
  flag,
  flags,
  imm64,
  immHigh,
  immLow,
  number,
  op,
  pc,
  r,
  type Stmt,
  select,
  setNzcv,
  setX,
  signExtend,
  w,
  when,
  x,
  zeroExtend,
} from '../ir.ts';
import { destination, type Handlers, type Lowered, type Lowerings, orSp, source } from './handler.ts';

export const handlers: Handlers = {};
export const lowerings: Lowerings = {};

const define = (name: string, body: readonly Stmt[]): void => {
  handlers[name] = { body };
};

const widths = [32, 64] as const;
const widthOf = (f: Fields): 32 | 64 => (f.sf ? 64 : 32);
const not = (width: number, a: Expr): Expr => arith(width, 'xor', a, constant(width, -1));
/** A condition (i32) as a number of the given width. */
const asWidth = (width: number, a: Expr): Expr => (width === 64 ? zeroExtend(a) : a);

// --- Second operands ------------------------------------------------------------------------------------------------

const shiftNames = ['lsl', 'lsr', 'asr', 'ror'] as const;
const shiftOps = { lsl: 'shl', lsr: 'shr_u', asr: 'shr_s', ror: 'rotr' } as const;
const immediate = (width: number): Expr => (width === 64 ? imm64 : immLow);

type SecondOperand = 'imm' | 'reg' | (typeof shiftNames)[number] | (typeof extensionNames)[number];
const extensionNames = ['uxtb', 'uxth', 'uxtw', 'uxtx', 'sxtb', 'sxth', 'sxtw', 'sxtx'] as const;

function extension(width: number, name: (typeof extensionNames)[number]): Expr {
  const rm = r(width, 'rm');
  switch (name) {
    case 'uxtb':
      return arith(width, 'and', rm, constant(width, 0xff));
    case 'uxth':
      return arith(width, 'and', rm, constant(width, 0xffff));
    case 'uxtw':
      return width === 64 ? zeroExtend(w('rm')) : rm;
    case 'sxtb':
      return arith(width, 'extend8_s', rm);
    case 'sxth':
      return arith(width, 'extend16_s', rm);
    case 'sxtw':
      return width === 64 ? signExtend(w('rm')) : rm;
    default:
      return rm;
  }
}

function second(width: number, kind: SecondOperand): Expr {
  if (kind === 'imm') return immediate(width);
  if (kind === 'reg') return r(width, 'rm');
  if (kind in shiftOps) {
    return arith(width, shiftOps[kind as keyof typeof shiftOps], r(width, 'rm'), immediate(width));
  }
  return arith(width, 'shl', extension(width, kind as (typeof extensionNames)[number]), immediate(width));
}

/** Extensions that differ at a width: 32-bit operands have nothing above bit 31 to extend. */
const extensionKinds = (width: number): readonly SecondOperand[] =>
  width === 64 ? ['uxtb', 'uxth', 'uxtw', 'sxtb', 'sxth', 'sxtw'] : ['uxtb', 'uxth', 'sxtb', 'sxth'];

// --- Add, subtract, compare; logic ----------------------------------------------------------------------------------

for (const width of widths) {
  for (const kind of ['imm', 'reg', 'lsl', 'lsr', 'asr', ...extensionKinds(width)] as const) {
    for (const name of ['add', 'sub'] as const) {
      // SUB with an immediate adds its negative.
      if (name === 'add' || kind !== 'imm') {
        define(`${name}_${kind}${width}`, [setX('rd', arith(width, name, r(width, 'rn'), second(width, kind)))]);
      }
      const flagKind: FlagKind = `${name}${width}`;
      const [a, bindA] = bind(r(width, 'rn'));
      const [b, bindB] = bind(second(width, kind));
      define(`${name}s_${kind}${width}`, [bindA, bindB, setX('rd', arith(width, name, a, b)), flags(flagKind, a, b)]);
      define(`${name === 'add' ? 'cmn' : 'cmp'}_${kind}${width}`, [
        flags(flagKind, r(width, 'rn'), second(width, kind)),
      ]);
    }
  }
  for (const kind of ['imm', 'reg', ...shiftNames] as const) {
    for (const invert of kind === 'imm' ? [false] : [false, true]) {
      const b = invert ? not(width, second(width, kind)) : second(width, kind);
      for (const [name, inverse, operation] of [
        ['and', 'bic', 'and'],
        ['orr', 'orn', 'or'],
        ['eor', 'eon', 'xor'],
      ] as const) {
        define(`${invert ? inverse : name}_${kind}${width}`, [setX('rd', arith(width, operation, r(width, 'rn'), b))]);
      }
      const [result, compute] = bind(arith(width, 'and', r(width, 'rn'), b));
      const zero = constant(width, 0);
      define(`${invert ? 'bics' : 'ands'}_${kind}${width}`, [
        compute,
        setX('rd', result),
        flags(`logic${width}`, result, zero),
      ]);
      define(`${invert ? 'tst_not' : 'tst'}_${kind}${width}`, [
        flags(`logic${width}`, arith(width, 'and', r(width, 'rn'), b), zero),
      ]);
    }
  }
  define(`mov${width}`, [setX('rd', r(width, 'rn'))]);
}

const shiftKind = (f: Fields): SecondOperand => (f.imm6 === 0 ? 'reg' : shiftNames[f.shift]);

/** The immediate of an arithmetic instruction at its width. */
const arithmeticImmediate = (f: Fields): number => (f.sh ? f.imm12 << 12 : f.imm12);

lowerings.ADD_imm = f => addImmediate(f, arithmeticImmediate(f));
lowerings.SUB_imm = f => addImmediate(f, -arithmeticImmediate(f));
function addImmediate(f: Fields, imm: number): Lowered {
  const operands = { rd: orSp(f.Rd), rn: orSp(f.Rn) };
  return imm === 0
    ? { handler: `mov${widthOf(f)}`, ...operands }
    : { handler: `add_imm${widthOf(f)}`, ...operands, imm };
}
lowerings.ADDS_imm = f => setFlagsImmediate(f, 'adds', 'cmn');
lowerings.SUBS_imm = f => setFlagsImmediate(f, 'subs', 'cmp');
function setFlagsImmediate(f: Fields, name: string, compare: string): Lowered {
  const operands = { rn: orSp(f.Rn), imm: arithmeticImmediate(f) };
  if (f.Rd === 31) return { handler: `${compare}_imm${widthOf(f)}`, ...operands };
  return { handler: `${name}_imm${widthOf(f)}`, rd: destination(f.Rd), ...operands };
}

for (const [id, name, compare] of [
  ['ADD', 'add', ''],
  ['ADDS', 'adds', 'cmn'],
  ['SUB', 'sub', ''],
  ['SUBS', 'subs', 'cmp'],
] as const) {
  lowerings[`${id}_reg`] = f => {
    const operands = { rn: source(f.Rn), rm: source(f.Rm), imm: f.imm6 };
    const form = `${shiftKind(f)}${widthOf(f)}`;
    if (compare && f.Rd === 31) return { handler: `${compare}_${form}`, ...operands };
    return { handler: `${name}_${form}`, rd: destination(f.Rd), ...operands };
  };
  lowerings[`${id}_ext`] = f => {
    const width = widthOf(f);
    const plain = width === 64 ? (f.option & 3) === 3 : (f.option & 3) >= 2;
    const kind = plain ? (f.imm3 ? 'lsl' : 'reg') : extensionNames[f.option];
    const operands = { rn: orSp(f.Rn), rm: source(f.Rm), imm: f.imm3 };
    if (compare && f.Rd === 31) return { handler: `${compare}_${kind}${width}`, ...operands };
    return { handler: `${name}_${kind}${width}`, rd: compare ? destination(f.Rd) : orSp(f.Rd), ...operands };
  };
}

const logicalMask = (f: Fields): bigint | undefined => logicalImmediate(widthOf(f), f.N, f.immr, f.imms);
for (const [id, name] of [
  ['AND', 'and'],
  ['ORR', 'orr'],
  ['EOR', 'eor'],
  ['ANDS', 'ands'],
] as const) {
  lowerings[`${id}_imm`] = f => {
    const imm = logicalMask(f);
    if (imm === undefined) return undefined;
    if (id === 'ORR' && f.Rn === 31) return { handler: 'mov_imm', rd: orSp(f.Rd), imm };
    const operands = { rn: source(f.Rn), imm };
    if (id === 'ANDS' && f.Rd === 31) return { handler: `tst_imm${widthOf(f)}`, ...operands };
    const rd = id === 'ANDS' ? destination(f.Rd) : orSp(f.Rd);
    return { handler: `${name}_imm${widthOf(f)}`, rd, ...operands };
  };
}
for (const [id, name] of [
  ['AND', 'and'],
  ['BIC', 'bic'],
  ['ORR', 'orr'],
  ['ORN', 'orn'],
  ['EOR', 'eor'],
  ['EON', 'eon'],
  ['ANDS', 'ands'],
  ['BICS', 'bics'],
] as const) {
  lowerings[`${id}_reg`] = f => {
    const form = `${shiftKind(f)}${widthOf(f)}`;
    const operands = { rn: source(f.Rn), rm: source(f.Rm), imm: f.imm6 };
    if (id === 'ORR' && f.Rn === 31 && f.imm6 === 0) {
      return { handler: `mov${widthOf(f)}`, rd: destination(f.Rd), rn: operands.rm };
    }
    if (f.Rd === 31 && id === 'ANDS') return { handler: `tst_${form}`, ...operands };
    if (f.Rd === 31 && id === 'BICS') return { handler: `tst_not_${form}`, ...operands };
    return { handler: `${name}_${form}`, rd: destination(f.Rd), ...operands };
  };
}

// --- Add and subtract with carry ------------------------------------------------------------------------------------

/** N, Z, C and V of `result = a + b + carry`: the carry out and the overflow follow from the three top bits. */
function carryFlags(width: number, a: Expr, b: Expr, result: Expr): Expr {
  const top = (value: Expr): Expr => {
    const bit = arith(width, 'shr_u', value, constant(width, width - 1));
    return width === 64 ? op('i32.wrap_i64', bit) : bit;
  };
  const either = arith(width, 'and', arith(width, 'or', a, b), not(width, result));
  const carryOut = top(arith(width, 'or', arith(width, 'and', a, b), either));
  const overflow = top(arith(width, 'and', arith(width, 'xor', a, result), arith(width, 'xor', b, result)));
  const shifted = (value: Expr, by: number): Expr => op('i32.shl', value, c32(by));
  return op(
    'i32.or',
    op('i32.or', shifted(top(result), 3), shifted(arith(width, 'eqz', result), 2)),
    op('i32.or', shifted(carryOut, 1), overflow),
  );
}

for (const width of widths) {
  for (const [name, invert] of [
    ['adc', false],
    ['sbc', true],
  ] as const) {
    const [a, bindA] = bind(r(width, 'rn'));
    const [b, bindB] = bind(invert ? not(width, r(width, 'rm')) : r(width, 'rm'));
    const [result, compute] = bind(arith(width, 'add', arith(width, 'add', a, b), asWidth(width, flag('c'))));
    define(`${name}${width}`, [bindA, bindB, compute, setX('rd', result)]);
    define(`${name}s${width}`, [bindA, bindB, compute, setX('rd', result), setNzcv(carryFlags(width, a, b, result))]);
  }
}
for (const name of ['adc', 'adcs', 'sbc', 'sbcs']) {
  lowerings[name.toUpperCase()] = f => ({
    handler: `${name}${widthOf(f)}`,
    rd: destination(f.Rd),
    rn: source(f.Rn),
    rm: source(f.Rm),
  });
}

// --- Conditional compare and select ---------------------------------------------------------------------------------

// The low half of the immediate has the condition's mask in bits 15:0 and NZCV for a failed condition in bits 19:16.
for (const width of widths) {
  for (const name of ['add', 'sub'] as const) {
    for (const kind of ['reg', 'imm'] as const) {
      const b = kind === 'reg' ? r(width, 'rm') : asWidth(width, immHigh);
      define(`${name === 'add' ? 'ccmn' : 'ccmp'}_${kind}${width}`, [
        when(
          condition(immLow),
          [flags(`${name}${width}`, r(width, 'rn'), b)],
          [setNzcv(op('i32.shr_u', immLow, c32(16)))],
        ),
      ]);
    }
  }
}
for (const name of ['ccmn', 'ccmp']) {
  const imm = (f: Fields): number => conditionMask(f.cond) | (f.nzcv << 16);
  lowerings[`${name.toUpperCase()}_reg`] = f => ({
    handler: `${name}_reg${widthOf(f)}`,
    rn: source(f.Rn),
    rm: source(f.Rm),
    imm: imm(f),
  });
  lowerings[`${name.toUpperCase()}_imm`] = f => ({
    handler: `${name}_imm${widthOf(f)}`,
    rn: source(f.Rn),
    imm: imm(f),
    high: f.Rm,
  });
}

for (const width of widths) {
  const rm = r(width, 'rm');
  const choices = {
    csel: rm,
    csinc: arith(width, 'add', rm, constant(width, 1)),
    csinv: not(width, rm),
    csneg: arith(width, 'sub', constant(width, 0), rm),
  };
  for (const [name, otherwise] of Object.entries(choices)) {
    define(`${name}${width}`, [setX('rd', select(condition(immLow), r(width, 'rn'), otherwise))]);
    lowerings[name.toUpperCase()] = f => ({
      handler: `${name}${widthOf(f)}`,
      rd: destination(f.Rd),
      rn: source(f.Rn),
      rm: source(f.Rm),
      imm: conditionMask(f.cond),
    });
  }
}

// --- Moves of immediates and addresses ------------------------------------------------------------------------------

define('mov_imm', [setX('rd', imm64)]);
for (const lane of [0, 1, 2, 3]) {
  const others = c64(~(0xffffn << BigInt(lane * 16)));
  define(`movk${lane}`, [setX('rd', op('i64.or', op('i64.and', x('rd'), others), imm64))]);
}
// The 32-bit form clears the upper half by a mask that leaves nothing of it.
for (const lane of [0, 1]) {
  const others = c32(~(0xffff << (lane * 16)));
  define(`movk${lane}_32`, [setX('rd', op('i32.or', op('i32.and', w('rd'), others), immLow))]);
}
const wide = (f: Fields): bigint => BigInt(f.imm16) << BigInt(f.hw * 16);
lowerings.MOVZ = f => ({ handler: 'mov_imm', rd: destination(f.Rd), imm: wide(f) });
lowerings.MOVN = f => ({ handler: 'mov_imm', rd: destination(f.Rd), imm: BigInt.asUintN(widthOf(f), ~wide(f)) });
lowerings.MOVK = f => ({ handler: `movk${f.hw}${f.sf ? '' : '_32'}`, rd: destination(f.Rd), imm: wide(f) });

define('adr', [setX('rd', op('i64.add', pc, imm64))]);
define('adrp', [setX('rd', op('i64.add', op('i64.and', pc, c64(-4096)), imm64))]);
lowerings.ADR = f => ({ handler: 'adr', rd: destination(f.Rd), imm: adrDistance(f) });
lowerings.ADRP = f => ({ handler: 'adrp', rd: destination(f.Rd), imm: BigInt(adrDistance(f)) << 12n });

// --- Bit fields -----------------------------------------------------------------------------------------------------

// Unsigned extraction and insertion of a field within the low half are the same at 32 and 64 bits.
const rmNumber = zeroExtend(number('rm'));
define('ubfx', [setX('rd', op('i64.and', op('i64.shr_u', x('rn'), rmNumber), imm64))]);
define('ubfiz', [setX('rd', op('i64.shl', op('i64.and', x('rn'), imm64), rmNumber))]);
for (const width of widths) {
  for (const name of ['lsl', 'lsr', 'asr', 'ror'] as const) {
    define(`${name}_imm${width}`, [setX('rd', arith(width, shiftOps[name], r(width, 'rn'), immediate(width)))]);
  }
  const amount = (half: Expr): Expr => asWidth(width, half);
  define(`sbfm${width}`, [
    setX('rd', arith(width, 'shr_s', arith(width, 'shl', r(width, 'rn'), amount(immLow)), amount(immHigh))),
  ]);
  for (const bits of [8, 16, ...(width === 64 ? [32] : [])]) {
    define(`sxt${bits}_${width}`, [setX('rd', arith(width, `extend${bits}_s`, r(width, 'rn')))]);
  }
  // A field that is inserted is rotated into place and merged under a mask.
  const rotated = op('i64.rotr', x('rn'), rmNumber);
  const field = width === 64 ? rotated : op('i32.wrap_i64', rotated);
  const mask = immediate(width);
  define(`bfm${width}`, [
    setX(
      'rd',
      arith(width, 'or', arith(width, 'and', r(width, 'rd'), not(width, mask)), arith(width, 'and', field, mask)),
    ),
  ]);
  define(`extr${width}`, [
    setX(
      'rd',
      arith(
        width,
        'or',
        arith(width, 'shl', r(width, 'rn'), arith(width, 'sub', constant(width, width), immediate(width))),
        arith(width, 'shr_u', r(width, 'rm'), immediate(width)),
      ),
    ),
  ]);
}

const ones = (bits: number): bigint => (1n << BigInt(bits)) - 1n;

lowerings.UBFM = f => {
  const width = widthOf(f);
  const operands = { rd: destination(f.Rd), rn: source(f.Rn) };
  const { immr, imms } = f;
  if (imms === width - 1) {
    return immr ? { handler: `lsr_imm${width}`, ...operands, imm: immr } : { handler: `mov${width}`, ...operands };
  }
  if (imms + 1 === immr) return { handler: `lsl_imm${width}`, ...operands, imm: width - immr };
  if (immr === 0) return { handler: 'and_imm64', ...operands, imm: ones(imms + 1) };
  if (imms >= immr) return { handler: 'ubfx', ...operands, rm: immr, imm: ones(imms - immr + 1) };
  return { handler: 'ubfiz', ...operands, rm: width - immr, imm: ones(imms + 1) };
};
lowerings.SBFM = f => {
  const width = widthOf(f);
  const operands = { rd: destination(f.Rd), rn: source(f.Rn) };
  const { immr, imms } = f;
  if (imms === width - 1) return { handler: `asr_imm${width}`, ...operands, imm: immr };
  if (immr === 0 && (imms === 7 || imms === 15 || imms === 31)) {
    return { handler: `sxt${imms + 1}_${width}`, ...operands };
  }
  // Left until the field's sign is the top bit, then right until it is in place.
  const right = imms >= immr ? width - 1 - imms + immr : immr - imms - 1;
  return { handler: `sbfm${width}`, ...operands, imm: width - 1 - imms, high: right };
};
lowerings.BFM = f => {
  const width = widthOf(f);
  const { immr, imms } = f;
  const operands = { handler: `bfm${width}`, rd: destination(f.Rd), rn: source(f.Rn) };
  if (imms >= immr) return { ...operands, rm: immr, imm: ones(imms - immr + 1) };
  const lsb = width - immr;
  return { ...operands, rm: 64 - lsb, imm: ones(imms + 1) << BigInt(lsb) };
};
lowerings.EXTR = f => {
  const width = widthOf(f);
  const operands = { rd: destination(f.Rd), rn: source(f.Rn) };
  if (f.imms === 0) return { handler: `mov${width}`, rd: operands.rd, rn: source(f.Rm) };
  if (f.Rn === f.Rm) return { handler: `ror_imm${width}`, ...operands, imm: f.imms };
  return { handler: `extr${width}`, ...operands, rm: source(f.Rm), imm: f.imms };
};

// --- Multiply, divide, shift by register ----------------------------------------------------------------------------

for (const width of widths) {
  const product = arith(width, 'mul', r(width, 'rn'), r(width, 'rm'));
  define(`mul${width}`, [setX('rd', product)]);
  define(`madd${width}`, [setX('rd', arith(width, 'add', r(width, 'ra'), product))]);
  define(`msub${width}`, [setX('rd', arith(width, 'sub', r(width, 'ra'), product))]);
  const [n, bindN] = bind(r(width, 'rn'));
  const [m, bindM] = bind(r(width, 'rm'));
  const zero = constant(width, 0);
  const byZero = arith(width, 'eqz', m);
  define(`udiv${width}`, [bindN, bindM, setX('rd', either(byZero, zero, arith(width, 'div_u', n, m)))]);
  // Division by -1 is negation, which is also right for the least number; WebAssembly traps there.
  const byMinusOne = arith(width, 'eq', m, constant(width, -1));
  const quotient = either(byMinusOne, arith(width, 'sub', zero, n), arith(width, 'div_s', n, m));
  define(`sdiv${width}`, [bindN, bindM, setX('rd', either(byZero, zero, quotient))]);
  for (const name of shiftNames) {
    define(`${name}v${width}`, [setX('rd', arith(width, shiftOps[name], r(width, 'rn'), r(width, 'rm')))]);
  }
}
/** The high 64 bits of a product of 128, from products of halves. */
function highProduct(isSigned: boolean): Stmt[] {
  const times = (a: Expr, b: Expr): Expr => op('i64.mul', a, b);
  const plus = (a: Expr, b: Expr): Expr => op('i64.add', a, b);
  const low = (a: Expr): Expr => op('i64.and', a, c64(0xffffffffn));
  const high = (a: Expr): Expr => op('i64.shr_u', a, c64(32));
  const [n, bindN] = bind(x('rn'));
  const [m, bindM] = bind(x('rm'));
  const [middle, bindMiddle] = bind(plus(times(high(n), low(m)), high(times(low(n), low(m)))));
  const [other, bindOther] = bind(plus(times(low(n), high(m)), low(middle)));
  const unsigned = plus(plus(times(high(n), high(m)), high(middle)), high(other));
  // As unsigned numbers, a negative factor is 2^64 too large: the other factor has to go from the high half.
  const excess = (a: Expr, b: Expr): Expr => op('i64.and', op('i64.shr_s', a, c64(63)), b);
  const result = isSigned ? op('i64.sub', op('i64.sub', unsigned, excess(n, m)), excess(m, n)) : unsigned;
  return [bindN, bindM, bindMiddle, bindOther, setX('rd', result)];
}
const long = (extend: (value: Expr) => Expr): Expr => op('i64.mul', extend(w('rn')), extend(w('rm')));
for (const [sign, extend] of [
  ['s', signExtend],
  ['u', zeroExtend],
] as const) {
  define(`${sign}maddl`, [setX('rd', op('i64.add', x('ra'), long(extend)))]);
  define(`${sign}msubl`, [setX('rd', op('i64.sub', x('ra'), long(extend)))]);
  define(`${sign}mulh`, highProduct(sign === 's'));
}

const three = (f: Fields): Omit<Lowered, 'handler'> => ({
  rd: destination(f.Rd),
  rn: source(f.Rn),
  rm: source(f.Rm),
});
lowerings.MADD = f =>
  f.Ra === 31
    ? { handler: `mul${widthOf(f)}`, ...three(f) }
    : { handler: `madd${widthOf(f)}`, ...three(f), ra: source(f.Ra) };
lowerings.MSUB = f => ({ handler: `msub${widthOf(f)}`, ...three(f), ra: source(f.Ra) });
for (const name of ['smaddl', 'smsubl', 'umaddl', 'umsubl']) {
  lowerings[name.toUpperCase()] = f => ({ handler: name, ...three(f), ra: source(f.Ra) });
}
for (const name of ['smulh', 'umulh']) lowerings[name.toUpperCase()] = f => ({ handler: name, ...three(f) });
for (const name of ['udiv', 'sdiv', 'lslv', 'lsrv', 'asrv', 'rorv']) {
  lowerings[name.toUpperCase()] = f => ({ handler: `${name}${widthOf(f)}`, ...three(f) });
}

// --- Bits and bytes of one register, checksums ----------------------------------------------------------------------

/** Swaps neighbouring groups of `bits` bits. */
function swap(width: number, value: Expr, bits: number): Expr {
  const all = BigInt.asUintN(width, -1n);
  const low = all / ((1n << BigInt(bits)) + 1n);
  const by = constant(width, bits);
  return arith(
    width,
    'or',
    arith(width, 'shl', arith(width, 'and', value, constant(width, low)), by),
    arith(width, 'and', arith(width, 'shr_u', value, by), constant(width, low)),
  );
}
/** The statements that swap groups of each size in turn and write the last result. */
function swaps(width: number, sizes: readonly number[]): Stmt[] {
  const body: Stmt[] = [];
  let value = r(width, 'rn');
  for (const size of sizes) {
    const [next, compute] = bind(value);
    body.push(compute);
    // A swap of halves is a rotation.
    value = size * 2 === width ? arith(width, 'rotl', next, constant(width, size)) : swap(width, next, size);
  }
  return [...body, setX('rd', value)];
}

for (const width of widths) {
  const powers = [1, 2, 4, 8, 16, 32].filter(size => size < width);
  define(`rev16_${width}`, swaps(width, [8]));
  define(
    `rev${width}`,
    swaps(
      width,
      powers.filter(size => size >= 8),
    ),
  );
  define(`rbit${width}`, swaps(width, powers));
  define(`clz${width}`, [setX('rd', arith(width, 'clz', r(width, 'rn')))]);
  const [n, bindN] = bind(r(width, 'rn'));
  const folded = arith(width, 'xor', n, arith(width, 'shr_s', n, constant(width, width - 1)));
  define(`cls${width}`, [bindN, setX('rd', arith(width, 'sub', arith(width, 'clz', folded), constant(width, 1)))]);
}
define('rev32_64', swaps(64, [8, 16]));

const two = (f: Fields): Omit<Lowered, 'handler'> => ({ rd: destination(f.Rd), rn: source(f.Rn) });
lowerings.RBIT = f => ({ handler: `rbit${widthOf(f)}`, ...two(f) });
lowerings.REV16 = f => ({ handler: `rev16_${widthOf(f)}`, ...two(f) });
lowerings.REV32 = f => ({ handler: 'rev32_64', ...two(f) });
lowerings.REV_w = f => ({ handler: 'rev32', ...two(f) });
lowerings.REV_x = f => ({ handler: 'rev64', ...two(f) });
lowerings.CLZ = f => ({ handler: `clz${widthOf(f)}`, ...two(f) });
lowerings.CLS = f => ({ handler: `cls${widthOf(f)}`, ...two(f) });

for (const c of ['', 'c']) {
  for (const [size, letter] of ['b', 'h', 'w', 'x'].entries()) {
    const name = `crc32${c}${letter}`;
    const value = letter === 'x' ? x('rm') : zeroExtend(w('rm'));
    define(name, [setX('rd', call('i32', `crc32${c}`, w('rn'), value, c32(1 << size)))]);
    lowerings[name.toUpperCase()] = f => ({ handler: name, ...three(f) });
  }
}

// --- Flags ----------------------------------------------------------------------------------------------------------

/** NZCV as an i32 in bits 3:0. */
export const nzcv = (): Expr =>
  op(
    'i32.or',
    op('i32.or', op('i32.shl', flag('n'), c32(3)), op('i32.shl', flag('z'), c32(2))),
    op('i32.or', op('i32.shl', flag('c'), c32(1)), flag('v')),
  );
const bit = (value: Expr, number: number): Expr => op('i32.and', op('i32.shr_u', value, c32(number)), c32(1));
const nzcvOf = (n: Expr, z: Expr, c: Expr, v: Expr): Expr =>
  op(
    'i32.or',
    op('i32.or', op('i32.shl', n, c32(3)), op('i32.shl', z, c32(2))),
    op('i32.or', op('i32.shl', c, c32(1)), v),
  );
const inverse = (a: Expr): Expr => op('i32.xor', a, c32(1));

define('cfinv', [setNzcv(op('i32.xor', nzcv(), c32(2)))]);
// Arm ARM C6.2, "AXFLAG" and "XAFLAG".
define('axflag', [
  setNzcv(nzcvOf(c32(0), op('i32.or', flag('z'), flag('v')), op('i32.and', flag('c'), inverse(flag('v'))), c32(0))),
]);
define('xaflag', [
  setNzcv(
    nzcvOf(
      op('i32.and', inverse(flag('c')), inverse(flag('z'))),
      op('i32.and', flag('z'), flag('c')),
      op('i32.or', flag('c'), flag('z')),
      op('i32.and', inverse(flag('c')), flag('z')),
    ),
  ),
]);
for (const name of ['cfinv', 'axflag', 'xaflag']) lowerings[name.toUpperCase()] = () => ({ handler: name });

const rotated = op('i32.wrap_i64', op('i64.rotr', x('rn'), rmNumber));
define('rmif', [
  setNzcv(op('i32.or', op('i32.and', rotated, immLow), op('i32.and', nzcv(), op('i32.xor', immLow, c32(15))))),
]);
lowerings.RMIF = f => ({ handler: 'rmif', rn: source(f.Rn), rm: f.imm6, imm: f.mask });
for (const width of [8, 16]) {
  const sign = bit(w('rn'), width - 1);
  const low = op('i32.and', w('rn'), c32((1 << width) - 1));
  const overflow = op('i32.xor', bit(w('rn'), width), sign);
  define(`setf${width}`, [setNzcv(nzcvOf(sign, op('i32.eqz', low), flag('c'), overflow))]);
  lowerings[`SETF${width}`] = f => ({ handler: `setf${width}`, rn: source(f.Rn) });
}

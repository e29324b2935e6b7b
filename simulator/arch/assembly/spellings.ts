/**
 * What GNU as takes and no row prints: second names of instructions, forms that only an assembler knows, and the names
 * of instructions that no PE here has.
 */

import { conditions } from '../instructions/operands.ts';
import type { Form, Place } from './forms.ts';

/** Operations of PRFM by name. */
export const prefetchNames: ReadonlySet<string> = new Set(
  ['pld', 'pli', 'pst'].flatMap(type =>
    [1, 2, 3].flatMap(level => ['keep', 'strm'].map(policy => `${type}l${level}${policy}`)),
  ),
);

/** Mnemonics whose first operand is a name of the register tables; `names.ts` judges them. */
export const namedOperands: ReadonlySet<string> = new Set(
  'mrs msr at dc ic tlbi cfp dvp cpp sys sysl dmb dsb isb'.split(' '),
);

interface Respelling {
  /** The mnemonic whose forms it shares. */
  readonly of: string;
  /** Which of them, and how their places differ; all as they are when left out. */
  readonly replace?: (places: readonly Place[]) => readonly Place[] | undefined;
}

/** Conditions of branches under the names that SVE gives them. */
const predicateConditions = 'none any nlast last first nfrst pmore plast tcont tstop'.split(' ');

const scalarElement = (places: readonly Place[]): readonly Place[] | undefined =>
  places[0].kind === 'scalar' && places[2]?.kind === 'vector' ? places : undefined;

/** The forms of AND with the immediate inverted. */
const inverse = (places: readonly Place[]): readonly Place[] | undefined => {
  const last = places[4];
  if (last?.kind !== 'number' || !last.numbers?.bitmask) return undefined;
  return [...places.slice(0, 4), { kind: 'number', numbers: { ...last.numbers, inverted: true } }];
};

/** Second names. */
export const respelled: Readonly<Record<string, readonly Respelling[]>> = {
  lslv: [{ of: 'lsl', replace: places => (places[4]?.kind === 'general' ? places : undefined) }],
  lsrv: [{ of: 'lsr', replace: places => (places[4]?.kind === 'general' ? places : undefined) }],
  asrv: [{ of: 'asr', replace: places => (places[4]?.kind === 'general' ? places : undefined) }],
  rorv: [{ of: 'ror', replace: places => (places[4]?.kind === 'general' ? places : undefined) }],
  not: [{ of: 'mvn', replace: places => (places[0].kind === 'vector' ? places : undefined) }],
  ins: [
    {
      of: 'mov',
      replace: places =>
        places[1]?.kind === 'mark' && places[0].kind === 'vector' && places[1].text === '[' ? places : undefined,
    },
  ],
  umov: [
    {
      of: 'mov',
      replace: places => (places[0].kind === 'general' && places[2]?.kind === 'vector' ? places : undefined),
    },
  ],
  dup: [{ of: 'mov', replace: scalarElement }],
  bic: [{ of: 'and', replace: inverse }],
  // ORR of a register with XZR, shifted.
  mov: [{ of: 'mvn', replace: places => (places[0].kind === 'general' && places.length > 3 ? places : undefined) }],
  // A lengthening shift by nothing.
  ...Object.fromEntries(
    ['s', 'u'].flatMap(sign =>
      ['', '2'].map(half => [
        `${sign}xtl${half}`,
        [{ of: `${sign}shll${half}`, replace: (places: readonly Place[]) => places.slice(0, 3) }],
      ]),
    ),
  ),
  ...Object.fromEntries(
    [...conditions, 'cs', 'cc', ...predicateConditions].flatMap(condition => [
      ...(conditions.includes(condition) ? [] : [[`b.${condition}`, [{ of: 'b.eq' }]]]),
      ...(condition === 'al' || condition === 'nv' || predicateConditions.includes(condition)
        ? []
        : [[`b${condition}`, [{ of: 'b.eq' }]]]),
    ]),
  ),
};

const comma: Place = { kind: 'mark', text: ',' };
const general = (width: 32 | 64): Place => ({ kind: 'general', width, zero: true, stack: false, plain: true });
const number = (min: number, max: number): Place => ({
  kind: 'number',
  numbers: { min: BigInt(min), max: BigInt(max), step: 1n },
});
const stackPointer = (width: 32 | 64): Place => ({ kind: 'general', width, zero: false, stack: true, plain: false });
const bitmask = (width: 32 | 64): Place => ({
  kind: 'number',
  numbers: { min: 0n, max: 0n, step: 1n, bitmask: width },
});
const list = (...places: Place[]): Place[] => places.flatMap((place, n) => (n ? [comma, place] : [place]));
const widths = [32, 64] as const;
const bothWidths = (of: (width: 32 | 64) => Place[]): Place[][] => widths.map(of);

/** Bit fields by their ends, of which rows print an alias. */
const bitfieldMove = bothWidths(width =>
  list(general(width), general(width), number(0, width - 1), number(0, width - 1)),
);
const oneOperand = bothWidths(width => list(general(width), general(width)));
const twoOperands = (min: number, max: number): Place[][] =>
  bothWidths(width => list(general(width), general(width), general(width))).concat(
    bothWidths(width => list(general(width), general(width), number(min, max))),
  );
const extension = [...oneOperand, list(general(64), general(32)), list(general(32), general(64))];

const address: Place = { kind: 'address' };
const shifted = (width: 32 | 64): Place[] => [
  ...list(general(width), number(0, 65535)),
  comma,
  { kind: 'word', text: 'lsl' },
  { kind: 'number', numbers: { min: 0n, max: width === 64 ? 48n : 16n, step: 16n } },
];
const wideMove = [...bothWidths(width => list(general(width), number(0, 65535))), ...bothWidths(shifted)];

/** UXTW goes without saying where SP is named. */
const unextended = [
  list(stackPointer(64), general(64), general(32)),
  list(general(64), stackPointer(64), general(32)),
  list(stackPointer(64), stackPointer(64), general(32)),
];

const own: Readonly<Record<string, readonly (readonly Place[])[]>> = {
  sbfm: bitfieldMove,
  ubfm: bitfieldMove,
  bfm: bitfieldMove,
  add: unextended,
  sub: unextended,
  adds: unextended.slice(1, 2),
  subs: unextended.slice(1, 2),
  cmp: [list(stackPointer(64), general(32))],
  cmn: [list(stackPointer(64), general(32))],
  // Rows print MOVZ and MOVN where they can, so this form of ORR is not seen.
  mov: bothWidths(width => list(stackPointer(width), bitmask(width))),
  movz: wideMove,
  movn: wideMove,
  movk: wideMove,
  tbz: [list(general(64), number(0, 63), address)],
  tbnz: [list(general(64), number(0, 63), address)],
  uxtb: extension,
  uxth: extension,
  uxtw: extension,
  sxtb: extension,
  sxth: extension,
  sxtw: extension,
  rev64: [list(general(64), general(64))],
  // FEAT_CSSC.
  abs: oneOperand,
  cnt: oneOperand,
  ctz: oneOperand,
  smax: twoOperands(-128, 127),
  smin: twoOperands(-128, 127),
  umax: twoOperands(0, 255),
  umin: twoOperands(0, 255),
};

/** Forms that no row prints. */
export function ownForms(mnemonic: string): Form[] {
  return Object.hasOwn(own, mnemonic) ? own[mnemonic].map(places => ({ mnemonic, places, rows: [] })) : [];
}

/** Every mnemonic of this file. */
export const spelledMnemonics: readonly string[] = [...Object.keys(respelled), ...Object.keys(own), ...namedOperands];

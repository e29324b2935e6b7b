/** Loads and stores of SIMD structures, LD1 to LD4 and ST1 to ST4: Arm ARM C4.1, "Loads and Stores". */

import { x, xOrSp } from './operands.ts';
import type { Fields, InstructionRow } from './row.ts';

/** LD1 to ST4 of whole registers: how many, and how many elements make a structure. */
export interface MultipleForm {
  readonly id: string;
  readonly opcode: string;
  readonly load: boolean;
  readonly registers: number;
  readonly structure: number;
}

/** LD1 to ST4 of one element per register, and LD1R to LD4R. */
export interface SingleForm {
  readonly id: string;
  readonly load: boolean;
  readonly registers: number;
  readonly replicate: boolean;
  /** log2 of the element's bytes; undefined where the `size` field says it. */
  readonly scale: number | undefined;
  /** Pattern of R, with `Rm` or zeros to follow, and of opcode, S and size. */
  readonly r: number;
  readonly tail: string;
}

const loads = [true, false] as const;
const stem = (load: boolean, structure: number): string => `${load ? 'LD' : 'ST'}${structure}`;

export const multipleForms: readonly MultipleForm[] = loads.flatMap(load =>
  (
    [
      ['0000', 4, 4],
      ['0010', 4, 1],
      ['0100', 3, 3],
      ['0110', 3, 1],
      ['0111', 1, 1],
      ['1000', 2, 2],
      ['1010', 2, 1],
    ] as const
  ).map(([opcode, registers, structure]) => ({
    id: `${stem(load, structure)}_multiple${structure === 1 ? registers : ''}`,
    opcode,
    load,
    registers,
    structure,
  })),
);

export const singleForms: readonly SingleForm[] = loads.flatMap(load =>
  [1, 2, 3, 4].flatMap(registers => {
    const r = (registers - 1) & 1;
    const low = (registers - 1) >> 1;
    const name = stem(load, registers);
    const element = (id: string, scale: number, tail: string): SingleForm => ({
      id: `${name}_${id}`,
      load,
      registers,
      replicate: false,
      scale,
      r,
      tail,
    });
    const forms = [
      element('b', 0, `00${low} S:1 size:2`),
      element('h', 1, `01${low} S:1 size:1 0`),
      element('s', 2, `10${low} S:1 00`),
      element('d', 3, `10${low} 0 01`),
    ];
    if (load) {
      forms.push({ id: `${name}R`, load, registers, replicate: true, scale: undefined, r, tail: `11${low} 0 size:2` });
    }
    return forms;
  }),
);

/** Bytes that a post-indexed form adds to the base when Rm is 31. */
export const multipleBytes = (form: MultipleForm, f: Fields): number => form.registers * (f.Q ? 16 : 8);
export const singleBytes = (form: SingleForm, f: Fields): number => form.registers << (form.scale ?? f.size);

/** Number of the element that a single form accesses. */
export function elementIndex(form: SingleForm, f: Fields): number {
  switch (form.scale) {
    case 0:
      return (f.Q << 3) | (f.S << 2) | f.size;
    case 1:
      return (f.Q << 2) | (f.S << 1) | f.size;
    case 2:
      return (f.Q << 1) | f.S;
    default:
      return f.Q;
  }
}

const letters = 'bhsd';
const list = (f: Fields, registers: number, suffix: string): string =>
  `{ ${Array.from({ length: registers }, (_, i) => `v${(f.Rt + i) & 31}.${suffix}`).join(', ')} }`;
const arrangement = (f: Fields): string => `${(f.Q ? 16 : 8) >> f.size}${letters[f.size]}`;

/** The form without and the form with writeback. */
function withPost(row: Omit<InstructionRow, 'bits'>, bits: string, step: (f: Fields) => number): InstructionRow[] {
  const [head, tail] = bits.split('|');
  return [
    { ...row, bits: `${head.replace('P', '0')}00000${tail}` },
    {
      ...row,
      id: `${row.id}_post`,
      bits: `${head.replace('P', '1')}Rm:5${tail}`,
      asm: (f, address) => `${row.asm(f, address)}, ${f.Rm === 31 ? `#${step(f)}` : x(f.Rm)}`,
      does: `${row.does.slice(0, -1)}, then adds to the base.`,
    },
  ];
}

function multipleRows(form: MultipleForm): InstructionRow[] {
  const name = stem(form.load, form.structure).toLowerCase();
  return withPost(
    {
      id: form.id,
      ...(form.structure > 1 ? { when: (f: Fields) => f.size < 3 || f.Q === 1 } : {}),
      asm: f => `${name} ${list(f, form.registers, arrangement(f))}, [${xOrSp(f.Rn)}]`,
      does: form.load
        ? `Loads ${form.structure > 1 ? `${form.structure}-element structures into` : ''} SIMD registers.`.replace(
            '  ',
            ' ',
          )
        : `Stores ${form.structure > 1 ? `${form.structure}-element structures from` : ''} SIMD registers.`.replace(
            '  ',
            ' ',
          ),
    },
    `0 Q:1 001100 P ${form.load ? 1 : 0} 0 | ${form.opcode} size:2 Rn:5 Rt:5`,
    f => multipleBytes(form, f),
  );
}

function singleRows(form: SingleForm): InstructionRow[] {
  const name = stem(form.load, form.registers).toLowerCase() + (form.replicate ? 'r' : '');
  const text = (f: Fields): string =>
    form.scale === undefined
      ? list(f, form.registers, arrangement(f))
      : `${list(f, form.registers, letters[form.scale])}[${elementIndex(form, f)}]`;
  const what = `${form.registers === 1 ? 'one element' : `a structure of ${form.registers} elements`}`;
  return withPost(
    {
      id: form.id,
      asm: f => `${name} ${text(f)}, [${xOrSp(f.Rn)}]`,
      does: form.replicate
        ? `Loads ${what} and copies it to all lanes of ${form.registers === 1 ? 'a register' : 'the registers'}.`
        : `${form.load ? 'Loads' : 'Stores'} ${what} ${form.load ? 'into' : 'from'} one lane of ${form.registers === 1 ? 'a register' : 'the registers'}.`,
    },
    `0 Q:1 001101 P ${form.load ? 1 : 0} ${form.r} | ${form.tail} Rn:5 Rt:5`,
    f => singleBytes(form, f),
  );
}

export const structureRows: readonly InstructionRow[] = [
  ...multipleForms.flatMap(multipleRows),
  ...singleForms.flatMap(singleRows),
];

/** How the value of a form is encoded (DWARF 5, section 7.5.6): one row a form. */

import { FORM } from './constants.ts';

/** Bytes of a number or of plain data, or a name for what has a length of its own. */
export type Encoding =
  | 0
  | 1
  | 2
  | 3
  | 4
  | 8
  | 16
  | 'constant' // in the abbreviation, and nothing in the entry
  | 'address'
  | 'offset' // into a section, as wide as the format of the unit
  | 'uleb' // an index or an offset: always a small number
  | 'big uleb'
  | 'big sleb'
  | 'string'
  | 'block'
  | 'block1'
  | 'block2'
  | 'block4'
  | 'indirect'; // the form itself comes first

const rows: Readonly<Record<number, Encoding>> = {
  [FORM.addr]: 'address',
  [FORM.addrx]: 'uleb',
  [FORM.addrx1]: 1,
  [FORM.addrx2]: 2,
  [FORM.addrx3]: 3,
  [FORM.addrx4]: 4,
  [FORM.block]: 'block',
  [FORM.block1]: 'block1',
  [FORM.block2]: 'block2',
  [FORM.block4]: 'block4',
  [FORM.data1]: 1,
  [FORM.data2]: 2,
  [FORM.data4]: 4,
  [FORM.data8]: 8,
  [FORM.data16]: 16,
  [FORM.exprloc]: 'block',
  [FORM.flag]: 1,
  [FORM.flagPresent]: 0,
  [FORM.gnuRefAlt]: 'offset',
  [FORM.gnuStrpAlt]: 'offset',
  [FORM.implicitConst]: 'constant',
  [FORM.indirect]: 'indirect',
  [FORM.lineStrp]: 'offset',
  [FORM.loclistx]: 'uleb',
  [FORM.ref1]: 1,
  [FORM.ref2]: 2,
  [FORM.ref4]: 4,
  [FORM.ref8]: 8,
  [FORM.refAddr]: 'offset',
  [FORM.refSig8]: 8,
  [FORM.refSup4]: 4,
  [FORM.refSup8]: 8,
  [FORM.refUdata]: 'uleb',
  [FORM.rnglistx]: 'uleb',
  [FORM.sdata]: 'big sleb',
  [FORM.secOffset]: 'offset',
  [FORM.string]: 'string',
  [FORM.strp]: 'offset',
  [FORM.strpSup]: 'offset',
  [FORM.strx]: 'uleb',
  [FORM.strx1]: 1,
  [FORM.strx2]: 2,
  [FORM.strx3]: 3,
  [FORM.strx4]: 4,
  [FORM.udata]: 'big uleb',
};

/** The same by number of the form: entries are read by the million. GNU's two forms are far from the others. */
const encodings = Array.from({ length: FORM.addrx4 + 1 }, (_, form): Encoding | undefined => rows[form]);

/** Throws a RangeError for a form that DWARF 5 and GNU's extensions do not have. */
export function encodingOf(form: number): Encoding {
  const encoding = form < encodings.length ? encodings[form] : rows[form];
  if (encoding === undefined)
    throw new RangeError(`An entry uses the form 0x${form.toString(16)}, which this reader does not know.`);
  return encoding;
}

/** Bytes of a value, in a unit with such offsets and addresses; undefined where they vary. */
export function bytesOf(encoding: Encoding, wide: boolean, addressSize: number): number | undefined {
  if (typeof encoding === 'number') return encoding;
  if (encoding === 'constant') return 0;
  if (encoding === 'offset') return wide ? 8 : 4;
  return encoding === 'address' ? addressSize : undefined;
}

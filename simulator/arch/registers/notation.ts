/**
 * The notation in which the rows of `rows/*.ts` are written, and what it expands to.
 *
 * A register is `reg(name, encoding, access, text, fields, more)`:
 *
 * - `encoding` is `op0 op1 CRn CRm op2`, as five decimal numbers.
 * - `access` gives the lowest exception level that may read and write: `rw1`, `r0`, `w1`, `r0w1`.
 * - `fields` has one line per field, most significant first: `bits NAME [feature] =value text | value=meaning; ...`.
 *   Everything after the name is optional. `[feature]` makes the field RES0 without that feature, `[feature:1]` RES1.
 *   `=value` is a field that reads as this value and ignores writes. `RES1` is a name like any other, and bits without a line are RES0.
 *   Values of meanings are in decimal, or in hexadecimal with `0x`.
 */

export interface Field {
  readonly name: string;
  readonly msb: number;
  readonly lsb: number;
  /** Without this feature the field is RES0, or RES1 with `absentOnes`. */
  readonly feature?: string;
  readonly absentOnes?: boolean;
  /** The field reads as this value and ignores writes. */
  readonly fixed?: bigint;
  readonly text?: string;
  readonly meanings?: ReadonlyMap<bigint, string>;
}

export type Group = 'EL0' | 'EL1' | 'EL2' | 'EL3' | 'GIC' | 'Timer' | 'Debug' | 'PMU' | 'ID';

/** What a row may say besides name, encoding, access, text and fields. */
export interface RowOptions {
  /** The register is UNDEFINED without this feature; of several, separated by `|`, any one brings it. */
  readonly feature?: string;
  /** Fields while HCR_EL2.E2H is 1, if they differ. */
  readonly e2hFields?: string;
  /** Fields while this bit of the value is 1, if they differ (PAR_EL1.F). */
  readonly whenSet?: { readonly bit: number; readonly fields: string };
  /** At EL2 with HCR_EL2.E2H = 1 this name accesses that register instead (FEAT_VHE). */
  readonly e2h?: string;
  /** Offset in the page that VNCR_EL2 points to (FEAT_NV2), in bytes. */
  readonly vncr?: number;
  /** Under FEAT_NV2 an access at EL1 is made to this EL1 register. */
  readonly nv2?: string;
  /** How the proposal NEVE treats an access at EL1, where it differs from FEAT_NV2. See `traps/nested.ts`. */
  readonly neve?: Neve;
  /** The register whose storage holds the value, for a second name of the same state. */
  readonly storage?: string;
  /** At EL1 with HCR_EL2.IMO or FMO the GIC's virtual CPU interface answers with this register. */
  readonly virtual?: string;
  /** Writes with this encoding go to another register (DBGDTRTX_EL0). */
  readonly writes?: string;
  /** Another register has the same encoding, and `byEncoding` finds that one. */
  readonly shadowed?: boolean;
  /** Value after a cold reset, besides fixed fields and RES1 bits. The architecture says UNKNOWN for most: then 0. */
  readonly reset?: bigint;
  /** Reads as zero and ignores writes. */
  readonly raz?: boolean;
  /** Only 32 bits are in use. */
  readonly width?: 32;
}

export type Neve =
  /** Deferred to memory, reads and writes. */
  | { readonly kind: 'memory'; readonly offset?: number }
  /** Made to the EL1 register in hardware. */
  | { readonly kind: 'el1'; readonly register: string; readonly vheOnly?: boolean; readonly offset?: number }
  /** Reads come from the copy in memory, writes trap. */
  | { readonly kind: 'copy'; readonly offset?: number };

export interface RegisterRow {
  readonly kind: 'register';
  readonly name: string;
  readonly op0: number;
  readonly op1: number;
  readonly crn: number;
  readonly crm: number;
  readonly op2: number;
  readonly group: Group;
  readonly text: string;
  /** Lowest EL that can read; undefined for a write-only register. */
  readonly read: number | undefined;
  /** Lowest EL that can write; undefined for a read-only register. */
  readonly write: number | undefined;
  readonly options: RowOptions;
  /** For `_EL12` and `_EL02` names: the register that they reach. */
  readonly alias?: string;
  /** Place in `registers`, and so the number of the storage slot. */
  readonly index: number;
}

/** A system instruction in the encoding space of SYS: AT, TLBI, DC, IC, CFP, DVP, CPP. */
export interface InstructionRow {
  readonly kind: 'instruction';
  /** As in assembly, such as `TLBI VAE1IS`. */
  readonly name: string;
  readonly op0: number;
  readonly op1: number;
  readonly crn: number;
  readonly crm: number;
  readonly op2: number;
  readonly text: string;
  /** Lowest EL that can execute it. */
  readonly el: number;
  readonly feature?: string;
  /** Whether it takes an address or other argument in a register. */
  readonly argument: boolean;
}

export type RegisterSpec = Omit<RegisterRow, 'index' | 'group'>;

/** One register; see the head of this file. */
export function reg(
  name: string,
  encoding: string,
  access: string,
  text: string,
  fields = '',
  options: RowOptions = {},
): RegisterSpec {
  const [op0, op1, crn, crm, op2] = encoding.split(' ').map(Number);
  const both = /^rw(\d)$/.exec(access);
  const level = (letter: string) => {
    const found = new RegExp(`${letter}(\\d)`).exec(access);
    return found ? Number(found[1]) : undefined;
  };
  const row: RegisterSpec = {
    kind: 'register',
    name,
    op0,
    op1,
    crn,
    crm,
    op2,
    text,
    read: both ? Number(both[1]) : level('r'),
    write: both ? Number(both[1]) : level('w'),
    options,
  };
  fieldSources.set(name, fields);
  return row;
}

/** A family such as DBGBVR0_EL1 to DBGBVR15_EL1: `<n>` in the name is the index, `encoding` a function of it. */
export function family(
  count: number,
  name: string,
  encoding: (n: number) => string,
  access: string,
  text: string,
  fields = '',
  options: (n: number) => RowOptions = () => ({}),
): RegisterSpec[] {
  return Array.from({ length: count }, (_, n) =>
    reg(name.replace('<n>', String(n)), encoding(n), access, text.replace('<n>', String(n)), fields, options(n)),
  );
}

/** Field lines by register name; they are parsed when first asked for. */
const fieldSources = new Map<string, string>();

/** The field lines that the row of this register was written with. */
export function fieldSource(name: string): string {
  return fieldSources.get(name) ?? '';
}

/** Parses field lines. Throws a sentence that names the line if it does not follow the notation. */
export function parseFields(source: string, of: string): Field[] {
  const fields: Field[] = [];
  for (const line of source.split('\n')) {
    const trimmed = line.trim();
    if (trimmed === '') continue;
    const match =
      /^(\d+)(?::(\d+))?\s+([A-Za-z0-9_+]+)(?:\s+\[([a-z0-9_|]+)(:1)?\])?(?:\s+=(\w+))?(?:\s+(?!\|)([^|]*?))?(?:\s*\|\s*(.*))?$/.exec(
        trimmed,
      );
    if (!match) throw new Error(`The field line "${trimmed}" of ${of} does not follow the notation.`);
    const [, high, low, name, feature, absent, fixed, text, meanings] = match;
    fields.push({
      name,
      msb: Number(high),
      lsb: Number(low ?? high),
      feature,
      absentOnes: absent !== undefined,
      fixed:
        fixed === undefined ? (name === 'RES1' ? ones(Number(high), Number(low ?? high)) : undefined) : BigInt(fixed),
      text: text || undefined,
      meanings: meanings === undefined ? undefined : parseMeanings(meanings),
    });
  }
  return fields;
}

function ones(msb: number, lsb: number): bigint {
  return (1n << BigInt(msb - lsb + 1)) - 1n;
}

function parseMeanings(source: string): Map<bigint, string> {
  const meanings = new Map<bigint, string>();
  for (const part of source.split(';')) {
    const at = part.indexOf('=');
    meanings.set(BigInt(part.slice(0, at).trim()), part.slice(at + 1).trim());
  }
  return meanings;
}

/** All 64 bits as fields, most significant first: what is not named is RES0. */
export function completeLayout(named: readonly Field[]): Field[] {
  const layout: Field[] = [];
  let next = 63;
  for (const field of [...named].sort((a, b) => b.msb - a.msb)) {
    if (next > field.msb) layout.push({ name: 'RES0', msb: next, lsb: field.msb + 1, fixed: 0n });
    layout.push(field);
    next = field.lsb - 1;
  }
  if (next >= 0) layout.push({ name: 'RES0', msb: next, lsb: 0, fixed: 0n });
  return layout;
}

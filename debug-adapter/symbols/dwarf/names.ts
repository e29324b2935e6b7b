/**
 * The names of a program: which entry of `.debug_info` defines one. Made by a walk over the outermost entries of all
 * units, which reads each unit once and decodes of an entry only what it needs; a few megabytes are kept.
 */

import type { Bytes } from '../bytes.ts';
import { AT, FORM, TAG } from './constants.ts';
import { bytesOf, type Encoding, encodingOf } from './forms.ts';
import type { Abbreviation, DwarfInfo, Unit } from './info.ts';
import { DwarfReader } from './reader.ts';

/** What a name can be, each once: the first definition of a kind is the one that counts. */
const KINDS: Readonly<Record<number, number>> = {
  [TAG.structureType]: 1,
  [TAG.classType]: 1,
  [TAG.unionType]: 2,
  [TAG.enumerationType]: 4,
  [TAG.typedef]: 8,
  [TAG.baseType]: 16,
  [TAG.variable]: 32,
  [TAG.subprogram]: 64,
  [TAG.enumerator]: 128,
};
/** A variable that is declared, and perhaps defined by an assembler or a linker script. */
const DECLARED_VARIABLE = 256;

interface Entry {
  kinds: number;
  readonly offsets: number[];
}

/** How an entry is read: what an abbreviation says, in the order of its attributes. */
interface Plan {
  readonly tag: number;
  readonly kind: number;
  readonly hasChildren: boolean;
  /** A function as such, of which there are inlined instances, and perhaps one with code of its own. */
  readonly isAbstract: boolean;
  /** Bytes to step over, then a form and what its value is for; and so on. */
  readonly steps: readonly number[];
  /** Bytes behind the last of them. */
  readonly rest: number;
}

const SKIP = 0;
const NAME = 1;
const SIBLING = 2;
const DECLARATION = 3;
const SPECIFICATION = 4;
const ORIGIN = 5;

const ROLES: Readonly<Record<number, number>> = {
  [AT.name]: NAME,
  [AT.sibling]: SIBLING,
  [AT.declaration]: DECLARATION,
  [AT.specification]: SPECIFICATION,
  [AT.abstractOrigin]: ORIGIN,
};

/** Languages in which types lie within types: C++ and Rust (DW_LANG of DWARF 5, section 7.12). */
const NESTING_LANGUAGES = new Set([0x04, 0x1a, 0x1c, 0x21, 0x2b]);

export class Names {
  private readonly entries = new Map<string, Entry>();
  /** The same by the offset of the name in `.debug_str`, while the walk goes on: most names come thousands of times. */
  private byOffset: Map<number, Entry> | undefined = new Map();
  /** Full names of variables that are declared in a namespace, by the offset of the declaration. */
  private readonly declared = new Map<number, string>();
  /** Functions that are inlined somewhere, all of a name without template arguments. */
  private readonly abstract = new Map<string, number[]>();
  private readonly plans = new WeakMap<Abbreviation, Plan>();
  private walk: Generator<number, void> | undefined;

  constructor(private readonly info: DwarfInfo) {}

  /** True when every unit was looked at. */
  get complete(): boolean {
    return this.byOffset === undefined;
  }

  /** Goes on with the walk, a unit at each step; yields the part of the debug information that is behind it, 0 to 1. */
  *build(): Generator<number, void> {
    // One walk for all who ask: the one in the background, and a question that cannot wait for it.
    this.walk ??= this.walkUnits();
    while (!this.complete) {
      const step = this.walk.next();
      if (step.done) return;
      yield step.value;
    }
  }

  /** Offsets of the entries that define a name, the first of each kind; does what is left of the walk. */
  named(name: string): readonly number[] {
    for (const _ of this.build());
    return this.entries.get(name)?.offsets ?? [];
  }

  /** Offsets of all functions of a name, without template arguments, that are inlined somewhere; does what is left of the walk. */
  inlined(name: string): readonly number[] {
    for (const _ of this.build());
    return this.abstract.get(name) ?? [];
  }

  /** Offsets of the inlined instances in a unit of the functions at these offsets. Reads the whole unit. */
  instancesIn(unit: Unit, functions: ReadonlySet<number>): readonly number[] {
    const bytes = this.info.sections.info.slice(unit.firstDie, unit.end - unit.firstDie);
    const reader = new EntryReader(bytes, unit);
    const found: number[] = [];
    reader.at = unit.root.next - unit.firstDie;
    try {
      while (reader.at < bytes.length) {
        const offset = unit.firstDie + reader.at;
        const code = reader.uleb();
        if (code === 0) continue;
        const abbreviation = unit.abbreviations.get(code);
        if (abbreviation === undefined) break;
        const plan = this.planOf(abbreviation, unit);
        reader.read(plan);
        if (plan.tag === TAG.inlinedSubroutine && functions.has(reader.origin)) found.push(offset);
      }
    } catch (error) {
      // What a damaged unit has up to there is known.
      if (!(error instanceof RangeError)) throw error;
    }
    return found;
  }

  private *walkUnits(): Generator<number, void> {
    const { length } = this.info.sections.info;
    for (const unit of this.info.units()) {
      try {
        this.readUnit(unit);
      } catch (error) {
        // Names of a damaged unit are missing; those of the others are not.
        if (!(error instanceof RangeError)) throw error;
      }
      yield unit.end / length;
    }
    this.byOffset = undefined;
    this.declared.clear();
  }

  private readUnit(unit: Unit): void {
    const bytes = this.info.sections.info.slice(unit.firstDie, unit.end - unit.firstDie);
    const reader = new EntryReader(bytes, unit);
    const nests = NESTING_LANGUAGES.has(unit.root.number(AT.language) ?? 0);
    const { abbreviations } = unit;
    // What encloses the entry that is read: its name with `::`, or undefined where names are nobody's business.
    const holders: (string | undefined)[] = [''];
    reader.at = unit.root.next - unit.firstDie;
    while (holders.length > 0 && reader.at < bytes.length) {
      const offset = unit.firstDie + reader.at;
      const code = reader.uleb();
      if (code === 0) {
        holders.pop();
        continue;
      }
      const abbreviation = abbreviations.get(code);
      if (abbreviation === undefined) return;
      const plan = this.planOf(abbreviation, unit);
      const holder = holders[holders.length - 1];
      reader.read(plan);
      let inner: string | undefined;
      if (holder !== undefined && reader.nameForm !== 0) {
        if (plan.isAbstract) this.addAbstract(this.nameOf(reader, unit), offset);
        if (plan.kind !== 0 && !reader.isDeclaration) this.add(reader, plan.kind, offset, holder, unit);
        else if (plan.tag === TAG.variable) this.add(reader, DECLARED_VARIABLE, offset, holder, unit);
        const isScope = plan.tag === TAG.namespace || (nests && plan.kind === 1);
        if (isScope) inner = `${holder}${this.nameOf(reader, unit)}::`;
        else if (plan.tag === TAG.enumerationType) inner = holder;
      } else if (holder !== undefined && plan.kind !== 0 && reader.specification > 0) {
        this.addDefinition(reader.specification, plan.kind, offset, unit);
        if (plan.isAbstract) this.addAbstract(unit.dieAt(unit.firstDie + reader.specification)?.name ?? '', offset);
      } else if (holder !== undefined && (plan.tag === TAG.enumerationType || plan.tag === TAG.namespace)) {
        inner = holder; // without a name of its own
      }
      if (!plan.hasChildren) continue;
      if (inner === undefined && reader.sibling > 0) reader.at = reader.sibling;
      else holders.push(inner);
    }
  }

  private nameOf(reader: EntryReader, unit: Unit): string {
    const { nameForm: form, nameValue: value } = reader;
    return form === FORM.string ? reader.textAt(value) : (unit.string({ form, value }) ?? '');
  }

  /** A definition whose name is that of its declaration: a variable that a header declares, a method outside of its class. */
  private addDefinition(declaration: number, kind: number, offset: number, unit: Unit): void {
    const at = unit.firstDie + declaration;
    const name = unit.dieAt(at)?.name;
    if (name === undefined) return;
    put(this.entryOf(name), kind, offset);
    const qualified = this.declared.get(at);
    if (qualified !== undefined) put(this.entryOf(qualified), kind, offset);
  }

  private addAbstract(name: string, offset: number): void {
    const key = withoutArguments(name);
    const offsets = this.abstract.get(key);
    if (offsets === undefined) this.abstract.set(key, [offset]);
    else offsets.push(offset);
  }

  private add(reader: EntryReader, kind: number, offset: number, holder: string, unit: Unit): void {
    const key = reader.nameForm === FORM.strp && holder === '' ? reader.nameValue : undefined;
    let entry = key === undefined ? undefined : this.byOffset?.get(key);
    if (entry === undefined) {
      const name = this.nameOf(reader, unit);
      entry = this.entryOf(name);
      if (key !== undefined) this.byOffset?.set(key, entry);
      if (holder !== '') {
        put(this.entryOf(`${holder}${name}`), kind, offset);
        if (kind === DECLARED_VARIABLE) this.declared.set(offset, `${holder}${name}`);
      }
    }
    put(entry, kind, offset);
  }

  private entryOf(name: string): Entry {
    let entry = this.entries.get(name);
    if (entry === undefined) {
      entry = { kinds: 0, offsets: [] };
      this.entries.set(name, entry);
    }
    return entry;
  }

  private planOf(abbreviation: Abbreviation, unit: Unit): Plan {
    let plan = this.plans.get(abbreviation);
    if (plan === undefined) {
      const { tag, hasChildren, attributes } = abbreviation;
      const steps: number[] = [];
      let rest = 0;
      for (let at = 0; at < attributes.length; at += 3) {
        const form = attributes[at + 1];
        const size = bytesOf(encodingOf(form), unit.wide, unit.addressSize);
        const role = ROLES[attributes[at]] ?? SKIP;
        if (role === SKIP && size !== undefined) {
          rest += size;
          continue;
        }
        steps.push(rest, form, role);
        rest = 0;
      }
      const isAbstract = tag === TAG.subprogram && attributes.some((one, at) => at % 3 === 0 && one === AT.inline);
      plan = { tag, kind: KINDS[tag] ?? 0, hasChildren, isAbstract, steps, rest };
      this.plans.set(abbreviation, plan);
    }
    return plan;
  }
}

/** A name of C++ or Rust without its template arguments. */
export function withoutArguments(name: string): string {
  const at = name.startsWith('operator') ? -1 : name.indexOf('<');
  return at > 0 ? name.slice(0, at) : name;
}

function put(entry: Entry, kind: number, offset: number): void {
  if ((entry.kinds & kind) !== 0) return;
  entry.kinds |= kind;
  entry.offsets.push(offset);
}

/** Steps over entries; tells of the last one what `Plan` asks for. */
class EntryReader {
  at = 0;
  /** 0 where the entry has no name. */
  nameForm = 0;
  nameValue = 0;
  isDeclaration = false;
  /** Where the next sibling begins, as `at`; 0 where the entry does not say. */
  sibling = 0;
  /** The declaration that it completes, as `at`; 0 where there is none. */
  specification = 0;
  /** The function that it is an instance of, as an offset; 0 where there is none. */
  origin = 0;
  private readonly view: DataView;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly unit: Unit,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  uleb(): number {
    let byte = this.bytes[this.at++];
    if (byte < 0x80) return byte;
    let result = byte & 0x7f;
    for (let scale = 128; ; scale *= 128) {
      if (this.at >= this.bytes.length) throw new RangeError('A number runs over the end of its unit.');
      byte = this.bytes[this.at++];
      result += (byte & 0x7f) * scale;
      if (byte < 0x80) return result;
    }
  }

  textAt(at: number): string {
    return new DwarfReader(this.bytes, at).string();
  }

  read({ steps, rest }: Plan): void {
    this.nameForm = 0;
    this.sibling = 0;
    this.specification = 0;
    this.origin = 0;
    this.isDeclaration = false;
    for (let index = 0; index < steps.length; index += 3) {
      this.at += steps[index];
      const form = steps[index + 1];
      const role = steps[index + 2];
      if (role === SKIP) this.skip(encodingOf(form));
      else if (role === DECLARATION) {
        this.isDeclaration = true;
        this.skip(encodingOf(form));
      } else {
        const value = this.value(form);
        if (role === NAME) {
          this.nameForm = form;
          this.nameValue = value;
        } else if (role === SIBLING) this.sibling = this.unit.offset + value - this.unit.firstDie;
        else if (role === ORIGIN) this.origin = form === FORM.refAddr ? value : this.unit.offset + value;
        else if (form !== FORM.refAddr) this.specification = this.unit.offset + value - this.unit.firstDie;
      }
    }
    this.at += rest;
  }

  /** A reference within the unit, an offset or index of a name, or where an inline name begins. */
  private value(form: number): number {
    const { at: start, unit } = this;
    const encoding = encodingOf(form);
    if (encoding === 'uleb') return this.uleb();
    this.skip(encoding);
    switch (bytesOf(encoding, unit.wide, unit.addressSize)) {
      case 1:
        return this.bytes[start];
      case 2:
        return this.view.getUint16(start, true);
      case 3:
        return this.view.getUint16(start, true) + this.bytes[start + 2] * 65536;
      case 4:
        return this.view.getUint32(start, true);
      case 8:
        return Number(this.view.getBigUint64(start, true));
      default:
        return start;
    }
  }

  private skip(encoding: Encoding): void {
    const { unit, view } = this;
    switch (encoding) {
      case 'string': {
        const end = this.bytes.indexOf(0, this.at);
        this.at = end < 0 ? this.bytes.length : end + 1;
        return;
      }
      case 'block': {
        const length = this.uleb();
        this.at += length;
        return;
      }
      case 'block1':
        this.at += 1 + view.getUint8(this.at);
        return;
      case 'block2':
        this.at += 2 + view.getUint16(this.at, true);
        return;
      case 'block4':
        this.at += 4 + view.getUint32(this.at, true);
        return;
      case 'indirect':
        this.skip(encodingOf(this.uleb()));
        return;
      case 'uleb':
      case 'big uleb':
      case 'big sleb':
        this.uleb();
        return;
      default:
        this.at += bytesOf(encoding, unit.wide, unit.addressSize) ?? 0;
    }
  }
}

/** Address ranges of units as `.debug_aranges` has them (DWARF 5, section 6.1.2), sorted; `units` are offsets of headers. */
export interface AddressIndex {
  readonly lows: BigUint64Array;
  readonly highs: BigUint64Array;
  readonly units: Float64Array;
}

export function readAddressRanges(section: Bytes): AddressIndex {
  const rows: { low: bigint; high: bigint; unit: number }[] = [];
  try {
    for (let offset = 0; offset + 12 <= section.length; ) {
      const reader = new DwarfReader(section, offset);
      const length = reader.initialLength();
      const start = reader.offset;
      const end = start + length;
      const version = reader.u16();
      const unit = reader.sectionOffset();
      const addressSize = reader.u8();
      const segmentSize = reader.u8();
      if (version === 2 && addressSize === 8 && segmentSize === 0) {
        // Pairs are aligned to their size, counted from the start of the set.
        reader.offset = offset + Math.ceil((reader.offset - offset) / 16) * 16;
        while (reader.offset + 16 <= end) {
          const low = reader.u64();
          const size = reader.u64();
          if (low === 0n && size === 0n) break;
          if (size > 0n) rows.push({ low, high: low + size, unit });
        }
      }
      offset = end;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // a damaged table says less: units are asked themselves
  }
  rows.sort((a, b) => (a.low < b.low ? -1 : a.low > b.low ? 1 : 0));
  return {
    lows: BigUint64Array.from(rows, row => row.low),
    highs: BigUint64Array.from(rows, row => row.high),
    units: Float64Array.from(rows, row => row.unit),
  };
}

/**
 * Units and debugging information entries of DWARF 4 and 5 (DWARF 5, sections 2 and 7.5).
 * Lazy: opening reads unit headers and unit entries only; everything below is decoded when somebody asks.
 */

import { type Bytes, Recent } from '../bytes.ts';
import { AT, FORM, TAG } from './constants.ts';
import { type Encoding, encodingOf } from './forms.ts';
import { DwarfReader } from './reader.ts';
import type { DwarfSections } from './sections.ts';

export interface Abbreviation {
  readonly tag: number;
  readonly hasChildren: boolean;
  /** Attribute, form, implicit constant, and the next one. */
  readonly attributes: readonly number[];
}

/** The abbreviations of a unit, each read when a code up to its own is first met. */
export class Abbreviations {
  private readonly table = new Map<number, Abbreviation>();
  private reader: DwarfReader | undefined;

  constructor(
    private readonly section: Bytes,
    private readonly offset: number,
  ) {}

  get(code: number): Abbreviation | undefined {
    let found = this.table.get(code);
    if (found !== undefined) return found;
    this.reader ??= new DwarfReader(this.section, this.offset);
    while (found === undefined && !this.reader.done) {
      const [next, abbreviation] = readAbbreviation(this.reader);
      if (abbreviation === undefined) this.reader.offset = this.reader.end;
      else this.table.set(next, abbreviation);
      if (next === code) found = abbreviation;
    }
    return found;
  }
}

type Raw = { readonly form: number; readonly value: number | bigint | string | Uint8Array };

/** Half-open, unrelocated. */
export interface AddressRange {
  readonly low: bigint;
  readonly high: bigint;
}

/** One debugging information entry. */
export class Die {
  constructor(
    readonly unit: Unit,
    readonly offset: number,
    readonly tag: number,
    private readonly attributes: ReadonlyMap<number, Raw>,
    readonly hasChildren: boolean,
    /** Offset after the attributes: the first child, or the next sibling. */
    readonly next: number,
  ) {}

  has(attribute: number): boolean {
    return this.attributes.has(attribute);
  }

  /** A constant, flag or section offset as a number. */
  number(attribute: number): number | undefined {
    const value = this.attributes.get(attribute)?.value;
    return typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : undefined;
  }

  bigint(attribute: number): bigint | undefined {
    const value = this.attributes.get(attribute)?.value;
    return typeof value === 'bigint' ? value : typeof value === 'number' ? BigInt(value) : undefined;
  }

  string(attribute: number): string | undefined {
    const raw = this.attributes.get(attribute);
    return raw === undefined ? undefined : this.unit.string(raw);
  }

  address(attribute: number): bigint | undefined {
    const raw = this.attributes.get(attribute);
    return raw === undefined ? undefined : this.unit.address(raw);
  }

  /** The bytes of an expression or a block constant. */
  block(attribute: number): Uint8Array | undefined {
    const value = this.attributes.get(attribute)?.value;
    return value instanceof Uint8Array ? value : undefined;
  }

  reference(attribute: number): Die | undefined {
    const raw = this.attributes.get(attribute);
    return raw === undefined ? undefined : this.unit.reference(raw);
  }

  /** The name, also through the entries that this one is an instance or a definition of. */
  get name(): string | undefined {
    return this.inherited(die => die.string(AT.name));
  }

  get type(): Die | undefined {
    return this.inherited(die => die.reference(AT.type));
  }

  /** The names of the namespaces and classes around it, as `shapes::Circle::`; empty where there are none. */
  get holder(): string {
    return this.unit.holderOf(this.offset);
  }

  /** The first answer along DW_AT_abstract_origin and DW_AT_specification. */
  inherited<T>(ask: (die: Die) => T | undefined): T | undefined {
    let die: Die | undefined = this;
    for (let depth = 0; die !== undefined && depth < 8; depth++) {
      const answer = ask(die);
      if (answer !== undefined) return answer;
      die = die.reference(AT.abstractOrigin) ?? die.reference(AT.specification);
    }
    return undefined;
  }

  /** Address ranges of the code of this entry. */
  ranges(): readonly AddressRange[] {
    const raw = this.attributes.get(AT.ranges);
    if (raw !== undefined) return this.unit.rangeList(raw);
    const low = this.address(AT.lowPc);
    const high = this.attributes.get(AT.highPc);
    if (low === undefined || high === undefined) return [];
    // DW_AT_high_pc of class constant is an offset from DW_AT_low_pc.
    const end = this.unit.isAddressForm(high.form)
      ? this.unit.address(high)
      : low + BigInt(high.value as number | bigint);
    return end !== undefined && end > low ? [{ low, high: end }] : [];
  }

  /** The location expression that holds at an address, from an exprloc or a location list. */
  expression(attribute: number, pc: bigint): Uint8Array | undefined {
    const raw = this.attributes.get(attribute);
    if (raw === undefined) return undefined;
    if (raw.value instanceof Uint8Array) return raw.value;
    return this.unit.locationList(raw).find(entry => pc >= entry.low && pc < entry.high)?.expression;
  }

  *children(): Generator<Die> {
    if (!this.hasChildren) return;
    for (let offset = this.next; ; ) {
      const child = this.unit.dieAt(offset);
      if (child === undefined) return;
      yield child;
      offset = child.end();
    }
  }

  /** Offset of the entry after this one and all below it. */
  end(): number {
    if (!this.hasChildren) return this.next;
    const sibling = this.attributes.get(AT.sibling);
    if (sibling !== undefined) return this.unit.referenceOffset(sibling);
    let offset = this.next;
    for (;;) {
      const child = this.unit.dieAt(offset);
      if (child === undefined) return offset + 1;
      offset = child.end();
    }
  }
}

/** A namespace or a class, from its entry up to the end of all within it. */
interface Holder {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

const HOLDERS = new Set<number>([TAG.namespace, TAG.structureType, TAG.classType, TAG.unionType]);

const DW_UT_COMPILE = 1;
const DW_UT_TYPE = 2;
const DW_UT_SKELETON = 4;
const DW_UT_SPLIT_COMPILE = 5;
const DW_UT_SPLIT_TYPE = 6;

export class Unit {
  private rootDie: Die | undefined;
  private cachedRanges: readonly AddressRange[] | undefined;
  private holders: readonly Holder[] | undefined;

  constructor(
    readonly info: DwarfInfo,
    /** Offset of the header in `.debug_info`. */
    readonly offset: number,
    readonly end: number,
    readonly version: number,
    readonly wide: boolean,
    readonly addressSize: number,
    private readonly abbreviationOffset: number,
    /** Offset of the unit's own entry. */
    readonly firstDie: number,
  ) {}

  /** The unit's own entry. */
  get root(): Die {
    this.rootDie ??= this.readRoot();
    return this.rootDie;
  }

  private readRoot(): Die {
    const { info } = this.info.sections;
    // The entry is much shorter than the page it is on: with thousands of units that counts.
    const length = Math.min(ROOT_BYTES, this.end - this.firstDie);
    let root: Die | undefined;
    try {
      root = this.decode(new DwarfReader(info.slice(this.firstDie, length)), this.firstDie);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      root = this.dieAt(this.firstDie); // longer than most
    }
    if (root === undefined) throw new Error(`The unit at offset ${this.offset} of .debug_info is empty.`);
    return root;
  }

  get abbreviations(): Abbreviations {
    return this.info.abbreviationTable(this.abbreviationOffset);
  }

  /** The primary source file; rustc writes the name of the code generation unit behind it. */
  get name(): string {
    return (this.root.string(AT.name) ?? '').replace(/\/@\/[^/]*$/, '');
  }

  get directory(): string {
    return this.root.string(AT.compDir) ?? '';
  }

  get lineOffset(): number | undefined {
    return this.root.number(AT.stmtList);
  }

  ranges(): readonly AddressRange[] {
    this.cachedRanges ??= this.root.ranges();
    return this.cachedRanges;
  }

  /** What `Die.holder` says. The first question reads the namespaces and classes of the unit. */
  holderOf(offset: number): string {
    this.holders ??= this.readHolders();
    let [name, end] = ['', 0];
    // In the order of their beginnings: of those around the offset the last one is the innermost.
    for (const holder of this.holders) {
      if (holder.start >= offset) break;
      if (holder.end > offset) [name, end] = [holder.name, holder.end];
    }
    return offset < end ? name : '';
  }

  private readHolders(): readonly Holder[] {
    const holders: Holder[] = [];
    const visit = (die: Die, outer: string): void => {
      for (const child of die.children()) {
        if (!child.hasChildren || !HOLDERS.has(child.tag)) continue;
        const plain = child.name ?? (child.tag === TAG.namespace ? '(anonymous namespace)' : '{...}');
        const name = `${outer}${plain}::`;
        holders.push({ start: child.offset, end: child.end(), name });
        visit(child, name);
      }
    };
    visit(this.root, '');
    return holders;
  }

  /** Decodes the entry at an offset; undefined for the null entry that ends a list of children. */
  dieAt(offset: number): Die | undefined {
    if (offset >= this.end) return undefined;
    return this.decode(new DwarfReader(this.info.sections.info, offset, this.end), offset);
  }

  /** The entry at an offset, which the reader stands at. */
  private decode(reader: DwarfReader, offset: number): Die | undefined {
    reader.wide = this.wide;
    const begin = reader.offset;
    const code = reader.uleb();
    if (code === 0) return undefined;
    const abbreviation = this.abbreviations.get(code);
    if (abbreviation === undefined) {
      throw new Error(`The entry at offset ${offset} of .debug_info has the unknown abbreviation ${code}.`);
    }
    const { attributes: rows } = abbreviation;
    const attributes = new Map<number, Raw>();
    for (let at = 0; at < rows.length; at += 3)
      attributes.set(rows[at], this.readForm(reader, rows[at + 1], rows[at + 2]));
    return new Die(
      this,
      offset,
      abbreviation.tag,
      attributes,
      abbreviation.hasChildren,
      offset + reader.offset - begin,
    );
  }

  private readForm(reader: DwarfReader, form: number, constant: number): Raw {
    const encoding = encodingOf(form);
    if (encoding === 'indirect') return this.readForm(reader, reader.uleb(), 0);
    return { form, value: this.readValue(reader, encoding, constant) };
  }

  private readValue(reader: DwarfReader, encoding: Exclude<Encoding, 'indirect'>, constant: number): Raw['value'] {
    switch (encoding) {
      case 0:
        return 1; // a flag that is there
      case 1:
        return reader.u8();
      case 2:
        return reader.u16();
      case 3:
        return reader.u24();
      case 4:
        return reader.u32();
      case 8:
        return reader.u64();
      case 16:
        return reader.block(16);
      case 'constant':
        return constant;
      case 'address':
        return reader.unsigned(this.addressSize);
      case 'offset':
        return reader.sectionOffset();
      case 'uleb':
        return reader.uleb();
      case 'big uleb':
        return reader.ulebBig();
      case 'big sleb':
        return reader.slebBig();
      case 'string':
        return reader.string();
      case 'block':
        return reader.block(reader.uleb());
      case 'block1':
        return reader.block(reader.u8());
      case 'block2':
        return reader.block(reader.u16());
      case 'block4':
        return reader.block(reader.u32());
    }
  }

  string(raw: Raw): string | undefined {
    const { sections } = this.info;
    switch (raw.form) {
      case FORM.string:
        return raw.value as string;
      case FORM.strp:
        return sections.str.string(raw.value as number);
      case FORM.lineStrp:
        return sections.lineStr.string(raw.value as number);
      case FORM.strx:
      case FORM.strx1:
      case FORM.strx2:
      case FORM.strx3:
      case FORM.strx4: {
        const base = this.root?.number(AT.strOffsetsBase) ?? (this.wide ? 16 : 8);
        const at = base + (raw.value as number) * (this.wide ? 8 : 4);
        const reader = new DwarfReader(sections.strOffsets, at);
        reader.wide = this.wide;
        return sections.str.string(reader.sectionOffset());
      }
      default:
        return undefined;
    }
  }

  isAddressForm(form: number): boolean {
    return form === FORM.addr || form === FORM.addrx || (form >= FORM.addrx1 && form <= FORM.addrx4);
  }

  address(raw: Raw): bigint | undefined {
    if (raw.form === FORM.addr) return raw.value as bigint;
    return this.isAddressForm(raw.form) ? this.indexedAddress(raw.value as number) : undefined;
  }

  /** Entry of `.debug_addr`. */
  indexedAddress(index: number): bigint {
    const base = this.root.number(AT.addrBase) ?? 8;
    return new DwarfReader(this.info.sections.addr, base + index * this.addressSize).unsigned(this.addressSize);
  }

  /** Offset into `.debug_info` of a reference within this unit. */
  referenceOffset(raw: Raw): number {
    const value = Number(raw.value);
    return raw.form === FORM.refAddr ? value : this.offset + value;
  }

  reference(raw: Raw): Die | undefined {
    switch (raw.form) {
      case FORM.ref1:
      case FORM.ref2:
      case FORM.ref4:
      case FORM.ref8:
      case FORM.refUdata:
        return this.dieAt(this.referenceOffset(raw));
      case FORM.refAddr:
        return this.info.dieAt(raw.value as number);
      case FORM.refSig8:
        return this.info.typeBySignature(raw.value as bigint);
      default:
        return undefined; // supplementary files are not at hand
    }
  }

  private get base(): bigint {
    return this.root.address(AT.lowPc) ?? 0n;
  }

  rangeList(raw: Raw): readonly AddressRange[] {
    if (this.version < 5) return this.rangesOfVersion4(Number(raw.value));
    const offset = this.listOffset(raw, FORM.rnglistx, this.info.sections.rnglists, AT.rnglistsBase);
    const reader = new DwarfReader(this.info.sections.rnglists, offset);
    const ranges: AddressRange[] = [];
    let base = this.base;
    for (;;) {
      // DW_RLE_* of DWARF 5, section 7.25.
      let low = 0n;
      let high = 0n;
      switch (reader.u8()) {
        case 0:
          return ranges;
        case 1:
          base = this.indexedAddress(reader.uleb());
          continue;
        case 2:
          low = this.indexedAddress(reader.uleb());
          high = this.indexedAddress(reader.uleb());
          break;
        case 3:
          low = this.indexedAddress(reader.uleb());
          high = low + reader.ulebBig();
          break;
        case 4:
          low = base + reader.ulebBig();
          high = base + reader.ulebBig();
          break;
        case 5:
          base = reader.unsigned(this.addressSize);
          continue;
        case 6:
          low = reader.unsigned(this.addressSize);
          high = reader.unsigned(this.addressSize);
          break;
        case 7:
          low = reader.unsigned(this.addressSize);
          high = low + reader.ulebBig();
          break;
        default:
          throw new Error(`A range list at offset ${offset} of .debug_rnglists has an unknown entry.`);
      }
      if (high > low) ranges.push({ low, high });
    }
  }

  private rangesOfVersion4(offset: number): AddressRange[] {
    const reader = new DwarfReader(this.info.sections.ranges, offset);
    const ranges: AddressRange[] = [];
    let base = this.base;
    for (;;) {
      const low = reader.unsigned(this.addressSize);
      const high = reader.unsigned(this.addressSize);
      if (low === 0n && high === 0n) return ranges;
      if (low === this.largestAddress) base = high;
      else if (high > low) ranges.push({ low: base + low, high: base + high });
    }
  }

  private get largestAddress(): bigint {
    return (1n << BigInt(this.addressSize * 8)) - 1n;
  }

  private listOffset(raw: Raw, indexForm: number, section: Bytes, baseAttribute: number): number {
    if (raw.form !== indexForm) return Number(raw.value);
    const base = this.root.number(baseAttribute) ?? (this.wide ? 20 : 12);
    const reader = new DwarfReader(section, base + Number(raw.value) * (this.wide ? 8 : 4));
    reader.wide = this.wide;
    return base + reader.sectionOffset();
  }

  locationList(raw: Raw): readonly (AddressRange & { readonly expression: Uint8Array })[] {
    if (this.version < 5) return this.locationsOfVersion4(Number(raw.value));
    const offset = this.listOffset(raw, FORM.loclistx, this.info.sections.loclists, AT.loclistsBase);
    const reader = new DwarfReader(this.info.sections.loclists, offset);
    const entries: (AddressRange & { expression: Uint8Array })[] = [];
    let base = this.base;
    let fallback: Uint8Array | undefined;
    for (;;) {
      // DW_LLE_* of DWARF 5, section 7.7.3.
      const kind = reader.u8();
      let low = 0n;
      let high = 0n;
      if (kind === 0) break;
      switch (kind) {
        case 1:
          base = this.indexedAddress(reader.uleb());
          continue;
        case 2:
          low = this.indexedAddress(reader.uleb());
          high = this.indexedAddress(reader.uleb());
          break;
        case 3:
          low = this.indexedAddress(reader.uleb());
          high = low + reader.ulebBig();
          break;
        case 4:
          low = base + reader.ulebBig();
          high = base + reader.ulebBig();
          break;
        case 5:
          fallback = reader.block(reader.uleb());
          continue;
        case 6:
          base = reader.unsigned(this.addressSize);
          continue;
        case 7:
          low = reader.unsigned(this.addressSize);
          high = reader.unsigned(this.addressSize);
          break;
        case 8:
          low = reader.unsigned(this.addressSize);
          high = low + reader.ulebBig();
          break;
        case 9: // GNU view pair
          reader.uleb();
          reader.uleb();
          continue;
        default:
          throw new Error(`A location list at offset ${offset} of .debug_loclists has an unknown entry.`);
      }
      entries.push({ low, high, expression: reader.block(reader.uleb()) });
    }
    if (fallback !== undefined) entries.push({ low: 0n, high: this.largestAddress, expression: fallback });
    return entries;
  }

  private locationsOfVersion4(offset: number): (AddressRange & { expression: Uint8Array })[] {
    const reader = new DwarfReader(this.info.sections.loc, offset);
    const entries: (AddressRange & { expression: Uint8Array })[] = [];
    let base = this.base;
    for (;;) {
      const low = reader.unsigned(this.addressSize);
      const high = reader.unsigned(this.addressSize);
      if (low === 0n && high === 0n) return entries;
      if (low === this.largestAddress) base = high;
      else entries.push({ low: base + low, high: base + high, expression: reader.block(reader.u16()) });
    }
  }
}

/** The longest header of a unit, and enough for the entry behind it. */
const HEADER_BYTES = 40;
const ROOT_BYTES = 256;

/** Tables of abbreviations that are kept. */
const MOST_TABLES = 64;

export class DwarfInfo {
  private readonly abbreviationTables = new Recent<number, Abbreviations>(MOST_TABLES, () => 1);
  private readonly opened = new Map<number, Unit>();
  /** Finds the definition of a type of any unit by its name and tag, where somebody knows all names. */
  definition: ((name: string, tag: number) => Die | undefined) | undefined;
  private unitCache: readonly Unit[] | undefined;
  private readonly typeSignatures = new Map<bigint, { unit: Unit; offset: number }>();

  constructor(readonly sections: DwarfSections) {}

  /** Compilation units in file order; type units are kept apart. Reads the header and the first entry of each. */
  units(): readonly Unit[] {
    this.unitCache ??= [...this.eachUnit()];
    return this.unitCache;
  }

  /** Bytes of debug information, from which follows how long a walk over it takes. */
  get size(): number {
    return this.sections.info.length;
  }

  /** The first unit of which something holds; those behind it are not looked at. */
  firstUnit(holds: (unit: Unit) => boolean): Unit | undefined {
    if (this.unitCache !== undefined) return this.unitCache.find(holds);
    for (const unit of this.eachUnit()) if (holds(unit)) return unit;
    return undefined;
  }

  /** The unit whose header is at an offset, without a look at the others. */
  unitAt(offset: number): Unit | undefined {
    return this.opened.get(offset) ?? this.openUnit(offset).unit;
  }

  dieAt(offset: number): Die | undefined {
    const units = this.units();
    let low = 0;
    let high = units.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (units[middle].offset <= offset) low = middle + 1;
      else high = middle;
    }
    const unit = units[low - 1];
    return unit !== undefined && offset < unit.end ? unit.dieAt(offset) : undefined;
  }

  typeBySignature(signature: bigint): Die | undefined {
    this.units();
    const found = this.typeSignatures.get(signature);
    return found?.unit.dieAt(found.offset);
  }

  abbreviationTable(offset: number): Abbreviations {
    return this.abbreviationTables.get(offset, () => new Abbreviations(this.sections.abbrev, offset));
  }

  private *eachUnit(): Generator<Unit> {
    for (let offset = 0; offset + 11 <= this.sections.info.length; ) {
      const { unit, type, next } = this.openUnit(offset);
      // Before DWARF 5 the header does not say what a unit is.
      if (unit !== undefined && (type === DW_UT_COMPILE || (type === 0 && unit.root.tag === TAG.compileUnit)))
        yield unit;
      offset = next;
    }
  }

  /** Reads the header at an offset (DWARF 5, section 7.5.1). */
  private openUnit(offset: number): { readonly unit?: Unit; readonly type?: number; readonly next: number } {
    const { info } = this.sections;
    const near = new DwarfReader(info.slice(offset, Math.min(HEADER_BYTES, info.length - offset)));
    const length = near.initialLength();
    const end = Math.min(offset + near.offset + length, info.length);
    const next = length === 0 ? offset + near.offset : end;
    const version = near.u16();
    if (version < 2 || version > 5) return { next };
    const { wide } = near;
    let type = 0;
    let addressSize = 8;
    let abbreviations = 0;
    if (version >= 5) {
      type = near.u8();
      addressSize = near.u8();
      abbreviations = near.sectionOffset();
    } else {
      abbreviations = near.sectionOffset();
      addressSize = near.u8();
    }
    let signature: { id: bigint; offset: number } | undefined;
    if (type === DW_UT_TYPE || type === DW_UT_SPLIT_TYPE) signature = { id: near.u64(), offset: near.sectionOffset() };
    else if (type === DW_UT_SKELETON || type === DW_UT_SPLIT_COMPILE) near.u64();
    const first = offset + near.offset;
    if (first >= end) return { next };
    const known = this.opened.get(offset);
    if (known !== undefined) return { unit: known, type, next };
    const unit = new Unit(this, offset, end, version, wide, addressSize, abbreviations, first);
    this.opened.set(offset, unit);
    if (signature !== undefined) this.typeSignatures.set(signature.id, { unit, offset: offset + signature.offset });
    return { unit, type, next };
  }
}

function readAbbreviation(reader: DwarfReader): readonly [number, Abbreviation | undefined] {
  const code = reader.uleb();
  if (code === 0) return [0, undefined];
  const tag = reader.uleb();
  const hasChildren = reader.u8() !== 0;
  const attributes: number[] = [];
  for (;;) {
    const attribute = reader.uleb();
    const form = reader.uleb();
    const constant = form === FORM.implicitConst ? reader.sleb() : 0;
    if (attribute === 0 && form === 0) return [code, { tag, hasChildren, attributes }];
    attributes.push(attribute, form, constant);
  }
}

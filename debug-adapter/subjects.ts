/**
 * What can be watched and whose last write can be looked for: registers of every kind, places in memory, entries of
 * translation tables, list registers, the stage-2 mapping of a range. One subject, one way to name it everywhere.
 */

import type { AddressSpace, BreakpointSpec, ExceptionLevel, PeView, Target } from '../simulator/target.ts';
import { formatPlace, hex, parsePlace } from './address.ts';
import { evaluateExpression } from './expressions/evaluate.ts';
import { TAKEN } from './sieves.ts';
import type { Symbols } from './symbols/index.ts';
import type { Frame } from './unwind.ts';
import { numeric, toNumber, type Value } from './values.ts';

/** Serialisable: it is the data id of DAP's data breakpoints. */
export type Subject = (
  | { readonly kind: 'general'; readonly name: string }
  | { readonly kind: 'system'; readonly name: string; readonly field?: string }
  | { readonly kind: 'memory'; readonly space: AddressSpace; readonly address: string; readonly bytes: number }
  | { readonly kind: 'list-register'; readonly index: number }
  /** In the tables of one guest, loaded or not. */
  | { readonly kind: 'stage2'; readonly vttbr: bigint; readonly address: string; readonly bytes: number }
) & {
  /** A write that leaves the same value as before does not count. */
  readonly changes?: boolean;
  /** Whose register or address it is, once that is settled. */
  readonly pe?: number;
};

export type Access = 'read' | 'write' | 'readWrite';

/** The data id of a subject, and back. Throws a sentence for text that is no data id. */
export function subjectToId(subject: Subject): string {
  return JSON.stringify(subject, (_, value: unknown) => (typeof value === 'bigint' ? hex(value) : value));
}

const KINDS: readonly Subject['kind'][] = ['general', 'system', 'memory', 'list-register', 'stage2'];

/** `spaceOf` finds a space of the machine by its name. */
export function subjectFromId(id: unknown, spaceOf: (name: string) => AddressSpace | undefined): Subject {
  let subject: Subject | undefined;
  try {
    subject = JSON.parse(String(id), (key, value: unknown) =>
      key === 'vttbr' ? BigInt(value as string) : value,
    ) as Subject;
  } catch {
    // Said below.
  }
  if (subject === null || !KINDS.includes(subject?.kind as Subject['kind']))
    throw new Error(`"${String(id)}" is no data id: ask dataBreakpointInfo for one.`);
  const found = subject as Subject;
  if (found.kind !== 'memory' || found.space.kind !== 'translated') return found;
  const space = spaceOf(found.space.name);
  if (space === undefined) throw new Error(`There is no space "${found.space.name}" any more.`);
  return { ...found, space };
}

export interface Where {
  readonly pe: PeView;
  readonly symbols: Symbols;
  readonly target: Target;
  readonly frame?: Frame;
}

const GENERAL = /^\$?(x[0-9]|x[12][0-9]|x30|sp|lr|fp)$/i;
const LIST_REGISTER = /^\$?(?:ich_)?lr([0-9]|1[0-5])(?:_el2)?$/i;
const RANGE = /^stage2:\s*([^+]+?)\s*(?:\+\s*(0x[0-9a-f_]+|\d+))?$/i;
const ENTRY = /^entry\s+(.+)$/i;
const PAGE = 4096;

/** The subject that a text names. Throws a sentence. */
export function parseSubject(text: string, where: Where, bytes?: number): Subject {
  const { pe, symbols, frame } = where;
  const source = text.trim();
  const general = GENERAL.exec(source);
  if (general !== null) return { kind: 'general', name: general[1].toUpperCase() };
  const list = LIST_REGISTER.exec(source);
  if (list !== null) return { kind: 'list-register', index: Number(list[1]) };
  const range = RANGE.exec(source);
  if (range !== null) {
    const { space, address } = parsePlace(/^ipa\d*:/i.test(range[1]) ? range[1] : `ipa:${range[1]}`, pe);
    const vttbr = (space.kind === 'ipa' ? space.vttbr : undefined) ?? presentGuest(pe);
    const length = range[2] === undefined ? (bytes ?? PAGE) : Number(range[2].replaceAll('_', ''));
    return { kind: 'stage2', vttbr, address: hex(address), bytes: length };
  }
  const entry = ENTRY.exec(source);
  if (entry !== null) {
    const place = parsePlace(entry[1], pe);
    const walk =
      place.space.kind === 'ipa'
        ? pe.walkIpa(place.address, place.space.vttbr)
        : pe.walk(place.address, regimeOf(place.space));
    const last = walk.steps.at(-1);
    if (last === undefined) throw new Error(`No table translates ${formatPlace(place, pe)}, so it has no entry.`);
    return { kind: 'memory', space: { kind: 'pa' }, address: hex(last.descriptorPa), bytes: 8 };
  }
  const value = evaluateExpression(source, { pe, symbols, ...(frame === undefined ? {} : { frame }) });
  return subjectOf(value, where, bytes) ?? numbered(value, source, bytes);
}

/** VTTBR_EL2 of the guest that is loaded, or of the one that was last. Throws a sentence before the first. */
function presentGuest(pe: PeView): bigint {
  const present = pe.systemRegisters().some(row => row.name === 'VTTBR_EL2') ? pe.readRegister('VTTBR_EL2') : 0n;
  const guest = present !== 0n ? present : [...pe.guests.values()].at(-1);
  if (guest === undefined)
    throw new Error('Stage 2 has no tables now, so nothing can be watched: stop in a guest first, or later.');
  return guest;
}

function regimeOf(space: AddressSpace): Parameters<PeView['walk']>[1] {
  return space.kind === 'va' ? space.regime : undefined;
}

function numbered(value: Value, source: string, bytes: number | undefined): Subject {
  if (value.scalar === undefined) throw new Error(`${source} is not in memory and no register.`);
  return { kind: 'memory', space: { kind: 'va' }, address: hex(BigInt.asUintN(64, numeric(value))), bytes: bytes ?? 8 };
}

/** The same as one of a PE, and of the regime of the PE now, whatever is looked at or executed later. */
export function pinned<S extends Subject>(subject: S, pe: PeView): S {
  const mine = { ...subject, pe: pe.index };
  if (subject.kind !== 'memory' || subject.space.kind !== 'va' || subject.space.regime !== undefined) return mine;
  return { ...mine, space: { kind: 'va', regime: pe.regime } };
}

/** The subject that a value is: a register, a field of one, or a place in memory; undefined for another value. */
export function subjectOf(value: Value, { pe }: Where, bytes?: number): Subject | undefined {
  const name = value.field?.register ?? value.register;
  if (name !== undefined) {
    if (GENERAL.test(name)) return { kind: 'general', name };
    const list = LIST_REGISTER.exec(name);
    if (list !== null && value.field === undefined) return { kind: 'list-register', index: Number(list[1]) };
    if (pe.systemRegisters().some(row => row.name === name))
      return { kind: 'system', name, ...(value.field === undefined ? {} : { field: value.field.name }) };
    return undefined;
  }
  if (value.place === undefined) return undefined;
  const { space, address } = value.place;
  return { kind: 'memory', space, address: hex(address), bytes: bytes ?? (value.type.size || 8) };
}

export function describeSubject(subject: Subject, pe: PeView): string {
  switch (subject.kind) {
    case 'general':
      return subject.name;
    case 'system':
      return subject.field === undefined ? subject.name : `${subject.name}.${subject.field}`;
    case 'list-register':
      return `list register ${subject.index}`;
    case 'stage2':
      return `the stage-2 mapping of ${subject.bytes} bytes at IPA ${subject.address} of VMID ${subject.vttbr >> 48n}`;
    case 'memory':
      return `${subject.bytes} bytes at ${formatPlace({ space: subject.space, address: BigInt(subject.address) }, pe)}`;
  }
}

/** What a subject holds now; undefined where it is not mapped. */
export function contentsOf(subject: Subject, target: Target, pe: PeView): bigint | undefined {
  switch (subject.kind) {
    case 'general':
      return pe.readRegister(subject.name);
    case 'system': {
      const value = pe.readRegister(subject.name);
      return subject.field === undefined
        ? value
        : pe.fields(subject.name, value).find(one => one.name === subject.field)?.value;
    }
    case 'list-register':
      return target.listRegisters(pe.index)[subject.index]?.value;
    case 'stage2':
      return undefined;
    case 'memory': {
      const data = pe.read(subject.space, BigInt(subject.address), subject.bytes);
      return data && toNumber(data);
    }
  }
}

/** Registers that taking an exception to a level writes (Arm ARM D1.3.1). */
const WRITTEN_BY_EXCEPTIONS = /^(?:ESR|ELR|SPSR|FAR|HPFAR|SP)_EL([123])$/;
/** Accesses of a guest by which the virtual CPU interface changes list registers (GICv3 architecture, 12.3). */
const VIRTUAL_INTERFACE = ['ICC_IAR1_EL1', 'ICC_IAR0_EL1', 'ICC_EOIR1_EL1', 'ICC_EOIR0_EL1', 'ICC_DIR_EL1'] as const;

/** What the machine has to watch. Each hit has to be asked for a change where `mayBeSame` says so. */
export function specsOf(subject: Subject, access: Access, { pe, target }: Where): readonly BreakpointSpec[] {
  switch (subject.kind) {
    case 'general':
      if (access !== 'write')
        throw new Error(`${subject.name} is a general register, of which writes are watched only.`);
      return [{ kind: 'register', name: subject.name, pe: pe.index }];
    case 'system':
      return [systemSpec(subject, access, pe), ...byExceptions(subject, access, pe)];
    case 'list-register':
      return listRegisterSpecs(subject.index, access, pe, target);
    case 'stage2': {
      const space = { kind: 'ipa', vttbr: subject.vttbr } as const;
      return [{ kind: 'mapping', space, address: BigInt(subject.address), bytes: subject.bytes, pe: pe.index }];
    }
    case 'memory': {
      const { space, bytes } = subject;
      return [{ kind: 'data', space, address: BigInt(subject.address), bytes, access, pe: pe.index }];
    }
  }
}

function systemSpec(subject: Subject & { kind: 'system' }, access: Access, pe: PeView): BreakpointSpec {
  const { name, field, changes } = subject;
  const bits = field === undefined ? undefined : pe.fields(name, 0n).find(one => one.name === field);
  if (field !== undefined && bits === undefined) throw new Error(`${name} has no field ${field}.`);
  const mask = bits && ((1n << BigInt(bits.msb - bits.lsb + 1)) - 1n) << BigInt(bits.lsb);
  if (mask === undefined && !changes) return { kind: 'system-register', name, access };
  // A write of a field counts when it changes the field: the register is written for other fields too.
  const counts = mask ?? BigInt.asUintN(128, -1n);
  return {
    kind: 'system-register',
    name,
    access,
    match: event => !event.write || ((event.value ^ (event.old ?? 0n)) & counts) !== 0n,
  };
}

function byExceptions(subject: Subject & { kind: 'system' }, access: Access, pe: PeView): readonly BreakpointSpec[] {
  const level = WRITTEN_BY_EXCEPTIONS.exec(subject.name)?.[1];
  if (level === undefined || access === 'read' || subject.name.startsWith('SP_')) return [];
  return [
    {
      kind: 'exception',
      sieves: [{ types: TAKEN, to: [Number(level) as ExceptionLevel] }],
      match: event => event.pe === pe.index,
    },
  ];
}

/** Frames of GICv2's virtual interface on the `virt` board: hypervisor control and virtual CPU interface. */
const GICH_LR0 = 0x0803_0100n;
const GICV = 0x0804_0000n;

function listRegisterSpecs(index: number, access: Access, pe: PeView, target: Target): readonly BreakpointSpec[] {
  if (target.listRegisters(pe.index)[index] === undefined)
    throw new Error(`There is no list register ${index}: this GIC has ${target.listRegisters(pe.index).length}.`);
  const name = `ICH_LR${index}_EL2`;
  const mine = (event: { readonly pe: number }): boolean => event.pe === pe.index;
  if (!pe.systemRegisters().some(row => row.name === name)) {
    const pa = { kind: 'pa' } as const;
    return [
      { kind: 'data', space: pa, address: GICH_LR0 + BigInt(index * 4), bytes: 4, access },
      ...(access === 'read'
        ? []
        : [{ kind: 'data', space: pa, address: GICV, bytes: PAGE, access: 'readWrite' } as const]),
    ];
  }
  return [
    { kind: 'system-register', name, access, match: mine },
    ...(access === 'read'
      ? []
      : VIRTUAL_INTERFACE.map(
          one => ({ kind: 'system-register', name: one, access: 'readWrite', match: mine }) as const,
        )),
  ];
}

/** Hits of these may leave the subject as it was: they are no stop then. */
export function mayBeSame(subject: Subject): boolean {
  return subject.kind === 'list-register' || subject.kind === 'stage2' || (subject.changes ?? false);
}

/** How a range of IPAs is mapped, as text that can be compared. */
export function stage2Mapping({ address, bytes, vttbr }: Subject & { kind: 'stage2' }, pe: PeView): string {
  const pages: string[] = [];
  for (let at = 0; at < bytes; at += PAGE) {
    const { steps, pa } = pe.walkIpa(BigInt(address) + BigInt(at), vttbr);
    pages.push(`${pa === undefined ? 'nowhere' : hex(pa)} by ${hex(steps.at(-1)?.descriptor ?? 0n)}`);
  }
  return pages.join('\n');
}

/** A state of a subject that can be compared with a later one. */
export function stateOf(subject: Subject, target: Target, pe: PeView): string {
  return subject.kind === 'stage2' ? stage2Mapping(subject, pe) : String(contentsOf(subject, target, pe));
}

/** variables and setVariable: locals, the tree of registers, and the parts of values. */

import type { DebugProtocol } from '@vscode/debugprotocol';
import type { FieldValue, ListRegister, PeView } from '../../simulator/target.ts';
import { formatPlace, hex } from '../address.ts';
import {
  type EvaluationContext,
  evaluateExpression,
  fieldValue,
  registerValue,
  variableValue,
} from '../expressions/evaluate.ts';
import { type Handler, handler } from '../handler.ts';
import type { Machine } from '../machine.ts';
import type { Die } from '../symbols/dwarf/info.ts';
import { typeOf } from '../symbols/dwarf/types.ts';
import type { Frame } from '../unwind.ts';
import {
  childCount,
  dereference,
  elementOf,
  type FormatOptions,
  formatValue,
  memberOf,
  membersOf,
  numeric,
  type Style,
  sliceOf,
  type Value,
} from '../values.ts';

type Variable = DebugProtocol.Variable;

export interface Paging {
  readonly start: number;
  /** 0 for all. */
  readonly count: number;
  readonly filter?: 'indexed' | 'named';
}

/** Something with variables in it. */
export interface Container {
  variables(paging: Paging, format: FormatOptions): readonly Variable[];
  /** A child as a value, for assignments and data breakpoints. */
  value?(name: string): Value | undefined;
}

export function contextOf(machine: Machine, frame: Frame): EvaluationContext {
  return { pe: frame.physical.pe, symbols: machine.symbols, frame };
}

function slice<T>(items: readonly T[], paging: Paging): readonly T[] {
  return paging.count > 0 ? items.slice(paging.start, paging.start + paging.count) : items.slice(paging.start);
}

/** Registers that hold addresses of code. */
const CODE_ADDRESSES = /^(?:PC|X30|LR|ELR_EL[123])$/;

/** The line of the code at an address, for the request `locations`. */
function leadsTo(machine: Machine, pe: PeView, address: bigint): { valueLocationReference?: number } {
  const row = machine.symbols.at(address, pe.regime)?.lineAt(address);
  return row === undefined ? {} : { valueLocationReference: machine.keepLocation({ path: row.path, line: row.line }) };
}

/** The line that declares a variable, for the request `locations`. */
function declaration(machine: Machine, frame: Frame, die: Die): { declarationLocationReference?: number } {
  const location = frame.physical.table?.declarationOf(die);
  return location === undefined ? {} : { declarationLocationReference: machine.keepLocation(location) };
}

/** A value as a variable, with a reference to its parts. */
export function toVariable(
  machine: Machine,
  pe: PeView,
  name: string,
  value: Value,
  format: FormatOptions,
  evaluateName?: string,
): Variable {
  const { named, indexed } = childCount(pe, value);
  const hasParts = named + indexed > 0;
  return {
    name,
    value: formatValue(pe, value, format),
    type: value.type.name,
    ...(evaluateName === undefined ? {} : { evaluateName }),
    variablesReference: hasParts ? machine.keep(partsOf(machine, pe, value, evaluateName, format.style)) : 0,
    ...(hasParts && named > 0 ? { namedVariables: named } : {}),
    ...(indexed > 0 ? { indexedVariables: indexed } : {}),
    ...(value.place !== undefined
      ? { memoryReference: formatPlace(value.place, pe) }
      : value.type.kind === 'pointer' && value.scalar !== undefined
        ? { memoryReference: hex(value.scalar) }
        : {}),
    ...(value.scalar !== undefined && value.type.kind === 'pointer' && value.type.target?.().kind === 'function'
      ? leadsTo(machine, pe, value.scalar)
      : {}),
    ...(value.assign === undefined && !hasParts ? { presentationHint: { attributes: ['readOnly'] } } : {}),
  };
}

function failed(name: string, error: unknown): Variable {
  return {
    name,
    value: `<${(error as Error).message}>`,
    variablesReference: 0,
    presentationHint: { attributes: ['readOnly'] },
  };
}

/** Elements of an array for a client that does not ask for them in pages. */
const MOST_ELEMENTS = 100_000;

function partsOf(
  machine: Machine,
  pe: PeView,
  value: Value,
  expression: string | undefined,
  style: Style | undefined,
): Container {
  const elements = sliceOf(pe, value);
  if (elements !== undefined) return partsOf(machine, pe, elements, undefined, style);
  const child = (name: string): Value | undefined => {
    if (value.type.kind === 'array') return elementOf(pe, value, Number(name.replace(/[[\]]/g, '')));
    if (value.type.kind === 'pointer')
      return dereference(pe, value, value.place?.space ?? value.pointsInto ?? { kind: 'va' });
    return memberOf(pe, value, name);
  };
  return {
    variables(paging, given) {
      const format = style === undefined ? given : { ...given, style };
      const left = Math.max(0, (value.type.count ?? 0) - paging.start);
      const names =
        value.type.kind === 'array'
          ? Array.from({ length: Math.min(paging.count || MOST_ELEMENTS, left) }, (_, i) => `[${paging.start + i}]`)
          : value.type.kind === 'pointer'
            ? [`*${expression ?? ''}`]
            : slice(
                membersOf(pe, value).map(member => member.name),
                paging,
              );
      return names.map(name => {
        const path =
          expression === undefined
            ? undefined
            : value.type.kind === 'array'
              ? `${expression}${name}`
              : value.type.kind === 'pointer'
                ? `*(${expression})`
                : `(${expression}).${name}`;
        try {
          const one = child(name);
          return one === undefined
            ? failed(name, new Error('not there'))
            : toVariable(machine, pe, name, one, format, path);
        } catch (error) {
          return failed(name, error);
        }
      });
    },
    value: child,
  };
}

/** Parameters or locals of a frame. */
export function variablesScope(machine: Machine, frame: Frame, dies: readonly Die[]): Container {
  const context = contextOf(machine, frame);
  return {
    variables: (paging, format) =>
      slice(dies, paging).map(die => {
        const name = die.name ?? '?';
        const declared = declaration(machine, frame, die);
        try {
          const variable = toVariable(machine, frame.physical.pe, name, variableValue(context, die), format, name);
          return { ...variable, ...declared };
        } catch (error) {
          return { ...failed(name, error), type: typeOf(die.type).name, ...declared };
        }
      }),
    value: name => {
      const die = dies.find(one => one.name === name);
      return die === undefined ? undefined : variableValue(context, die);
    },
  };
}

// --- Registers ----------------------------------------------------------------------------------------------------

const GENERAL = [...Array.from({ length: 31 }, (_, index) => `X${index}`), 'SP', 'PC'];
const VECTORS = [...Array.from({ length: 32 }, (_, index) => `V${index}`), 'FPCR', 'FPSR'];

interface Group {
  readonly name: string;
  readonly summary: string;
  readonly container: () => Container;
}

/** The one scope with the hint `registers`: groups first, registers below them, fields below those. */
export function registerScope(machine: Machine, frame: Frame): Container {
  const { pe, live } = frame.physical;
  const context = contextOf(machine, frame);
  const groups: Group[] = [
    { name: 'General', summary: 'X0 to X30, SP, PC', container: () => registers(machine, context, GENERAL) },
  ];
  // The rest of the state belongs to the PE, not to a frame; the frames of callers show it all the same.
  groups.push({ name: 'PSTATE', summary: hex(readOr(pe, 'PSTATE'), 8), container: () => fields(context, 'PSTATE') });
  groups.push({
    name: 'SIMD and floating point',
    summary: 'V0 to V31, FPCR, FPSR',
    container: () => registers(machine, context, VECTORS),
  });
  const system = new Map<string, string[]>();
  for (const row of pe.systemRegisters()) {
    const names = system.get(row.group);
    if (names === undefined) system.set(row.group, [row.name]);
    else names.push(row.name);
  }
  for (const [group, names] of system) {
    const name = /^EL\d$/.test(group) ? `System registers of ${group}` : group;
    groups.push({ name, summary: `${names.length} registers`, container: () => registers(machine, context, names) });
  }
  const lists = machine.target.listRegisters(pe.index);
  if (lists.length > 0) {
    const used = lists.filter(one => one.state !== 'invalid').length;
    groups.push({
      name: 'List registers',
      summary: `${used} of ${lists.length} in use`,
      container: () => listRegisters(machine, lists),
    });
  }
  return {
    variables: paging =>
      slice(groups, paging).map(group => ({
        name: group.name,
        value: live || group.name !== 'General' ? group.summary : `${group.summary}, as far as known in this frame`,
        variablesReference: machine.keep(group.container()),
        presentationHint: { kind: 'virtual', attributes: ['readOnly'] },
      })),
  };
}

function readOr(pe: PeView, name: string): bigint {
  try {
    return pe.readRegister(name);
  } catch {
    return 0n;
  }
}

function registers(machine: Machine, context: EvaluationContext, names: readonly string[]): Container {
  const { pe } = context;
  return {
    variables: paging =>
      slice(names, paging).map(name => {
        try {
          const value = registerValue(context, name);
          if (value?.scalar === undefined) return failed(name, new Error('not there'));
          const parts = pe.fields(name, value.scalar);
          return {
            name,
            value: hex(value.scalar, value.type.size * 2),
            type: value.type.name,
            evaluateName: `$${name.toLowerCase()}`,
            variablesReference: parts.length > 0 ? machine.keep(fields(context, name)) : 0,
            ...(value.type.size === 8 ? { memoryReference: hex(value.scalar) } : {}),
            ...(CODE_ADDRESSES.test(name) ? leadsTo(machine, pe, value.scalar) : {}),
            ...(value.assign === undefined ? { presentationHint: { attributes: ['readOnly'] } } : {}),
          };
        } catch (error) {
          return failed(name, error);
        }
      }),
    value: name => registerValue(context, name),
  };
}

function bitRange(field: FieldValue): string {
  return field.msb === field.lsb ? `[${field.msb}]` : `[${field.msb}:${field.lsb}]`;
}

function fields(context: EvaluationContext, register: string): Container {
  const { pe } = context;
  const current = (): Value | undefined => registerValue(context, register);
  return {
    variables: paging => {
      const value = current();
      if (value?.scalar === undefined) return [];
      return slice(pe.fields(register, value.scalar), paging).map(field => ({
        name: field.name,
        value: `${hex(field.value)}${field.meaning === undefined ? '' : ` (${field.meaning})`}`,
        type: `bits ${bitRange(field)}`,
        evaluateName: `$${register.toLowerCase()}.${field.name.toLowerCase()}`,
        variablesReference: 0,
        ...(value.assign === undefined ? { presentationHint: { attributes: ['readOnly'] } } : {}),
      }));
    },
    value: name => {
      const value = current();
      return value === undefined ? undefined : fieldValue(pe, value, name);
    },
  };
}

function listRegisters(machine: Machine, lists: readonly ListRegister[]): Container {
  const leaf = (name: string, value: string): Variable => ({ name, value, variablesReference: 0 });
  return {
    variables: paging =>
      slice(lists, paging).map(one => {
        const details: Container = {
          variables: () => [
            leaf('Value', hex(one.value, 16)),
            leaf('State', one.state),
            leaf('vINTID', String(one.virtualId)),
            ...(one.hw ? [leaf('pINTID', String(one.physicalId ?? 0))] : []),
            leaf('Priority', hex(one.priority, 2)),
            leaf('Group', String(one.group)),
            leaf('HW', one.hw ? '1' : '0'),
          ],
        };
        return {
          name: `LR${one.index}`,
          value:
            one.state === 'invalid'
              ? 'invalid'
              : `${one.state}, vINTID ${one.virtualId}, priority ${hex(one.priority, 2)}`,
          variablesReference: machine.keep(details),
        };
      }),
  };
}

/** The memory that a value lies in, for clients that show memory; undefined for one in registers. */
export function memoryOf(pe: PeView, { place, type }: Value) {
  return place && { memoryReference: formatPlace(place, pe), offset: 0, count: type.size };
}

export const VARIABLES: Readonly<Record<string, Handler>> = {
  variables: handler<DebugProtocol.VariablesArguments, { variables: readonly Variable[] }>(
    'stopped',
    (session, args) => {
      const container = session.machine.container(args.variablesReference);
      const paging = {
        start: args.start ?? 0,
        count: args.count ?? 0,
        ...(args.filter === undefined ? {} : { filter: args.filter }),
      };
      return { variables: container.variables(paging, { hex: args.format?.hex ?? false }) };
    },
  ),

  setVariable: handler<DebugProtocol.SetVariableArguments, DebugProtocol.SetVariableResponse['body']>(
    'stopped',
    (session, args) => {
      const { machine } = session;
      const container = machine.container(args.variablesReference);
      const pe = machine.focusedPe;
      const old = container.value?.(args.name);
      if (old?.assign === undefined) throw new Error(`${args.name} cannot be assigned.`);
      const frame = machine.stackOf(pe).frames[0];
      old.assign(
        BigInt.asUintN(
          (old.type.size || 8) * 8,
          numeric(evaluateExpression(String(args.value), contextOf(machine, frame))),
        ),
      );
      session.changed(memoryOf(pe, old));
      // Read back: what counts is what the machine made of the write.
      const now = container.value?.(args.name) ?? old;
      return {
        value: formatValue(pe, now, { hex: args.format?.hex ?? false }),
        type: now.type.name,
        variablesReference: 0,
      };
    },
  ),
};

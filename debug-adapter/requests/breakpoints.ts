/** Breakpoints of every kind. A breakpoint that cannot be set is answered as unverified, with a sentence. */

import type { DebugProtocol } from '@vscode/debugprotocol';
import type { BreakpointSpec, TranslationRegime } from '../../simulator/target.ts';
import { hex, parsePlace } from '../address.ts';
import type { Family, Guard } from '../breakpoints.ts';
import { EXCEPTION_FILTERS, filterSpecs } from '../filters.ts';
import { type Handler, handler } from '../handler.ts';
import type { Session } from '../session.ts';
import { functionsNamed } from '../symbols/functions.ts';
import type { SymbolTable } from '../symbols/index.ts';

type Breakpoint = DebugProtocol.Breakpoint;

/** Sets one breakpoint and describes it. `describe` adds where it stands. */
export function place(
  session: Session,
  family: Family,
  key: string,
  guard: Guard,
  find: () => { specs: readonly BreakpointSpec[]; extra?: Partial<Breakpoint>; guard?: Guard },
): Breakpoint {
  const { breakpoints } = session.machine;
  const id = breakpoints.unusedId();
  const set = (): Breakpoint => {
    try {
      const { specs, extra, guard: asked = guard } = find();
      breakpoints.add(family, key, specs, asked, id);
      return { id, verified: true, ...extra };
    } catch (error) {
      return { id, verified: false, reason: 'failed', message: (error as Error).message };
    }
  };
  const answer = set();
  // Symbols that come later may have it, or have it elsewhere.
  if (family === 'source' || family === 'function') breakpoints.dependsOnSymbols(id, family, key, set, answer);
  return answer;
}

export const TRANSLATION_REGIMES: readonly TranslationRegime[] = ['EL1&0', 'EL2', 'EL2&0', 'EL3'];

/** The regime that a breakpoint's mode names. Throws a sentence. */
export function regimeOfMode(mode: unknown): TranslationRegime | undefined {
  if (mode === undefined) return undefined;
  const regime = TRANSLATION_REGIMES.find(one => one === mode);
  if (regime === undefined)
    throw new Error(`"${String(mode)}" is no breakpoint mode: use one of ${TRANSLATION_REGIMES.join(', ')}.`);
  return regime;
}

/** An instruction breakpoint in the regime of its mode, else of its image; EL2 and EL2&0 are one for images. */
export function inTable(table: SymbolTable, address: bigint, mode?: unknown): readonly BreakpointSpec[] {
  const wanted = regimeOfMode(mode);
  if (wanted !== undefined) return [{ kind: 'instruction', address, regime: wanted }];
  const { regime } = table;
  if (regime === undefined) return [{ kind: 'instruction', address }];
  const regimes: readonly TranslationRegime[] = regime.startsWith('EL2') ? ['EL2', 'EL2&0'] : [regime];
  return regimes.map(one => ({ kind: 'instruction', address, regime: one }));
}

export function list<T>(value: unknown, name: string): readonly T[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new Error(`"${name}" has to be a list.`);
  return value as T[];
}

export const BREAKPOINTS: Readonly<Record<string, Handler>> = {
  setBreakpoints: handler<DebugProtocol.SetBreakpointsArguments, { breakpoints: Breakpoint[] }>(
    'machine',
    (session, args) => {
      const { breakpoints, symbols } = session.machine;
      const path = args.source?.path;
      if (typeof path !== 'string')
        throw new Error('Breakpoints can be set in source files only: "source.path" is missing.');
      breakpoints.clear('source', path);
      const wanted = list<DebugProtocol.SourceBreakpoint>(args.breakpoints, 'breakpoints');
      return {
        breakpoints: wanted.map(one =>
          place(session, 'source', path, one, () => {
            const line = one.line + (session.client.linesStartAt1 === false ? 1 : 0);
            const found = symbols.tables.flatMap(table => table.addressesOf(path, line).map(at => ({ table, at })));
            if (found.length === 0)
              throw new Error(`No image of this session has code for line ${line} of this file or below.`);
            const [{ at }] = found;
            return {
              specs: found.flatMap(({ table, at: { address } }) => inTable(table, address, one.mode)),
              extra: {
                line: at.line - (session.client.linesStartAt1 === false ? 1 : 0),
                source: { name: baseName(path), path },
                instructionReference: hex(at.address),
              },
            };
          }),
        ),
      };
    },
  ),

  setFunctionBreakpoints: handler<DebugProtocol.SetFunctionBreakpointsArguments, { breakpoints: Breakpoint[] }>(
    'machine',
    (session, args) => {
      const { breakpoints, symbols } = session.machine;
      breakpoints.clear('function');
      const wanted = list<DebugProtocol.FunctionBreakpoint>(args.breakpoints, 'breakpoints');
      return {
        breakpoints: wanted.map(one =>
          place(session, 'function', String(one.name), one, () => {
            const found = functionsNamed(symbols, String(one.name));
            const [{ table, address }] = found;
            const row = table.lineAt(address);
            return {
              specs: found.flatMap(at => inTable(at.table, at.address)),
              extra: {
                instructionReference: hex(address),
                ...(row === undefined ? {} : { line: row.line, source: { name: baseName(row.path), path: row.path } }),
              },
            };
          }),
        ),
      };
    },
  ),

  setInstructionBreakpoints: handler<DebugProtocol.SetInstructionBreakpointsArguments, { breakpoints: Breakpoint[] }>(
    'machine',
    (session, args) => {
      const { machine } = session;
      machine.breakpoints.clear('instruction');
      const wanted = list<DebugProtocol.InstructionBreakpoint>(args.breakpoints, 'breakpoints');
      return {
        breakpoints: wanted.map(one =>
          place(session, 'instruction', one.instructionReference, one, () => {
            const { space, address: base } = parsePlace(String(one.instructionReference), machine.focusedPe);
            const address = BigInt.asUintN(64, base + BigInt(one.offset ?? 0));
            if (space.kind !== 'va') throw new Error('An instruction breakpoint needs a virtual address.');
            if ((address & 3n) !== 0n)
              throw new Error(`${hex(address)} is no address of an instruction: it is not a multiple of 4.`);
            const regime = regimeOfMode(one.mode) ?? space.regime;
            return {
              specs: [{ kind: 'instruction', address, ...(regime === undefined ? {} : { regime }) }],
              extra: { instructionReference: hex(address) },
            };
          }),
        ),
      };
    },
  ),

  setExceptionBreakpoints: handler<DebugProtocol.SetExceptionBreakpointsArguments, { breakpoints: Breakpoint[] }>(
    'machine',
    (session, args) => {
      session.machine.breakpoints.clear('exception');
      const plain = list<string>(args.filters, 'filters').map(filterId => ({ filterId }));
      const wanted: DebugProtocol.ExceptionFilterOptions[] = [
        ...plain,
        ...list<DebugProtocol.ExceptionFilterOptions>(args.filterOptions, 'filterOptions'),
      ];
      return {
        breakpoints: wanted.map(one =>
          place(session, 'exception', one.filterId, one, () => {
            const row = EXCEPTION_FILTERS.find(filter => filter.filter === one.filterId);
            if (row === undefined) throw new Error(`There is no exception filter "${one.filterId}".`);
            const mode = regimeOfMode(one.mode);
            return { specs: filterSpecs(row, session.machine.target, mode) };
          }),
        ),
      };
    },
  ),

  breakpointLocations: handler<
    DebugProtocol.BreakpointLocationsArguments,
    { breakpoints: DebugProtocol.BreakpointLocation[] }
  >('machine', (session, args) => {
    const path = args.source?.path;
    if (typeof path !== 'string') return { breakpoints: [] };
    const last = args.endLine ?? args.line;
    const lines = new Set(
      session.machine.symbols.tables
        .flatMap(table => table.codeLines(path).map(({ line }) => line))
        .filter(line => line >= args.line && line <= last),
    );
    return { breakpoints: [...lines].sort((a, b) => a - b).map(line => ({ line })) };
  }),
};

export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/**
 * `hyperstep trace --nested`: one exit of a nested guest, trap by trap. A trap is an exception that a guest takes to EL2: the
 * guest hypervisor, which is L1, or its guest, L2. L0 is the hypervisor of the machine.
 */

import { parseArgs } from 'node:util';
import { MICRO_BENCHMARKS, type SystemRow, systemNamed, systems } from '../hypervisors/systems.ts';
import { createTarget } from '../machine.ts';
import type { ExceptionEvent, PeView, StopReason, Target } from '../target.ts';
import { UsageError } from './arguments.ts';
import { type ElfSymbol, elfSymbols } from './elf-symbols.ts';
import { filesOf, type SystemFiles } from './system-files.ts';

/** Who executes on a PE: level of nesting, and the exception level that it believes to be at. */
export interface Level {
  readonly nesting: 0 | 1 | 2;
  readonly el: 0 | 1 | 2;
}

export interface NestedTrap {
  readonly pe: number;
  /** Who trapped. */
  readonly from: Level;
  /** Function, and the offset in it. */
  readonly symbol: string;
  /** What it did. */
  readonly cause: string;
  /** The control that makes it a trap. */
  readonly because: string;
  /** Functions of L0 that dealt with it, in the order in which they were called. */
  readonly handlers: readonly string[];
  /** Who runs after it, and where. */
  readonly to: Level;
  readonly next: string;
}

const MEMORY = 128 << 20;
const LIMIT = 1_000_000_000;

const HCR_VM = 1n;
const HCR_NV = 1n << 42n;
/** VMIDs as nested/memory.c gives them out; those of nested guests follow. */
const VMID_GUEST = 1n;

/** Functions of L0 in which it is decided what a trap comes to. */
const HANDLERS = [
  ...['inject_sync', 'inject_irq', 'emulate_eret', 'emulate_access', 'emulate_id_register', 'handle_nested_fault'],
  ...['handle_call', 'handle_mmio', 'handle_system_register', 'handle_wait', 'load_guest_fp'],
];

/** Who executes below EL2 on a PE, by what L0 has set up: FEAT_NV is for virtual EL2, and each world has its VMID. */
export function levelOf(pe: Pick<PeView, 'readRegister'>, el: number): Level {
  const hcr = pe.readRegister('HCR_EL2');
  if (el >= 2 || !(hcr & HCR_VM)) return { nesting: 0, el: el as Level['el'] };
  if (hcr & HCR_NV) return { nesting: 1, el: el === 1 ? 2 : 0 };
  const nesting = pe.readRegister('VTTBR_EL2') >> 48n === VMID_GUEST ? 1 : 2;
  return { nesting, el: el as Level['el'] };
}

/** The traps of one `operation` of the nested guest of a system. Throws a sentence when there is none. */
export function nestedTraps(row: SystemRow, operation: string): readonly NestedTrap[] {
  if (!row.guestHypervisor) throw new Error(`${row.name} has no guest hypervisor; ${nestedNames().join(', ')} have.`);
  const { elf: image, guestHypervisor: initrd } = filesOf(row) as Required<SystemFiles>;
  const hostSymbols = elfSymbols(image);
  const guestSymbols = elfSymbols(initrd);
  const guest = functionsOf(guestSymbols);
  const { cpu = 'max', features = [], gic = 3, pes = 2, memory = MEMORY, el = 2 } = row.machine ?? {};
  const machine = { cpu, features, gic, pes, memory, el, semihosting: false };
  const target = createTarget({ ...machine, image, imageName: row.elf, initrd });

  const operations = row.operations ?? MICRO_BENCHMARKS;
  const number = operations.indexOf(operation);
  const entry = guestSymbols.get(operation.replaceAll('-', '_'))?.value;
  if (number < 0 || entry === undefined) {
    throw new Error(`${row.name} has no operation "${operation}"; it has ${operations.join(', ')}.`);
  }
  const begin = guestSymbols.get('bench_begin')?.value as bigint;
  runTo(target, begin, pe => Number(pe.readRegister('X0')) === number);
  runTo(target, entry);

  const traps: NestedTrap[] = [];
  const open = new Map<number, { trap: Omit<NestedTrap, 'handlers' | 'to' | 'next'>; handlers: string[] }>();
  for (const name of HANDLERS) {
    const address = hostSymbols.get(name)?.value;
    if (address === undefined) continue;
    target.addBreakpoint({
      kind: 'instruction',
      address,
      match: pe => {
        open.get(pe.index)?.handlers.push(name);
        return false;
      },
    });
  }
  target.onException = event => {
    const pe = target.pes[event.pe];
    if (event.kind === 'taken' && event.to === 2 && event.from < 2) {
      const from = levelOf(pe, event.from);
      if (from.nesting === 0) return; // the host of L0 calls its own hypervisor code
      const trap = { pe: event.pe, from, symbol: nameOf(guest, event.pc), ...causeOf(pe, event) };
      open.set(event.pe, { trap, handlers: [] });
    } else if (event.kind === 'return' && event.from === 2 && event.to < 2) {
      const to = levelOf(pe, event.to);
      const entered = open.get(event.pe);
      if (to.nesting === 0 || !entered) return;
      open.delete(event.pe);
      traps.push({ ...entered.trap, handlers: entered.handlers, to, next: nameOf(guest, event.target) });
    }
  };
  runTo(target, entry);
  return traps.filter(trap => trap.pe === 0 || operation === 'virtual-ipi');
}

function nestedNames(): readonly string[] {
  return systems.filter(row => row.guestHypervisor).map(row => row.name);
}

function runTo(target: Target, address: bigint, match?: (pe: PeView) => boolean): void {
  const id = target.addBreakpoint({ kind: 'instruction', address, pe: 0, match });
  const stop = target.run({ instructions: LIMIT, stepOff: true });
  target.removeBreakpoint(id);
  if (stop.kind !== 'breakpoint') throw new Error(`The nested guest does not come to its measurement: ${why(stop)}.`);
}

function why(stop: StopReason): string {
  return 'message' in stop ? stop.message : `the machine stopped for ${stop.kind}`;
}

/** A trapped access in words, and the bit that trapped it. */
function causeOf(pe: PeView, event: ExceptionEvent): { cause: string; because: string } {
  if (event.type !== 'sync') return { cause: event.type.toUpperCase(), because: 'HCR_EL2.IMO is 1' };
  const text = event.text ?? '';
  const access = /^trapped (MRS|MSR) of (\S+)/.exec(text);
  const name = access ? access[2] : event.class === 'ERET' ? 'ERET' : undefined;
  const cause = text.replace('trapped ', '');
  // An HVC is for EL2 always; what else has no control to blame is a fault of stage 2.
  if (name === undefined) return { cause, because: event.class === 'HVC64' ? '' : 'stage 2' };
  const sentence = pe.explainAccess(name, access?.[1] === 'MRS' ? 'read' : 'write', event.from);
  return { cause, because: /because (.*?)\.$/.exec(sentence)?.[1] ?? '' };
}

interface Function {
  readonly name: string;
  readonly value: bigint;
}

function functionsOf(symbols: ReadonlyMap<string, ElfSymbol>): readonly Function[] {
  return [...symbols]
    .filter(([name, symbol]) => /^[a-z_]\w*$/i.test(name) && symbol.offset !== undefined)
    .map(([name, { value }]) => ({ name, value }))
    .sort((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : 0));
}

function nameOf(functions: readonly Function[], pc: bigint): string {
  const found = functions.findLast(one => one.value <= pc);
  if (!found) return `0x${pc.toString(16)}`;
  const within = pc - found.value;
  return within ? `${found.name}+0x${within.toString(16)}` : found.name;
}

function levelText({ nesting, el }: Level): string {
  return `L${nesting} ${nesting === 1 && el === 2 ? 'vEL2' : `EL${el}`}`;
}

/** What came of a trap. */
function outcome(trap: NestedTrap): string {
  const { from, to, handlers, next } = trap;
  const by = handlers.join(', ') || 'L0';
  const moved = from.nesting !== to.nesting || from.el !== to.el;
  return moved ? `${by}: on to ${levelText(to)} at ${next}` : by;
}

/** The lines of a trace, with a heading. */
export function nestedReport(row: SystemRow, operation: string, traps: readonly NestedTrap[]): string {
  const table = traps.map((trap, index) => [
    String(index + 1),
    ...(operation === 'virtual-ipi' ? [`PE ${trap.pe}`] : []),
    levelText(trap.from),
    trap.symbol,
    trap.cause,
    trap.because,
    outcome(trap),
  ]);
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map(line => line[column].length)));
  const lines = table.map(line =>
    line
      .map((text, column) => (column ? text.padEnd(widths[column]) : text.padStart(widths[0])))
      .join('  ')
      .trimEnd(),
  );
  const count = `${traps.length} trap${traps.length === 1 ? '' : 's'} to L0`;
  return `${row.name}, ${operation} of the nested guest: ${count}\n${lines.map(line => `${line}\n`).join('')}`;
}

/** The command; returns the text for standard output. */
export function traceNested(argv: readonly string[]): string {
  let values: { system?: string; operation?: string };
  try {
    ({ values } = parseArgs({
      args: argv.filter(arg => arg !== '--nested'),
      options: { system: { type: 'string' }, operation: { type: 'string' } },
    }));
  } catch (error) {
    throw new UsageError(`${(error as Error).message}; --nested takes --system NAME and --operation NAME.`);
  }
  const { system = 'nested/armv8.3', operation = 'hypercall' } = values;
  try {
    const row = systemNamed(system);
    return nestedReport(row, operation, nestedTraps(row, operation));
  } catch (error) {
    throw error instanceof Error && error.constructor === Error ? new UsageError(error.message) : error;
  }
}

/** What the panels ask about the present state: PEs with their interrupts and timers, the virtual interface, regimes. */

import type { ExceptionEvent, PeView, TranslationRegime } from '../../simulator/target.ts';
import { hex } from '../address.ts';
import { type Handler, handler } from '../handler.ts';
import { nestingOf } from '../nesting.ts';
import { lastRuns } from '../past-guest.ts';
import type { CustomRequests, PeState, RegimesResponse, TimerState } from '../protocol.ts';
import type { Session } from '../session.ts';
import { CHANGES_LEVEL } from '../sieves.ts';

type Panel =
  | 'hyperstep/virtualInterface'
  | 'hyperstep/regimes'
  | 'hyperstep/staleTranslations'
  | 'hyperstep/documentation'
  | 'hyperstep/toLevelChange';

function custom<K extends Panel>(
  handle: (session: Session, args: CustomRequests[K]['arguments']) => CustomRequests[K]['body'],
): Handler {
  return handler<CustomRequests[K]['arguments'], CustomRequests[K]['body']>('stopped', handle);
}

function peOf(session: Session, threadId: number | undefined): PeView {
  return threadId === undefined ? session.machine.focusedPe : session.machine.peOfThread(threadId);
}

/** The value of a register that the PE may not have. */
function register(pe: PeView, name: string): bigint | undefined {
  try {
    return pe.readRegister(name);
  } catch {
    return undefined;
  }
}

const bit = (value: bigint, n: number): boolean => ((value >> BigInt(n)) & 1n) === 1n;

// --- PEs ----------------------------------------------------------------------------------------------------------------

/** The timers of Arm ARM D12.2, with the counter that each compares with. */
const TIMERS: readonly (readonly [name: string, suffix: string, counter: string, title: string])[] = [
  ['CNTP', 'EL0', 'CNTPCT_EL0', 'physical timer'],
  ['CNTV', 'EL0', 'CNTVCT_EL0', 'virtual timer'],
  ['CNTHP', 'EL2', 'CNTPCT_EL0', 'EL2 physical timer'],
  ['CNTHV', 'EL2', 'CNTPCT_EL0', 'EL2 virtual timer'],
  ['CNTPS', 'EL1', 'CNTPCT_EL0', 'secure physical timer'],
];

function timersOf(pe: PeView): TimerState[] {
  const frequency = Number(register(pe, 'CNTFRQ_EL0') ?? 0n) || 1;
  return TIMERS.flatMap(([name, suffix, counter, title]) => {
    const control = register(pe, `${name}_CTL_${suffix}`);
    const compare = register(pe, `${name}_CVAL_${suffix}`);
    const count = register(pe, counter);
    if (control === undefined || compare === undefined || count === undefined) return [];
    const ticks = Number(BigInt.asIntN(64, compare - count));
    return [
      {
        name,
        title,
        enabled: bit(control, 0),
        masked: bit(control, 1),
        fired: bit(control, 2),
        ticks,
        nanoseconds: Math.round((ticks / frequency) * 1e9),
      },
    ];
  });
}

/** SCR_EL3.NS decides below EL3 (Arm ARM D1.5). */
function securityOf(pe: PeView): 'secure' | 'non-secure' {
  const scr = register(pe, 'SCR_EL3');
  return scr !== undefined && (pe.el === 3 || !bit(scr, 0)) ? 'secure' : 'non-secure';
}

export function peState(session: Session, pe: PeView): PeState {
  const { symbols, target } = session.machine;
  const { index, powered, waiting, el, regime, vmid, asid, pc, cycles } = pe;
  const name = symbols.at(pc, regime)?.functionAt(pc)?.name;
  const place = powered ? nestingOf(pe, symbols) : undefined;
  return {
    threadId: index + 1,
    index,
    powered,
    waiting,
    el,
    ...(place === undefined ? {} : { place }),
    regime,
    ...(vmid === undefined ? {} : { vmid }),
    ...(asid === undefined ? {} : { asid }),
    pc: hex(pc),
    ...(name === undefined ? {} : { function: name }),
    cycles,
    security: securityOf(pe),
    pending: target.pendingInterrupts(index),
    timers: timersOf(pe),
  };
}

// --- Translation --------------------------------------------------------------------------------------------------------

const STAGE1: readonly (readonly [TranslationRegime, level: number])[] = [
  ['EL1&0', 1],
  ['EL2', 2],
  ['EL2&0', 2],
  ['EL3', 3],
];

function regimes(session: Session, pe: PeView): RegimesResponse['regimes'] {
  const hcr = register(pe, 'HCR_EL2');
  const e2h = hcr !== undefined && bit(hcr, 34);
  const found: RegimesResponse['regimes'][number][] = [];
  for (const [regime, level] of STAGE1) {
    const control = register(pe, `SCTLR_EL${level}`);
    const base = register(pe, `TTBR0_EL${level}`);
    // EL2 has the one regime or the other.
    if (control === undefined || base === undefined || (level === 2 && (regime === 'EL2&0') !== e2h)) continue;
    const common = { stage: 1, regime, enabled: bit(control, 0), inUse: pe.regime === regime } as const;
    found.push({ ...common, base: hex(base & 0xfffffffffffen) });
  }
  const vttbr = register(pe, 'VTTBR_EL2');
  if (hcr === undefined || vttbr === undefined) return found;
  const enabled = bit(hcr, 0) || bit(hcr, 12);
  const present = Number(vttbr >> 48n);
  for (const [vmid, { instructions: at }] of [...lastRuns(session.machine.target)].sort((a, b) => a[0] - b[0])) {
    // The registers of the present guest are those above, while its hypervisor has not loaded others.
    if (pe.vmid !== vmid) found.push({ stage: 1, regime: 'EL1&0', vmid, enabled: true, inUse: false, at });
  }
  const guests = new Map(session.machine.target.exceptionLog?.guests);
  if (enabled) guests.set(present, vttbr);
  for (const [vmid, base] of [...guests].sort((a, b) => a[0] - b[0])) {
    const inUse = enabled && pe.regime === 'EL1&0' && vmid === present;
    found.push({ stage: 2, regime: 'EL1&0', vmid, enabled: true, inUse, base: hex(base & 0xfffffffffffen) });
  }
  if (guests.size === 0) found.push({ stage: 2, regime: 'EL1&0', enabled, inUse: false });
  return found;
}

// --- Registers ----------------------------------------------------------------------------------------------------------

/** A register with its fields at the present value, as Markdown. */
function documentation(pe: PeView, name: string): { readonly name: string; readonly markdown: string } {
  const upper = name.toUpperCase();
  const info = pe.systemRegisters().find(one => one.name === upper);
  const value = register(pe, upper);
  if (info === undefined && value === undefined) throw new Error(`There is no register named ${name}.`);
  const lines = [`# ${upper}`, ''];
  if (info?.description) lines.push(info.description, '');
  if (info) {
    const access = info.readable ? (info.writable ? 'read and written' : 'read-only') : 'write-only';
    lines.push(`Group ${info.group}, ${info.width} bits, ${access}.`, '');
  }
  if (value === undefined) return { name: upper, markdown: lines.join('\n') };
  lines.push(`Now \`${hex(value, 16)}\`.`, '');
  const fields = pe.fields(upper, value);
  if (fields.length === 0) return { name: upper, markdown: lines.join('\n') };
  lines.push('| bits | field | value | meaning |', '|---|---|---|---|');
  for (const field of fields) {
    const bits = field.msb === field.lsb ? `${field.msb}` : `${field.msb}:${field.lsb}`;
    lines.push(`| ${bits} | ${field.name} | ${hex(field.value)} | ${field.meaning ?? ''} |`);
  }
  return { name: upper, markdown: `${lines.join('\n')}\n` };
}

export const PANELS: { [K in Panel]: Handler } = {
  'hyperstep/virtualInterface': custom<'hyperstep/virtualInterface'>((session, args) => {
    const { target } = session.machine;
    const state = target.virtualInterface(peOf(session, args.threadId).index);
    const nextName = state.next && target.interruptName(state.next.intid);
    return nextName === undefined ? state : { ...state, nextName };
  }),

  'hyperstep/regimes': custom<'hyperstep/regimes'>((session, args) => ({
    regimes: regimes(session, peOf(session, args.threadId)),
  })),

  'hyperstep/staleTranslations': custom<'hyperstep/staleTranslations'>((session, args) => ({
    entries: peOf(session, args.threadId)
      .staleTranslations()
      .map(one => ({ ...one, va: hex(one.va), pa: hex(one.pa) })),
  })),

  'hyperstep/documentation': custom<'hyperstep/documentation'>((session, args) => {
    if (typeof args.name !== 'string') throw new Error('"name" has to be the name of a register.');
    return documentation(peOf(session, args.threadId), args.name);
  }),

  'hyperstep/toLevelChange': custom<'hyperstep/toLevelChange'>((session, args) => {
    const { machine } = session;
    const { index: pe } = peOf(session, args.threadId);
    const { target } = machine;
    const id = target.addBreakpoint({
      kind: 'exception',
      sieves: CHANGES_LEVEL,
      match: (event: ExceptionEvent) => event.pe === pe,
    });
    let first = true;
    machine.stop = undefined;
    machine.invalidate();
    session.afterResponse(() =>
      machine.runner.start({
        next: () => {
          const stepOff = first;
          first = false;
          return { stepOff };
        },
        after: reason => ('ids' in reason && reason.ids.includes(id) ? { reason: 'step', pe } : undefined),
        owns: one => one === id,
        end: () => target.removeBreakpoint(id),
      }),
    );
  }),
};

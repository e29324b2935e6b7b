// The "Machine" view: every PE with its level, guest, interrupts and timers; before a session, the built-in systems.

import type { MachineResponse, PeState, TimerState } from '../../debug-adapter/protocol.ts';
import type { SessionTracker } from '../session-tracker.ts';
import { formatDuration } from './format.ts';
import { type Content, type Row, type Stopped, StoppedTree } from './stopped-tree.ts';

/** A built-in system, as the start page offers it. */
export interface BuiltInSystem {
  readonly name: string;
  readonly description: string;
}

const count = new Intl.NumberFormat('en-US').format;
const hex = (value: number) => `0x${value.toString(16).padStart(2, '0')}`;

/** Where a PE is, in one line. */
export function peText(pe: PeState): string {
  if (!pe.powered) return 'off';
  return [
    `EL${pe.el}`,
    ...(pe.waiting ? ['waits'] : []),
    ...(pe.function === undefined ? [] : [pe.function]),
    ...(pe.vmid === undefined ? [] : [`VMID ${pe.vmid}`]),
    ...(pe.security === 'secure' ? ['secure'] : []),
  ].join(' · ');
}

/** A timer in one line. */
export function timerText({ enabled, masked, fired, nanoseconds }: TimerState): string {
  if (!enabled) return 'off';
  const when =
    nanoseconds > 0 ? `fires in ${formatDuration(nanoseconds)}` : `due since ${formatDuration(-nanoseconds)}`;
  return [fired ? `has fired, ${when}` : when, ...(masked ? ['masked'] : [])].join(' · ');
}

function peRows(pe: PeState): Row[] {
  const id = `PE ${pe.index}`;
  const field = (label: string, value: string): Row => ({ id: `${id} ${label}`, label, description: value, value });
  const pending = pe.pending.map(
    (one): Row => ({
      id: `${id} INTID ${one.intid}`,
      label: `INTID ${one.intid}`,
      description: [
        ...(one.name === undefined ? [] : [one.name]),
        `priority ${hex(one.priority)}`,
        ...(one.enabled ? [] : ['disabled']),
        ...(one.active ? ['active'] : []),
      ].join(' · '),
      icon: one.enabled ? 'bell-dot' : 'bell-slash',
      value: String(one.intid),
    }),
  );
  const timers = pe.timers.map(
    (one): Row => ({
      id: `${id} ${one.name}`,
      label: one.name,
      description: timerText(one),
      tooltip: `${one.title}: ${timerText(one)}. ${count(one.ticks)} ticks of the counter to go.`,
      icon: one.enabled ? 'clock' : 'circle-outline',
    }),
  );
  return [
    field('Level', `EL${pe.el}, ${pe.security}`),
    field('Regime', pe.regime + (pe.asid === undefined ? '' : `, ASID ${pe.asid}`)),
    field('Guest', pe.vmid === undefined ? 'none: stage 2 is not in use' : `VMID ${pe.vmid}`),
    field('PC', pe.function === undefined ? pe.pc : `${pe.pc} ${pe.function}`),
    field('Modelled cycles', count(pe.cycles)),
    {
      id: `${id} pending`,
      label: 'Pending interrupts',
      description: pending.length ? String(pending.length) : 'none',
      icon: pending.length ? 'bell-dot' : 'bell',
      children: pending,
      open: true,
    },
    {
      id: `${id} timers`,
      label: 'Timers',
      description: `${pe.timers.filter(one => one.enabled).length} of ${pe.timers.length} on`,
      icon: 'clock',
      children: timers,
      open: true,
    },
  ];
}

export function machineRows({ pes }: MachineResponse, focus: number): Row[] {
  return pes.map(pe => ({
    id: `PE ${pe.index}`,
    label: `PE ${pe.index}`,
    description: peText(pe),
    icon: pe.powered ? (pe.waiting ? 'debug-pause' : 'chip') : 'circle-slash',
    value: peText(pe),
    open: pe.threadId === focus,
    children: peRows(pe),
  }));
}

/** A row for each built-in system, which a click starts. */
export function systemRows(systems: readonly BuiltInSystem[]): Row[] {
  return systems.map(({ name, description }) => ({
    id: `system ${name}`,
    label: name,
    description,
    tooltip: `${description}\n\nStarts this built-in system under the debugger.`,
    icon: 'debug-start',
    command: { command: 'hyperstep.startSystem', title: 'Start', arguments: [name] },
  }));
}

export class MachinePanel extends StoppedTree {
  readonly #systems: readonly BuiltInSystem[];

  constructor(tracker: SessionTracker, systems: readonly BuiltInSystem[]) {
    super('hyperstep.machine', tracker);
    this.#systems = systems;
  }

  protected override idle(): Content {
    return this.#systems.length
      ? { rows: systemRows(this.#systems), heading: 'click a system to start it' }
      : { rows: [] };
  }

  protected override async load({ session, threadId }: Stopped): Promise<Content> {
    const answer: MachineResponse = await session.customRequest('hyperstep/machine', {});
    return {
      rows: machineRows(answer, threadId),
      heading: `${count(answer.instructions)} instructions`,
    };
  }
}

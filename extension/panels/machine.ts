// The "Machine" view: every PE with its level, guest, interrupts and timers; before a session, the built-in systems.

import * as vscode from 'vscode';
import type { MachineResponse, PeState, TimerState } from '../../debug-adapter/protocol.ts';
import type { SessionTracker } from '../session-tracker.ts';
import { count, formatDuration } from './format.ts';
import { type Content, type Row, type Stopped, StoppedTree } from './stopped-tree.ts';

const { t } = vscode.l10n;

/** A built-in system, as the start page offers it. */
export interface BuiltInSystem {
  readonly name: string;
  readonly description: string;
}

const hex = (value: number) => `0x${value.toString(16).padStart(2, '0')}`;

/** The level of a PE; with whose it is, `L2 EL1`, where a host tells of its guest hypervisors. */
export function levelText({ el, place }: Pick<PeState, 'el' | 'place'>): string {
  return place ?? `EL${el}`;
}

/** Where a PE is, in one line. */
export function peText(pe: PeState): string {
  if (!pe.powered) return t('off');
  return [
    levelText(pe),
    ...(pe.waiting ? [t('waits')] : []),
    ...(pe.function === undefined ? [] : [pe.function]),
    ...(pe.vmid === undefined ? [] : [`VMID ${pe.vmid}`]),
    ...(pe.security === 'secure' ? [t('secure')] : []),
  ].join(' · ');
}

/** A timer in one line. */
export function timerText({ enabled, masked, fired, nanoseconds }: TimerState): string {
  if (!enabled) return t('off');
  const when =
    nanoseconds > 0 ? t('fires in {0}', formatDuration(nanoseconds)) : t('due since {0}', formatDuration(-nanoseconds));
  return [fired ? t('has fired, {0}', when) : when, ...(masked ? [t('masked')] : [])].join(' · ');
}

/** In words. */
export function securityText({ security }: Pick<PeState, 'security'>): string {
  return security === 'secure' ? t('secure') : t('non-secure');
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
        t('priority {0}', hex(one.priority)),
        ...(one.enabled ? [] : [t('disabled')]),
        ...(one.active ? [t('active')] : []),
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
      tooltip: t('{0}: {1}. {2} ticks of the counter to go.', one.title, timerText(one), count(one.ticks)),
      icon: one.enabled ? 'clock' : 'circle-outline',
    }),
  );
  return [
    field(t('Level'), `${levelText(pe)}, ${securityText(pe)}`),
    field(t('Regime'), pe.regime + (pe.asid === undefined ? '' : `, ASID ${pe.asid}`)),
    field(t('Guest'), pe.vmid === undefined ? t('none: stage 2 is not in use') : `VMID ${pe.vmid}`),
    field('PC', pe.function === undefined ? pe.pc : `${pe.pc} ${pe.function}`),
    field(t('Modelled cycles'), count(pe.cycles)),
    {
      id: `${id} pending`,
      label: t('Pending interrupts'),
      description: pending.length ? String(pending.length) : t('none'),
      icon: pending.length ? 'bell-dot' : 'bell',
      children: pending,
      open: true,
    },
    {
      id: `${id} timers`,
      label: t('Timers'),
      description: t('{0} of {1} on', pe.timers.filter(one => one.enabled).length, pe.timers.length),
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
    tooltip: `${description}\n\n${t('Starts this built-in system under the debugger.')}`,
    icon: 'debug-start',
    command: { command: 'hyperstep.startSystem', title: t('Start'), arguments: [name] },
  }));
}

export class MachinePanel extends StoppedTree {
  readonly #systems: readonly BuiltInSystem[];
  readonly #trust: vscode.Disposable;

  constructor(tracker: SessionTracker, systems: readonly BuiltInSystem[]) {
    super('hyperstep.machine', tracker);
    this.#systems = systems;
    this.#trust = vscode.workspace.onDidGrantWorkspaceTrust(() => this.refresh());
  }

  override dispose(): void {
    this.#trust.dispose();
    super.dispose();
  }

  protected override idle(): Content {
    if (this.#systems.length === 0) return { rows: [] };
    const trusted = vscode.workspace.isTrusted;
    return {
      rows: systemRows(this.#systems),
      heading: t('click a system to start it'),
      ...(trusted
        ? {}
        : { message: t('This folder is not trusted: VS Code asks before a machine starts. Assembly is explained.') }),
    };
  }

  protected override async load({ session, threadId }: Stopped): Promise<Content> {
    const answer: MachineResponse = await session.customRequest('hyperstep/machine', {});
    return {
      rows: machineRows(answer, threadId),
      heading: t('{0} instructions', count(answer.instructions)),
    };
  }
}

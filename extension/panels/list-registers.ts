// The list registers of the PE in focus: which virtual interrupts the hypervisor has handed to its guest.

import * as vscode from 'vscode';
import type {
  ListRegistersArguments,
  ListRegistersResponse,
  ListRegisterView,
  VirtualInterfaceResponse,
} from '../../debug-adapter/protocol.ts';
import type { SessionTracker } from '../session-tracker.ts';
import { type Content, type Row, type Stopped, StoppedTree } from './stopped-tree.ts';

const { t } = vscode.l10n;

const icons: Record<ListRegisterView['state'], string> = {
  invalid: 'circle-outline',
  pending: 'bell',
  active: 'circle-filled',
  'pending+active': 'bell-dot',
};

function stateText(state: ListRegisterView['state']): string {
  switch (state) {
    case 'invalid':
      return t('invalid');
    case 'pending':
      return t('pending');
    case 'active':
      return t('active');
    case 'pending+active':
      return t('pending and active');
  }
}

const hex = (value: number, digits: number) => `0x${value.toString(16).padStart(digits, '0')}`;

/** A value that a list register had at a stop. */
interface Past {
  readonly stop: number;
  readonly text: string;
  readonly value: string;
}

/** Stops whose values are remembered. */
const MOST_PAST = 50;

/** The virtual interface: what it is set to, why it wants maintenance, what it delivers next. */
export function virtualInterfaceRows(state: VirtualInterfaceResponse): Row[] {
  const field = (label: string, value: string): Row => ({ id: `vi ${label}`, label, description: value, value });
  const groups = [state.group0 ? t('Group 0') : '', state.group1 ? t('Group 1') : ''].filter(Boolean);
  const { next } = state;
  const interrupt = next && `INTID ${next.intid}${state.nextName ? ` (${state.nextName})` : ''}`;
  const name = next && interrupt && t('{0} in LR{1}', interrupt, next.listRegister);
  const handled = state.runningPriority === undefined ? t('none') : t('priority {0}', hex(state.runningPriority, 2));
  const reasons = state.maintenance.join('; ');
  return [
    {
      id: 'vi next',
      label: t('Next'),
      description: next
        ? `LR${next.listRegister} · INTID ${next.intid} · ${next.held ? t('held') : t('taken at once')}`
        : t('nothing is pending'),
      tooltip: next?.held ? t('{0} is not delivered: {1}.', name ?? '', next.held) : undefined,
      icon: next ? (next.held ? 'debug-pause' : 'arrow-right') : 'dash',
      value: next?.held ?? name ?? t('nothing is pending'),
      // A row of its own has more room.
      ...(next?.held ? { open: true, children: [{ id: 'vi held', label: next.held, value: next.held }] } : {}),
    },
    {
      id: 'vi maintenance',
      label: t('Maintenance'),
      description: state.maintenanceUp
        ? t('interrupt is up: {0}', reasons)
        : state.maintenance.length
          ? t('held back while the interface is off: {0}', reasons)
          : t('no condition holds'),
      tooltip: state.maintenance.join('\n'),
      icon: state.maintenanceUp ? 'bell-dot' : 'bell-slash',
      value: reasons,
    },
    {
      id: 'vi',
      label: t('Virtual interface'),
      description: state.enabled ? t('on · mask {0}', hex(state.priorityMask, 2)) : t('off'),
      icon: state.enabled ? 'pass' : 'circle-slash',
      children: [
        field(t('Enabled'), state.enabled ? t('yes (ICH_HCR_EL2.En)') : t('no (ICH_HCR_EL2.En is 0)')),
        field(t('Priority mask'), hex(state.priorityMask, 2)),
        field(t('Guest takes'), groups.length ? groups.join(', ') : t('neither group')),
        field(t('Handled now'), handled),
        field(t('Active priorities'), state.activePriorities.map(one => hex(one, 2)).join(', ') || t('none')),
        field(t('End of interrupt'), state.splitEoi ? t('drops priority only (EOImode)') : t('also deactivates')),
        field(t('Ends without a list register'), String(state.eoiCount)),
      ],
    },
  ];
}

/** Rows for list registers; those in `before` with another value are marked as changed. */
export function listRegisterRows(
  registers: readonly ListRegisterView[],
  before: ReadonlyMap<number, string>,
  past: ReadonlyMap<number, readonly Past[]> = new Map(),
): Row[] {
  const row = (register: ListRegisterView): Row => {
    const id = `LR${register.index}`;
    const interrupt = `INTID ${register.virtualId}`;
    const name = register.virtualName ? ` (${register.virtualName})` : '';
    const field = (label: string, value: string): Row => ({ id: `${id} ${label}`, label, description: value, value });
    const old = before.get(register.index);
    const changed = old !== undefined && old !== register.value;
    const history = past.get(register.index) ?? [];
    return {
      id,
      label: id,
      description: [
        stateText(register.state),
        ...(register.state === 'invalid' ? [] : [interrupt + name, t('priority {0}', hex(register.priority, 2))]),
        ...(register.hw ? [t('hardware INTID {0}', register.physicalId ?? 0)] : []),
        ...(changed ? [t('changed')] : []),
      ].join(' · '),
      icon: icons[register.state],
      changed,
      value: register.value,
      subject: `lr${register.index}`,
      tooltip: changed ? t('{0} was {1} at the last stop.', id, old) : undefined,
      children: [
        field(t('Value'), register.value),
        field(t('State'), stateText(register.state)),
        field(t('Virtual INTID'), `${register.virtualId}${name}`),
        field(t('Priority'), hex(register.priority, 2)),
        field(t('Group'), String(register.group)),
        field(
          t('Hardware'),
          register.hw ? t('yes, physical INTID {0}', register.physicalId ?? 0) : t('no, software deactivates it'),
        ),
        ...(history.length > 1
          ? [
              {
                id: `${id} history`,
                label: t('History'),
                description: t('{0} values at stops', history.length),
                icon: 'history',
                children: history.map((one, index) => ({
                  id: `${id} past ${one.stop}`,
                  label: index === 0 ? t('now') : index === 1 ? t('1 change ago') : t('{0} changes ago', index),
                  description: `${one.text} · ${one.value}`,
                  value: one.value,
                })),
              },
            ]
          : []),
      ],
    };
  };
  const used = registers.filter(({ state, value }) => state !== 'invalid' || BigInt(value) !== 0n);
  const free = registers.filter(register => !used.includes(register));
  if (free.length === 0) return used.map(row);
  const names = free.map(({ index }) => `LR${index}`);
  return [
    ...used.map(row),
    {
      id: 'free',
      label: t('{0} empty', free.length),
      description: names.length > 1 ? t('{0} to {1}', names[0], names[names.length - 1]) : names[0],
      icon: 'circle-outline',
      children: free.map(row),
    },
  ];
}

export class ListRegistersPanel extends StoppedTree {
  /** Values by session and PE at the stop shown and the one before it. */
  readonly #seen = new Map<string, { stop: number; values: Map<number, string>; before: Map<number, string> }>();
  /** Values by session and PE, then by list register, newest first. */
  readonly #past = new Map<string, Map<number, Past[]>>();

  constructor(tracker: SessionTracker) {
    super('hyperstep.listRegisters', tracker);
  }

  protected override async load({ session, threadId, stop }: Stopped): Promise<Content> {
    const [{ registers }, virtual] = await Promise.all([
      this.#ask(session, { threadId }),
      session.customRequest('hyperstep/virtualInterface', { threadId }) as Promise<VirtualInterfaceResponse>,
    ]);
    const values = new Map(registers.map(({ index, value }) => [index, value]));
    const key = `${session.id} ${threadId}`;
    const seen = this.#seen.get(key);
    const before = seen === undefined ? new Map<number, string>() : seen.stop === stop ? seen.before : seen.values;
    this.#seen.set(key, { stop, values, before });
    this.#remember(key, stop, registers);
    if (registers.length === 0) {
      return { rows: [], message: t('This machine has no list registers: its GIC has no virtual CPU interface.') };
    }
    const used = registers.filter(({ state }) => state !== 'invalid').length;
    return {
      rows: [...virtualInterfaceRows(virtual), ...listRegisterRows(registers, before, this.#past.get(key))],
      heading: t('PE {0} · {1} of {2} in use', threadId - 1, used, registers.length),
    };
  }

  #remember(key: string, stop: number, registers: readonly ListRegisterView[]): void {
    const all = this.#past.get(key) ?? new Map<number, Past[]>();
    this.#past.set(key, all);
    for (const { index, value, state, virtualId } of registers) {
      const past = all.get(index) ?? [];
      all.set(index, past);
      if (past[0]?.value === value) continue;
      past.unshift({
        stop,
        value,
        text: state === 'invalid' ? stateText(state) : `${stateText(state)} INTID ${virtualId}`,
      });
      past.length = Math.min(past.length, MOST_PAST);
    }
  }

  async #ask(session: vscode.DebugSession, args: ListRegistersArguments): Promise<ListRegistersResponse> {
    return session.customRequest('hyperstep/listRegisters', args);
  }
}

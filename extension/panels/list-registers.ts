// The list registers of the PE in focus: which virtual interrupts the hypervisor has handed to its guest.

import type * as vscode from 'vscode';
import type {
  ListRegistersArguments,
  ListRegistersResponse,
  ListRegisterView,
  VirtualInterfaceResponse,
} from '../../debug-adapter/protocol.ts';
import type { SessionTracker } from '../session-tracker.ts';
import { type Content, type Row, type Stopped, StoppedTree } from './stopped-tree.ts';

const icons: Record<ListRegisterView['state'], string> = {
  invalid: 'circle-outline',
  pending: 'bell',
  active: 'circle-filled',
  'pending+active': 'bell-dot',
};

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
  const groups = [state.group0 ? 'Group 0' : '', state.group1 ? 'Group 1' : ''].filter(Boolean);
  const { next } = state;
  const name = next && `INTID ${next.intid}${state.nextName ? ` (${state.nextName})` : ''} in LR${next.listRegister}`;
  const handled = state.runningPriority === undefined ? 'none' : `priority ${hex(state.runningPriority, 2)}`;
  return [
    {
      id: 'vi next',
      label: 'Next',
      description: next
        ? `LR${next.listRegister} · INTID ${next.intid} · ${next.held ? 'held' : 'taken at once'}`
        : 'nothing is pending',
      tooltip: next?.held ? `${name} is not delivered: ${next.held}.` : undefined,
      icon: next ? (next.held ? 'debug-pause' : 'arrow-right') : 'dash',
      value: next?.held ?? name ?? 'nothing',
      // A row of its own has more room.
      ...(next?.held ? { open: true, children: [{ id: 'vi held', label: next.held, value: next.held }] } : {}),
    },
    {
      id: 'vi maintenance',
      label: 'Maintenance',
      description: state.maintenanceUp
        ? `interrupt is up: ${state.maintenance.join('; ')}`
        : state.maintenance.length
          ? `held back while the interface is off: ${state.maintenance.join('; ')}`
          : 'no condition holds',
      tooltip: state.maintenance.join('\n'),
      icon: state.maintenanceUp ? 'bell-dot' : 'bell-slash',
      value: state.maintenance.join('; '),
    },
    {
      id: 'vi',
      label: 'Virtual interface',
      description: state.enabled ? `on · mask ${hex(state.priorityMask, 2)}` : 'off',
      icon: state.enabled ? 'pass' : 'circle-slash',
      children: [
        field('Enabled', state.enabled ? 'yes (ICH_HCR_EL2.En)' : 'no (ICH_HCR_EL2.En is 0)'),
        field('Priority mask', hex(state.priorityMask, 2)),
        field('Guest takes', groups.length ? groups.join(' and ') : 'neither group'),
        field('Handled now', handled),
        field('Active priorities', state.activePriorities.map(one => hex(one, 2)).join(', ') || 'none'),
        field('End of interrupt', state.splitEoi ? 'drops priority only (EOImode)' : 'also deactivates'),
        field('Ends without a list register', String(state.eoiCount)),
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
        register.state,
        ...(register.state === 'invalid' ? [] : [interrupt + name, `priority ${hex(register.priority, 2)}`]),
        ...(register.hw ? [`hardware INTID ${register.physicalId}`] : []),
        ...(changed ? ['changed'] : []),
      ].join(' · '),
      icon: icons[register.state],
      changed,
      value: register.value,
      subject: `lr${register.index}`,
      tooltip: changed ? `${id} was ${old} at the last stop.` : undefined,
      children: [
        field('Value', register.value),
        field('State', register.state),
        field('Virtual INTID', `${register.virtualId}${name}`),
        field('Priority', hex(register.priority, 2)),
        field('Group', String(register.group)),
        field('Hardware', register.hw ? `yes, physical INTID ${register.physicalId}` : 'no, software deactivates it'),
        ...(history.length > 1
          ? [
              {
                id: `${id} history`,
                label: 'History',
                description: `${history.length} values at stops`,
                icon: 'history',
                children: history.map((one, index) => ({
                  id: `${id} past ${one.stop}`,
                  label: index === 0 ? 'now' : `${index} ${index === 1 ? 'change' : 'changes'} ago`,
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
      label: `${free.length} empty`,
      description: names.length > 1 ? `${names[0]} to ${names.at(-1)}` : names[0],
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
      return { rows: [], message: 'This machine has no list registers: its GIC has no virtual CPU interface.' };
    }
    const used = registers.filter(({ state }) => state !== 'invalid').length;
    return {
      rows: [...virtualInterfaceRows(virtual), ...listRegisterRows(registers, before, this.#past.get(key))],
      heading: `PE ${threadId - 1} · ${used} of ${registers.length} in use`,
    };
  }

  #remember(key: string, stop: number, registers: readonly ListRegisterView[]): void {
    const all = this.#past.get(key) ?? new Map<number, Past[]>();
    this.#past.set(key, all);
    for (const { index, value, state, virtualId } of registers) {
      const past = all.get(index) ?? [];
      all.set(index, past);
      if (past[0]?.value === value) continue;
      past.unshift({ stop, value, text: state === 'invalid' ? state : `${state} INTID ${virtualId}` });
      past.length = Math.min(past.length, MOST_PAST);
    }
  }

  async #ask(session: vscode.DebugSession, args: ListRegistersArguments): Promise<ListRegistersResponse> {
    return session.customRequest('hyperstep/listRegisters', args);
  }
}

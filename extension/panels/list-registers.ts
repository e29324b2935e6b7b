// The list registers of the PE in focus: which virtual interrupts the hypervisor has handed to its guest.

import type * as vscode from 'vscode';
import type { ListRegistersArguments, ListRegistersResponse, ListRegisterView } from '../../debug-adapter/protocol.ts';
import type { SessionTracker } from '../session-tracker.ts';
import { type Content, type Row, type Stopped, StoppedTree } from './stopped-tree.ts';

const icons: Record<ListRegisterView['state'], string> = {
  invalid: 'circle-outline',
  pending: 'bell',
  active: 'circle-filled',
  'pending+active': 'bell-dot',
};

const hex = (value: number, digits: number) => `0x${value.toString(16).padStart(digits, '0')}`;

/** Rows for list registers; those in `before` with another value are marked as changed. */
export function listRegisterRows(registers: readonly ListRegisterView[], before: ReadonlyMap<number, string>): Row[] {
  const row = (register: ListRegisterView): Row => {
    const id = `LR${register.index}`;
    const interrupt = `INTID ${register.virtualId}`;
    const name = register.virtualName ? ` (${register.virtualName})` : '';
    const field = (label: string, value: string): Row => ({ id: `${id} ${label}`, label, description: value, value });
    const old = before.get(register.index);
    const changed = old !== undefined && old !== register.value;
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
      tooltip: changed ? `${id} was ${old} at the last stop.` : undefined,
      children: [
        field('Value', register.value),
        field('State', register.state),
        field('Virtual INTID', `${register.virtualId}${name}`),
        field('Priority', hex(register.priority, 2)),
        field('Group', String(register.group)),
        field('Hardware', register.hw ? `yes, physical INTID ${register.physicalId}` : 'no, software deactivates it'),
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

  constructor(tracker: SessionTracker) {
    super('hyperstep.listRegisters', tracker);
  }

  protected override async load({ session, threadId, stop }: Stopped): Promise<Content> {
    const { registers } = await this.#ask(session, { threadId });
    const values = new Map(registers.map(({ index, value }) => [index, value]));
    const key = `${session.id} ${threadId}`;
    const seen = this.#seen.get(key);
    const before = seen === undefined ? new Map<number, string>() : seen.stop === stop ? seen.before : seen.values;
    this.#seen.set(key, { stop, values, before });
    if (registers.length === 0) {
      return { rows: [], message: 'This machine has no list registers: its GIC has no virtual CPU interface.' };
    }
    const used = registers.filter(({ state }) => state !== 'invalid').length;
    return {
      rows: listRegisterRows(registers, before),
      heading: `PE ${threadId - 1} · ${used} of ${registers.length} in use`,
    };
  }

  async #ask(session: vscode.DebugSession, args: ListRegistersArguments): Promise<ListRegistersResponse> {
    return session.customRequest('hyperstep/listRegisters', args);
  }
}

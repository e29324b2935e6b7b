// The "Translation Tables" view: stage 1 of every regime and stage 2 of every guest, each asked for when it is opened;
// the walk of one address, step by step; and what the TLB holds that the tables do not.

import * as vscode from 'vscode';
import type {
  MappingsArguments,
  MappingsResponse,
  MappingView,
  NestedStageView,
  RegimesResponse,
  StaleTranslationsResponse,
  WalkArguments,
  WalkResponse,
} from '../../debug-adapter/protocol.ts';
import type { SessionTracker } from '../session-tracker.ts';
import { formatAddress, formatSize } from './format.ts';
import { type Content, type Row, type Stopped, StoppedTree } from './stopped-tree.ts';

/** Rows that a person can still look through. */
const limit = 2000;

/** Rights, and the type of memory unless it is the usual one: short enough for a narrow view. */
function shortAttributes(attributes: string): string {
  return attributes.replace(' Normal WB', '').replace('Normal ', '').replace('Device-', '');
}

/** `8K`, `2M`. */
function shortSize(bytes: bigint): string {
  return formatSize(bytes).replace(/ (.)B$/, '$1');
}

/** One row for each mapped run, in order of its input address. `id` tells regimes apart. */
export function mappingRows(
  ranges: readonly MappingView[],
  stage: 1 | 2 = 2,
  regime = '',
  walked?: WalkArguments['regime'],
): Row[] {
  const [from, to] = stage === 2 ? ['IPA', 'PA'] : ['VA', regime === 'EL1&0' ? 'IPA' : 'PA'];
  return ranges.map(range => {
    const [input, output, size] = [range.input, range.output, range.size].map(BigInt);
    const last = formatAddress(input + size - 1n);
    const start = formatAddress(input);
    const id = `${regime} ${stage} ${start}`;
    // Short, so that the whole row can be read in a side bar as wide as it is at first.
    const target = input === output ? 'same' : output.toString(16).padStart(8, '0');
    const field = (label: string, value: string): Row => ({ id: `${id} ${label}`, label, description: value, value });
    return {
      id,
      label: start,
      description: `→ ${target} ${shortSize(size)} ${shortAttributes(range.attributes)}`,
      tooltip: `${from} ${start} – ${last}, ${formatSize(size)}, ${range.attributes} → ${to} ${formatAddress(output)}`,
      value: range.input,
      // The walk of an IPA by itself is no walk that the MMU does.
      ...(walked === undefined ? {} : { menu: 'mapping', regime: walked }),
      children: [
        field(from, `${start} – ${last}`),
        field(to, `${formatAddress(output)} – ${formatAddress(output + size - 1n)}`),
        field('Size', formatSize(size)),
        field('Attributes', range.attributes),
        field('Level', String(range.level)),
      ],
    };
  });
}

type Step = WalkResponse['steps'][number];

function stepRow(id: string, step: Step): Row {
  const at =
    step.descriptorIpa === undefined ? step.descriptorPa : `IPA ${step.descriptorIpa} = PA ${step.descriptorPa}`;
  const leads = step.output === undefined ? '' : ` → ${step.output}`;
  return {
    id,
    label: `Stage ${step.stage}, level ${step.level}`,
    description: `${step.kind}${leads}`,
    tooltip: `Descriptor ${step.descriptor} at ${at}: ${step.kind}${leads}.`,
    icon:
      step.kind === 'invalid' || step.kind === 'fault' ? 'error' : step.kind === 'table' ? 'arrow-small-down' : 'check',
    value: step.descriptor,
    subject: `pa:${step.descriptorPa}`,
    children: [
      { id: `${id} descriptor`, label: 'Descriptor', description: step.descriptor, value: step.descriptor },
      { id: `${id} at`, label: 'At', description: at, value: step.descriptorPa },
    ],
  };
}

function rightsOf({ readable, writable, executable }: Pick<WalkResponse, 'readable' | 'writable' | 'executable'>) {
  return `${readable ? 'R' : '-'}${writable ? 'W' : '-'}${executable ? 'X' : '-'}`;
}

/** What each stage 2 is called, and what it translates to. */
const NESTED_STAGES: Readonly<Record<NestedStageView['kind'], readonly [name: string, to: string, about: string]>> = {
  virtual: ['Virtual stage 2', 'IPA of L1', 'The tables of the guest hypervisor, which no hardware walks.'],
  host: ['Host stage 2', 'PA', 'The tables of L0 for the memory of the guest hypervisor.'],
  shadow: ['Shadow stage 2', 'PA', 'What L0 has made of the other two, and the hardware walks.'],
};

/** The three stages 2 of an address of a nested guest, each with its steps. */
export function nestedRows(address: string, stages: readonly NestedStageView[]): Row[] {
  return stages.map(stage => {
    const [name, to, about] = NESTED_STAGES[stage.kind];
    const id = `walk ${address} ${stage.kind}`;
    const isEmpty = stage.kind === 'shadow' && stage.output === undefined;
    const result = stage.output === undefined ? 'no entry' : `${stage.output} ${rightsOf(stage)}`;
    return {
      id,
      label: name,
      description: `→ ${result}`,
      tooltip: [
        `${name}, VMID ${stage.vmid}: IPA ${stage.input} → ${stage.fault ?? `${to} ${result}`}`,
        about,
        isEmpty ? 'It is filled at the first access: the fault goes to L0.' : '',
      ]
        .filter(Boolean)
        .join('\n'),
      icon: stage.fault === undefined ? 'layers' : isEmpty ? 'circle-outline' : 'error',
      ...(stage.output === undefined ? {} : { value: stage.output }),
      children: stage.steps.map((step, index) => stepRow(`${id} ${index}`, step)),
    };
  });
}

/** The steps of a walk, the last one with what came of it. */
export function walkRows(address: string, walk: WalkResponse): Row {
  const id = `walk ${address}`;
  const result = walk.fault ?? `PA ${walk.pa ?? '?'} ${rightsOf(walk)}`;
  return {
    id,
    label: `Walk of ${address}`,
    description: result,
    tooltip: [result, walk.ipa === undefined ? '' : `IPA ${walk.ipa}`, walk.memoryType ?? '']
      .filter(Boolean)
      .join('\n'),
    icon: walk.fault === undefined ? 'search' : 'error',
    open: true,
    menu: 'walk',
    ...(walk.pa === undefined ? {} : { value: walk.pa }),
    children: [
      ...walk.steps.map((step, index) => stepRow(`${id} ${index}`, step)),
      ...nestedRows(address, walk.nested ?? []),
    ],
  };
}

/** What a regime is called. */
export function regimeLabel({ stage, regime, vmid }: RegimesResponse['regimes'][number]): string {
  if (stage === 1) return `Stage 1, ${regime}`;
  return vmid === undefined ? 'Stage 2' : `Stage 2, VMID ${vmid}`;
}

export class TranslationTablesPanel extends StoppedTree {
  /** An expression whose walk is shown at every stop. */
  #address: string | undefined;
  /** In this regime; the present one when undefined. */
  #regime: WalkArguments['regime'];

  constructor(tracker: SessionTracker) {
    super('hyperstep.translationTables', tracker);
  }

  /** Asks for an address, unless it is given, and shows its walk from now on. */
  async walk(address?: string, regime?: WalkArguments['regime']): Promise<void> {
    const asked = {
      title: 'Walk of one address',
      prompt: 'An address or an expression; the PE in focus walks the tables of its present regime for it.',
      placeHolder: '0x40080000, pc, &vcpu, ipa:0x80000000',
      value: this.#address ?? 'pc',
    };
    const wanted = address ?? (await vscode.window.showInputBox(asked));
    if (wanted === undefined) return;
    this.#address = wanted.trim() || undefined;
    this.#regime = regime;
    await vscode.commands.executeCommand('hyperstep.translationTables.focus');
    await this.refresh();
  }

  protected override async load({ session, threadId }: Stopped): Promise<Content> {
    const { regimes }: RegimesResponse = await session.customRequest('hyperstep/regimes', { threadId });
    const rows = regimes.map(one => this.#regimeRow(session, threadId, one));
    const stale = await this.#staleRow(session, threadId);
    const heading = `PE ${threadId - 1}`;
    return { rows: [...(await this.#walkRow(session, threadId)), ...rows, ...stale], heading };
  }

  #regimeRow(session: vscode.DebugSession, threadId: number, one: RegimesResponse['regimes'][number]): Row {
    const label = regimeLabel(one);
    const { stage, regime, vmid, enabled, inUse, base } = one;
    const description = [...(enabled ? [] : ['off']), ...(inUse ? ['in use'] : [])].join(' · ');
    const tables = base === undefined ? '' : `, its tables at ${formatAddress(BigInt(base))}`;
    const row: Row = {
      id: label,
      label,
      description,
      tooltip: `${label}: ${enabled ? (inUse ? 'in use at this level' : 'on') : 'off'}${tables}.`,
      icon: inUse ? 'pass-filled' : enabled ? 'layers' : 'circle-slash',
      open: enabled && stage === 2,
      ...(base === undefined ? {} : { value: base }),
    };
    if (!enabled) return row;
    const args = { threadId, stage, limit, ...(stage === 2 ? (vmid === undefined ? {} : { vmid }) : { regime }) };
    return { ...row, load: () => this.#mappings(session, args, label) };
  }

  async #mappings(session: vscode.DebugSession, args: MappingsArguments, label: string): Promise<Row[]> {
    const { ranges, truncated }: MappingsResponse = await session.customRequest('hyperstep/mappings', args);
    if (ranges.length === 0) return [{ id: `${label} empty`, label: 'These tables map nothing.', icon: 'info' }];
    const rows = mappingRows(ranges, args.stage, args.stage === 2 ? label : args.regime, args.regime);
    const more = { id: `${label} more`, label: `Only the first ${limit} ranges are shown.`, icon: 'info' };
    return truncated ? [...rows, more] : rows;
  }

  async #staleRow(session: vscode.DebugSession, threadId: number): Promise<Row[]> {
    const { entries }: StaleTranslationsResponse = await session.customRequest('hyperstep/staleTranslations', {
      threadId,
    });
    if (entries.length === 0) return [];
    return [
      {
        id: 'stale',
        label: 'Only in the TLB',
        description: `${entries.length} ${entries.length === 1 ? 'page' : 'pages'} without a TLBI`,
        tooltip: 'The TLB still translates these pages; the tables no longer do, or do otherwise.',
        icon: 'warning',
        children: entries.map(({ va, pa, permissions, tables }) => ({
          id: `stale ${va}`,
          label: formatAddress(BigInt(va)),
          description: `TLB: ${permissions} → ${pa} · tables: ${tables}`,
          value: va,
        })),
      },
    ];
  }

  async #walkRow(session: vscode.DebugSession, threadId: number): Promise<Row[]> {
    const address = this.#address;
    if (address === undefined) return [];
    const args: WalkArguments = { threadId, address, ...(this.#regime ? { regime: this.#regime } : {}) };
    try {
      return [walkRows(address, (await session.customRequest('hyperstep/walk', args)) as WalkResponse)];
    } catch (error) {
      const description = error instanceof Error ? error.message : String(error);
      return [{ id: `walk ${address}`, label: `Walk of ${address}`, description, icon: 'error', menu: 'walk' }];
    }
  }

  /** No walk is shown any more. */
  async forgetWalk(): Promise<void> {
    this.#address = undefined;
    await this.refresh();
  }
}

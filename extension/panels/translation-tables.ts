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
import { count, formatAddress, formatSize } from './format.ts';
import { type Content, type Row, type Stopped, StoppedTree, type Walked } from './stopped-tree.ts';

const { t } = vscode.l10n;

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

/** The prefix of an address in the tables, as the adapter takes it. */
function spaceOf({ stage, regime, vmid }: MappingsArguments): string {
  if (stage === 2) return vmid === undefined ? 'ipa' : `ipa${vmid}`;
  return `${(regime ?? 'EL1').slice(0, 3).toLowerCase()}`;
}

/** One row for each mapped run of some tables, in order of its input address. `name` tells tables apart. */
export function mappingRows(ranges: readonly MappingView[], tables: MappingsArguments, name: string): Row[] {
  const { stage, regime, vmid } = tables;
  const [from, to] = stage === 2 ? ['IPA', 'PA'] : ['VA', regime === 'EL1&0' || vmid !== undefined ? 'IPA' : 'PA'];
  const space = spaceOf(tables);
  return ranges.map(range => {
    const [input, output, size] = [range.input, range.output, range.size].map(BigInt);
    const last = formatAddress(input + size - 1n);
    const start = formatAddress(input);
    const id = `${name} ${start}`;
    // Short, so that the whole row can be read in a side bar as wide as it is at first.
    const target = input === output ? 'same' : output.toString(16).padStart(8, '0');
    const field = (label: string, value: string): Row => ({ id: `${id} ${label}`, label, description: value, value });
    return {
      id,
      label: start,
      description: `→ ${target} ${shortSize(size)} ${shortAttributes(range.attributes)}`,
      tooltip: `${from} ${start} – ${last}, ${formatSize(size)}, ${range.attributes} → ${to} ${formatAddress(output)}`,
      value: range.input,
      menu: 'mapping',
      walk: {
        address: stage === 2 ? `ipa:${range.input}` : range.input,
        ...(stage === 1 && regime !== undefined ? { regime } : {}),
        ...(vmid === undefined ? {} : { vmid }),
      },
      // The entry that maps it. Of a guest that is away only its stage 2 is where it was.
      ...(stage === 1 && vmid !== undefined ? {} : { subject: `entry ${space}:${range.input}` }),
      children: [
        field(from, `${start} – ${last}`),
        field(to, `${formatAddress(output)} – ${formatAddress(output + size - 1n)}`),
        field(t('Size'), formatSize(size)),
        field(t('Attributes'), range.attributes),
        field(t('Level'), String(range.level)),
      ],
    };
  });
}

type Step = WalkResponse['steps'][number];

function kindText(kind: Step['kind']): string {
  switch (kind) {
    case 'table':
      return t('table');
    case 'block':
      return t('block');
    case 'page':
      return t('page');
    case 'invalid':
      return t('invalid');
    case 'fault':
      return t('fault');
  }
}

function stepRow(id: string, step: Step): Row {
  const at =
    step.descriptorIpa === undefined ? step.descriptorPa : `IPA ${step.descriptorIpa} = PA ${step.descriptorPa}`;
  const leads = step.output === undefined ? '' : ` → ${step.output}`;
  const became = `${kindText(step.kind)}${leads}`;
  return {
    id,
    label: t('Stage {0}, level {1}', step.stage, step.level),
    description: became,
    tooltip: t('Descriptor {0} at {1}: {2}.', step.descriptor, at, became),
    icon:
      step.kind === 'invalid' || step.kind === 'fault' ? 'error' : step.kind === 'table' ? 'arrow-small-down' : 'check',
    value: step.descriptor,
    subject: `pa:${step.descriptorPa}`,
    children: [
      { id: `${id} descriptor`, label: t('Descriptor'), description: step.descriptor, value: step.descriptor },
      { id: `${id} at`, label: t('At'), description: at, value: step.descriptorPa },
    ],
  };
}

function rightsOf({ readable, writable, executable }: Pick<WalkResponse, 'readable' | 'writable' | 'executable'>) {
  return `${readable ? 'R' : '-'}${writable ? 'W' : '-'}${executable ? 'X' : '-'}`;
}

/** What each stage 2 is called, and what it translates to. */
function nestedStageText(kind: NestedStageView['kind']): readonly [name: string, to: string, about: string] {
  switch (kind) {
    case 'virtual':
      return [t('Virtual stage 2'), t('IPA of L1'), t('The tables of the guest hypervisor, which no hardware walks.')];
    case 'host':
      return [t('Host stage 2'), 'PA', t('The tables of L0 for the memory of the guest hypervisor.')];
    case 'shadow':
      return [t('Shadow stage 2'), 'PA', t('What L0 has made of the other two, and the hardware walks.')];
  }
}

/** The three stages 2 of an address of a nested guest, each with its steps. */
export function nestedRows(address: string, stages: readonly NestedStageView[]): Row[] {
  return stages.map(stage => {
    const [name, to, about] = nestedStageText(stage.kind);
    const id = `walk ${address} ${stage.kind}`;
    const isEmpty = stage.kind === 'shadow' && stage.output === undefined;
    const result = stage.output === undefined ? t('no entry') : `${stage.output} ${rightsOf(stage)}`;
    return {
      id,
      label: name,
      description: `→ ${result}`,
      tooltip: [
        t('{0}, VMID {1}: IPA {2} → {3}', name, stage.vmid, stage.input, stage.fault ?? `${to} ${result}`),
        about,
        isEmpty ? t('It is filled at the first access: the fault goes to L0.') : '',
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
export function walkRows(walked: Walked, walk: WalkResponse): Row {
  const { address } = walked;
  const id = `walk ${address}`;
  const result = walk.fault ?? `PA ${walk.pa ?? '?'} ${rightsOf(walk)}`;
  return {
    id,
    label: walkLabel(walked),
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

/** What is walked, and of whom. */
function walkLabel({ address, vmid }: Walked): string {
  return vmid === undefined ? t('Walk of {0}', address) : t('Walk of {0}, VMID {1}', address, vmid);
}

/** What a regime is called. */
export function regimeLabel({ stage, regime, vmid }: RegimesResponse['regimes'][number]): string {
  if (stage === 1) return vmid === undefined ? t('Stage 1, {0}', regime) : t('Stage 1, {0} of VMID {1}', regime, vmid);
  return vmid === undefined ? t('Stage 2') : t('Stage 2, VMID {0}', vmid);
}

export class TranslationTablesPanel extends StoppedTree {
  /** The walk of this address is shown at every stop. */
  #walked: Walked | undefined;
  readonly #selected: SessionTracker;
  readonly #frames: vscode.Disposable;

  constructor(tracker: SessionTracker) {
    super('hyperstep.translationTables', tracker);
    this.#selected = tracker;
    // Names in the expression are those of the frame that is selected.
    this.#frames = tracker.onDidChangeFrame(() => {
      if (this.#walked !== undefined) void this.refresh();
    });
  }

  override dispose(): void {
    this.#frames.dispose();
    super.dispose();
  }

  /** Asks for an address, unless it is given, and shows its walk from now on. */
  async walk(given?: Walked): Promise<void> {
    const asked = {
      title: t('Walk of one address'),
      prompt: t('An address or an expression; the PE in focus walks the tables of its present regime for it.'),
      placeHolder: '0x40080000, pc, &vcpu, ipa:0x80000000',
      value: this.#walked?.address ?? 'pc',
    };
    const wanted = given?.address ?? (await vscode.window.showInputBox(asked));
    if (wanted === undefined) return;
    const address = wanted.trim();
    this.#walked = address === '' ? undefined : { ...given, address };
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
    const { stage, regime, vmid, enabled, inUse, base, at } = one;
    const left = at === undefined ? undefined : t('as it was left at {0} instructions', count(at));
    const description = [...(enabled ? [] : [t('off')]), ...(inUse ? [t('in use')] : []), ...(left ? [left] : [])];
    const state = left ?? (enabled ? (inUse ? t('in use at this level') : t('on')) : t('off'));
    const row: Row = {
      id: label,
      label,
      description: description.join(' · '),
      tooltip:
        base === undefined
          ? t('{0}: {1}.', label, state)
          : t('{0}: {1}, its tables at {2}.', label, state, formatAddress(BigInt(base))),
      icon: left ? 'history' : inUse ? 'pass-filled' : enabled ? 'layers' : 'circle-slash',
      open: enabled && stage === 2,
      ...(base === undefined ? {} : { value: base }),
    };
    if (!enabled) return row;
    const whose = vmid === undefined ? {} : { vmid };
    const args = { threadId, stage, limit, ...(stage === 2 ? whose : { regime, ...whose }) };
    return { ...row, load: () => this.#mappings(session, args, label) };
  }

  async #mappings(session: vscode.DebugSession, args: MappingsArguments, label: string): Promise<Row[]> {
    const { ranges, truncated, enabled }: MappingsResponse = await session.customRequest('hyperstep/mappings', args);
    if (ranges.length === 0)
      return [
        {
          id: `${label} empty`,
          label: enabled ? t('These tables map nothing.') : t('This stage was off.'),
          icon: 'info',
        },
      ];
    const rows = mappingRows(ranges, args, label);
    const more = { id: `${label} more`, label: t('Only the first {0} ranges are shown.', limit), icon: 'info' };
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
        label: t('Only in the TLB'),
        description: entries.length === 1 ? t('1 page without a TLBI') : t('{0} pages without a TLBI', entries.length),
        tooltip: t('The TLB still translates these pages; the tables no longer do, or do otherwise.'),
        icon: 'warning',
        children: entries.map(({ va, pa, permissions, tables }) => ({
          id: `stale ${va}`,
          label: formatAddress(BigInt(va)),
          description: t('TLB: {0} → {1} · tables: {2}', permissions, pa, tables),
          value: va,
        })),
      },
    ];
  }

  async #walkRow(session: vscode.DebugSession, threadId: number): Promise<Row[]> {
    const walked = this.#walked;
    if (walked === undefined) return [];
    const { frameId } = this.#selected;
    const args: WalkArguments = { threadId, ...walked, ...(frameId === undefined ? {} : { frameId }) };
    try {
      return [walkRows(walked, (await session.customRequest('hyperstep/walk', args)) as WalkResponse)];
    } catch (error) {
      const description = error instanceof Error ? error.message : String(error);
      return [{ id: `walk ${walked.address}`, label: walkLabel(walked), description, icon: 'error', menu: 'walk' }];
    }
  }

  /** No walk is shown any more. */
  async forgetWalk(): Promise<void> {
    this.#walked = undefined;
    await this.refresh();
  }
}

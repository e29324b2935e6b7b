// The stage-2 tables that VTTBR_EL2 of the PE in focus points at: which physical memory the guest has, and how.

import type * as vscode from 'vscode';
import type { MappingsArguments, MappingsResponse, MappingView } from '../../debug-adapter/protocol.ts';
import type { SessionTracker } from '../session-tracker.ts';
import { formatAddress, formatSize } from './format.ts';
import { type Content, type Row, type Stopped, StoppedTree } from './stopped-tree.ts';

/** Rows that a person can still look through. */
const limit = 2000;

/** One row for each mapped run, in order of its IPA. */
export function mappingRows(ranges: readonly MappingView[]): Row[] {
  return ranges.map(range => {
    const [input, output, size] = [range.input, range.output, range.size].map(BigInt);
    const last = formatAddress(input + size - 1n);
    const id = formatAddress(input);
    const target = input === output ? 'same' : formatAddress(output);
    const field = (label: string, value: string): Row => ({ id: `${id} ${label}`, label, description: value, value });
    return {
      id,
      label: id,
      description: `→ ${target} · ${formatSize(size)} · ${range.attributes}`,
      tooltip: `IPA ${id} – ${last}, ${formatSize(size)}, ${range.attributes}`,
      icon: /device/i.test(range.attributes) ? 'plug' : 'chip',
      value: range.input,
      children: [
        field('IPA', `${id} – ${last}`),
        field('PA', `${formatAddress(output)} – ${formatAddress(output + size - 1n)}`),
        field('Size', formatSize(size)),
        field('Attributes', range.attributes),
        field('Level', String(range.level)),
      ],
    };
  });
}

export class TranslationTablesPanel extends StoppedTree {
  constructor(tracker: SessionTracker) {
    super('hyperstep.translationTables', tracker);
  }

  protected override async load({ session, threadId }: Stopped): Promise<Content> {
    const { enabled, vmid, base, ranges, truncated } = await this.#ask(session, { threadId, stage: 2, limit });
    const heading = [
      `PE ${threadId - 1}`,
      ...(vmid === undefined ? [] : [`VMID ${vmid}`]),
      ...(base === undefined ? [] : [`at ${formatAddress(BigInt(base))}`]),
      ...(enabled ? [] : ['off']),
    ].join(' · ');
    const message = truncated
      ? `Only the first ${limit} ranges are shown.`
      : ranges.length === 0
        ? enabled
          ? 'The stage-2 tables map nothing.'
          : 'Stage 2 is off: HCR_EL2.VM and HCR_EL2.DC are 0.'
        : undefined;
    return { rows: mappingRows(ranges), heading, message };
  }

  async #ask(session: vscode.DebugSession, args: MappingsArguments): Promise<MappingsResponse> {
    return session.customRequest('hyperstep/mappings', args);
  }
}

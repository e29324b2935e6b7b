// Exceptions as files for other tools: CSV, and the JSON that Chrome's tracing and Perfetto read.

import { EXCEPTION_CLASSES, type TimelineEvent } from '../../debug-adapter/protocol.ts';

export interface LaneEvents {
  readonly pe: number;
  readonly events: readonly TimelineEvent[];
}

const quote = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** One line for each event (RFC 4180), PE by PE. */
export function csvOf(lanes: readonly LaneEvents[]): string {
  const lines = ['pe,instructions,cycles,from,to,class,vmid,reason'];
  for (const { pe, events } of lanes) {
    for (const { instructions, cycles, from, to, class: key, vmid, reason } of events)
      lines.push([pe, instructions, cycles, `EL${from}`, `EL${to}`, key, vmid ?? '', quote(reason)].join(','));
  }
  return `${lines.join('\r\n')}\r\n`;
}

/**
 * The Trace Event Format: a thread for each PE, on it a slice for each stay at a level, named by what began it. One
 * microsecond of the trace is one modelled cycle.
 */
export function traceOf(lanes: readonly LaneEvents[]): string {
  const traceEvents: object[] = [{ ph: 'M', pid: 1, name: 'process_name', args: { name: 'Hyperstep' } }];
  for (const { pe, events } of lanes) {
    const thread = { pid: 1, tid: pe + 1 };
    traceEvents.push({ ph: 'M', ...thread, name: 'thread_name', args: { name: `PE ${pe}` } });
    events.forEach((event, index) => {
      const next = events[index + 1];
      const label = EXCEPTION_CLASSES.find(one => one.key === event.class)?.label ?? event.class;
      traceEvents.push({
        ph: 'X',
        ...thread,
        ts: event.cycles,
        dur: next ? next.cycles - event.cycles : 0,
        name: `EL${event.to}`,
        cat: event.class,
        args: {
          from: `EL${event.from}`,
          why: event.reason,
          class: label,
          instructions: event.instructions,
          vmid: event.vmid,
        },
      });
    });
  }
  return `${JSON.stringify({ traceEvents, displayTimeUnit: 'ns', otherData: { unit: 'modelled cycles' } })}\n`;
}

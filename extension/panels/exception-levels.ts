// The "Exception Levels" view: a timeline of every PE, made by the page in webviews/timeline.ts.

import type * as vscode from 'vscode';
import type { TimelineEventsResponse, TimelineResponse } from '../../debug-adapter/protocol.ts';
import type { SessionTracker } from '../session-tracker.ts';
import { csvOf, type LaneEvents, traceOf } from './timeline-export.ts';
import { saveText, WebviewPanel } from './webview.ts';

/** Events of one question. */
const PAGE = 10_000;

export class ExceptionLevelsPanel extends WebviewPanel {
  constructor(tracker: SessionTracker, extension: vscode.Uri) {
    super('hyperstep.exceptionLevels', 'timeline', tracker, extension);
  }

  protected override body(): string {
    return `
<div class="toolbar" role="toolbar" aria-label="Timeline">
  <button id="zoom-in" title="Zoom in (+)" aria-label="Zoom in">+</button>
  <button id="zoom-out" title="Zoom out (-)" aria-label="Zoom out">−</button>
  <button id="whole" title="The whole run (0)">Whole run</button>
  <button id="previous" title="Previous exception (,)" aria-label="Previous exception">◀</button>
  <button id="next" title="Next exception (.)" aria-label="Next exception">▶</button>
  <button id="as-table" aria-pressed="false" title="The same as a table, for screen readers">Table</button>
  <span id="pages" class="hidden">
    <select id="pe" aria-label="PE"></select>
    <button id="earlier" data-needs-stop>Earlier</button>
    <button id="later" data-needs-stop>Later</button>
  </span>
  <span class="space"></span>
  <button id="export-csv" data-needs-stop title="Save all exceptions as CSV">CSV</button>
  <button id="export-trace" data-needs-stop title="Save all exceptions for Perfetto and chrome://tracing">Trace</button>
</div>
<p id="notice" class="notice">No machine is running. Start one to see its exceptions.</p>
<div id="content" class="row hidden fresh">
  <div class="grow">
    <canvas id="timeline" tabindex="0" role="application" aria-describedby="status"
      aria-label="Timeline of exception levels. Left and right scroll, plus and minus zoom, comma and period select exceptions, Enter travels there. The Table button shows the same as a table."></canvas>
    <div id="table" class="scroll hidden" tabindex="0" role="region" aria-label="Exceptions"></div>
  </div>
  <aside id="statistics" aria-label="Exceptions by class"></aside>
</div>
<div id="status" class="status" role="status" aria-live="polite"></div>`;
  }

  protected override async act(action: string, args: unknown): Promise<void> {
    if (action === 'goTo') await this.session().customRequest('hyperstep/goTo', { instructions: args });
    else if (action === 'export') await this.exportAll(args === 'csv' ? 'csv' : 'trace');
  }

  /** Saves every exception that is kept. */
  async exportAll(kind: 'csv' | 'trace'): Promise<void> {
    const text = await this.exported(kind);
    if (kind === 'csv') await saveText('exceptions.csv', { CSV: ['csv'] }, text);
    else await saveText('exceptions.trace.json', { 'Trace of Chrome and Perfetto': ['json'] }, text);
  }

  /** The text of an export. */
  async exported(kind: 'csv' | 'trace'): Promise<string> {
    const session = this.session();
    const { lanes }: TimelineResponse = await session.customRequest('hyperstep/timeline', { parts: 1 });
    const found: LaneEvents[] = [];
    for (const { pe } of lanes) {
      const events: TimelineEventsResponse['events'][number][] = [];
      for (let first = 0; ; ) {
        const args = { threadId: pe + 1, first, count: PAGE };
        const answer: TimelineEventsResponse = await session.customRequest('hyperstep/timelineEvents', args);
        events.push(...answer.events);
        const last = answer.events.at(-1);
        if (!last || last.number + 1 >= answer.total) break;
        first = last.number + 1;
      }
      found.push({ pe, events });
    }
    return kind === 'csv' ? csvOf(found) : traceOf(found);
  }
}

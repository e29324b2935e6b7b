// The "Exception Levels" view: a timeline of every PE, made by the page in webviews/timeline.ts.

import * as vscode from 'vscode';
import type { TimelineEventsResponse, TimelineResponse } from '../../debug-adapter/protocol.ts';
import type { SessionTracker } from '../session-tracker.ts';
import { timelinePage } from '../webviews/pages.ts';
import { csvOf, type LaneEvents, traceOf } from './timeline-export.ts';
import { saveText, WebviewPanel } from './webview.ts';

const { t } = vscode.l10n;

/** Events of one question. */
const PAGE = 10_000;

export class ExceptionLevelsPanel extends WebviewPanel {
  constructor(tracker: SessionTracker, extension: vscode.Uri) {
    super('hyperstep.exceptionLevels', 'timeline', tracker, extension);
  }

  protected override body(): string {
    return timelinePage(t);
  }

  protected override async act(action: string, args: unknown): Promise<void> {
    if (action === 'goTo') await this.session().customRequest('hyperstep/goTo', { instructions: args });
    else if (action === 'export') await this.exportAll(args === 'csv' ? 'csv' : 'trace');
  }

  /** Saves every exception that is kept. */
  async exportAll(kind: 'csv' | 'trace'): Promise<void> {
    const text = await this.exported(kind);
    if (kind === 'csv') await saveText('exceptions.csv', { CSV: ['csv'] }, text);
    else await saveText('exceptions.trace.json', { [t('Trace of Chrome and Perfetto')]: ['json'] }, text);
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

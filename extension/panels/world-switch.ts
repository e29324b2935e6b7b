// The "World Switch" view: one exit to entry under the magnifying glass, made by the page in webviews/world-switch.ts.

import * as vscode from 'vscode';
import type { SessionTracker } from '../session-tracker.ts';
import { saveText, WebviewPanel } from './webview.ts';

const FILTERS = { 'Recording of a world switch': ['json'] };

export class WorldSwitchPanel extends WebviewPanel {
  constructor(tracker: SessionTracker, extension: vscode.Uri) {
    super('hyperstep.worldSwitch', 'world-switch', tracker, extension);
  }

  protected override body(): string {
    return `
<div class="toolbar" role="toolbar" aria-label="World switch">
  <select id="switches" aria-label="World switches, the last one first"></select>
  <button id="record" data-needs-stop title="Replay this world switch and record what it does">Record</button>
  <label title="For nested guests: count until the guest that left runs again, not until any guest does">
    <input id="same-guest" type="checkbox"> until the same guest runs</label>
  <span class="space"></span>
  <button id="keep" disabled title="The next recording is compared with this one">Keep for comparison</button>
  <button id="export" disabled>Export…</button>
  <button id="import">Open…</button>
</div>
<div id="status" class="status" role="status" aria-live="polite">No machine is running. Start one, or open a recording.</div>
<div id="recording" class="grow scroll hidden" tabindex="0" role="region" aria-label="Recording">
  <h4 id="title" class="status"></h4>
  <div id="bars"></div>
  <div id="levels"></div>
  <div id="comparison" class="hidden"></div>
  <label class="status"><input id="only-needless" type="checkbox"> only needless accesses</label>
  <div id="accesses"></div>
</div>`;
  }

  protected override async act(action: string, args: unknown): Promise<void> {
    if (action === 'export') await saveText('world-switch.json', FILTERS, String(args));
    else if (action === 'import') await this.open();
  }

  /** Shows a recording that was exported. */
  async open(): Promise<void> {
    const [uri] = (await vscode.window.showOpenDialog({ filters: FILTERS, openLabel: 'Open Recording' })) ?? [];
    if (uri) this.tell('file', new TextDecoder().decode(await vscode.workspace.fs.readFile(uri)));
  }
}

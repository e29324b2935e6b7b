// The "World Switch" view: one exit to entry under the magnifying glass, made by the page in webviews/world-switch.ts.

import * as vscode from 'vscode';
import type { SessionTracker } from '../session-tracker.ts';
import { worldSwitchPage } from '../webviews/pages.ts';
import { saveText, WebviewPanel } from './webview.ts';

const { t } = vscode.l10n;

const FILTERS = { [t('Recording of a world switch')]: ['json'] };

export class WorldSwitchPanel extends WebviewPanel {
  constructor(tracker: SessionTracker, extension: vscode.Uri) {
    super('hyperstep.worldSwitch', 'world-switch', tracker, extension);
  }

  protected override body(): string {
    return worldSwitchPage(t);
  }

  protected override async act(action: string, args: unknown): Promise<void> {
    if (action === 'export') await saveText('world-switch.json', FILTERS, String(args));
    else if (action === 'import') await this.open();
  }

  /** Shows a recording that was exported. */
  async open(): Promise<void> {
    const [uri] = (await vscode.window.showOpenDialog({ filters: FILTERS, openLabel: t('Open Recording') })) ?? [];
    if (uri) this.tell('file', new TextDecoder().decode(await vscode.workspace.fs.readFile(uri)));
  }
}

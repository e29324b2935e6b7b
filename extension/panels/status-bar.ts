// The level of the PE in focus and the modelled cycles, in the status bar.

import * as vscode from 'vscode';
import type { MachineResponse } from '../../debug-adapter/protocol.ts';
import type { SessionTracker } from '../session-tracker.ts';
import { count } from './format.ts';
import { levelText, securityText } from './machine.ts';

const { t } = vscode.l10n;

export class LevelStatus implements vscode.Disposable {
  readonly #item: vscode.StatusBarItem;
  readonly #tracker: SessionTracker;
  readonly #disposables: vscode.Disposable[];
  #question = 0;

  constructor(tracker: SessionTracker) {
    this.#tracker = tracker;
    this.#item = vscode.window.createStatusBarItem('hyperstep.level', vscode.StatusBarAlignment.Left, 50);
    this.#item.name = t('Hyperstep: exception level');
    this.#item.command = 'hyperstep.machine.focus';
    this.#disposables = [this.#item, tracker.onDidChange(() => void this.#refresh())];
  }

  /** What it says; undefined while it is hidden. */
  text: string | undefined;

  async #refresh(): Promise<void> {
    const { state } = this.#tracker;
    const question = ++this.#question;
    if (state.kind === 'none') return this.#hide();
    if (state.kind === 'running') return this.#show(`$(sync~spin) ${t('running')}`, t('The machine runs.'));
    try {
      const { pes }: MachineResponse = await state.session.customRequest('hyperstep/machine', {});
      if (question !== this.#question) return;
      const pe = pes.find(one => one.threadId === state.threadId);
      if (!pe) return this.#hide();
      const guest = pe.vmid === undefined ? '' : ` VMID ${pe.vmid}`;
      this.#show(
        `$(chip) ${t('{0} · {1} cycles', `PE ${pe.index} ${levelText(pe)}${guest}`, count(pe.cycles))}`,
        t(
          'PE {0} at {1}, {2}, regime {3}. {4} modelled cycles. Opens the Machine view.',
          pe.index,
          levelText(pe),
          securityText(pe),
          pe.regime,
          count(pe.cycles),
        ),
      );
    } catch {
      if (question === this.#question) this.#hide();
    }
  }

  #show(text: string, tooltip: string): void {
    this.text = text;
    this.#item.text = text;
    this.#item.tooltip = tooltip;
    this.#item.accessibilityInformation = { label: tooltip };
    this.#item.show();
  }

  #hide(): void {
    this.text = undefined;
    this.#item.hide();
  }

  dispose(): void {
    for (const disposable of this.#disposables) disposable.dispose();
  }
}

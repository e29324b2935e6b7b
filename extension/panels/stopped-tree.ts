// A tree of facts that hold while the machine is stopped. It asks the adapter once for each stop and each PE in focus,
// and only while it is on screen. What it shows is never stale without saying so: as soon as the machine runs, the
// heading says `running`; when it goes on running the rows go away.

import * as vscode from 'vscode';
import type { MachineState, SessionTracker } from '../session-tracker.ts';

/** One row, with the rows below it. */
export interface Row {
  /** The same from stop to stop, so that an expanded row stays expanded. */
  readonly id: string;
  readonly label: string;
  readonly description?: string;
  readonly tooltip?: string;
  /** Name of a codicon. */
  readonly icon?: string;
  /** Drawn in the colour of changed values, and said in words for screen readers. */
  readonly changed?: boolean;
  /** What "Copy Value" copies. */
  readonly value?: string;
  readonly children?: readonly Row[];
}

export interface Content {
  readonly rows: readonly Row[];
  /** One line beside the title of the view. */
  readonly heading?: string;
  /** A sentence above the rows, or in their place. */
  readonly message?: string;
}

export type Stopped = Extract<MachineState, { kind: 'stopped' }>;

/** A single step is over before this, so that stepping does not make the rows flicker. Milliseconds. */
const clearAfter = 400;

export abstract class StoppedTree implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #view: vscode.TreeView<Row>;
  readonly #tracker: SessionTracker;
  readonly #disposables: vscode.Disposable[];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #rows: readonly Row[] = [];
  /** The question asked last; an answer to an earlier one is dropped. */
  #question = 0;
  #outdated = false;

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(viewId: string, tracker: SessionTracker) {
    this.#tracker = tracker;
    this.#view = vscode.window.createTreeView<Row>(viewId, { treeDataProvider: this, showCollapseAll: false });
    this.#disposables = [
      this.#changed,
      this.#view,
      vscode.commands.registerCommand(`${viewId}.refresh`, () => this.refresh()),
      tracker.onDidChange(() => this.refresh()),
      this.#view.onDidChangeVisibility(({ visible }) => {
        if (visible && this.#outdated) this.refresh();
      }),
    ];
    this.refresh();
  }

  /** The line beside the title of the view. */
  get heading(): string | undefined {
    return this.#view.description;
  }

  /** Asks the adapter for what the view shows. Rejects with a sentence for the user. */
  protected abstract load(state: Stopped): Promise<Content>;

  /** Brings the view to the present state of the machine; resolves when it shows it. */
  async refresh(): Promise<void> {
    const { state } = this.#tracker;
    const question = ++this.#question;
    clearTimeout(this.#timer);
    if (state.kind === 'none') return this.#show({ rows: [] });
    if (state.kind === 'running') {
      this.#view.description = 'running';
      this.#timer = setTimeout(() => {
        this.#show({ rows: [], heading: 'running', message: 'The machine is running. Pause it to see its state.' });
      }, clearAfter);
      return;
    }
    this.#outdated = !this.#view.visible;
    if (this.#outdated) return;
    try {
      const content = await this.load(state);
      if (question === this.#question) this.#show(content);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (question === this.#question) this.#show({ rows: [], message });
    }
  }

  getChildren(row?: Row): Row[] {
    return [...(row ? (row.children ?? []) : this.#rows)];
  }

  getTreeItem(row: Row): vscode.TreeItem {
    const { Collapsed, None } = vscode.TreeItemCollapsibleState;
    const item = new vscode.TreeItem(row.label, row.children?.length ? Collapsed : None);
    item.id = row.id;
    item.description = row.description;
    item.tooltip = row.tooltip;
    if (row.icon) {
      const colour = row.changed ? new vscode.ThemeColor('debugView.valueChangedHighlight') : undefined;
      item.iconPath = new vscode.ThemeIcon(row.icon, colour);
    }
    item.contextValue = row.value === undefined ? undefined : 'hyperstep.value';
    const spoken = [row.label, row.description, row.changed ? 'changed' : undefined].filter(Boolean).join(', ');
    item.accessibilityInformation = { label: spoken };
    return item;
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const disposable of this.#disposables) disposable.dispose();
  }

  #show({ rows, heading, message }: Content): void {
    this.#rows = rows;
    this.#view.description = heading;
    this.#view.message = message;
    this.#changed.fire();
  }
}

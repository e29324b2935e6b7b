// A tree of facts that hold while the machine is stopped. It asks the adapter once for each stop and each PE in focus,
// and only while it is on screen. What it shows is never stale without saying so: as soon as the machine runs, the
// heading says `running`; when it goes on running the rows go away.

import * as vscode from 'vscode';
import type { WalkArguments } from '../../debug-adapter/protocol.ts';
import type { MachineState, SessionTracker } from '../session-tracker.ts';

/** An address whose walk is shown. */
export type Walked = Pick<WalkArguments, 'address' | 'regime' | 'vmid'>;

const { t } = vscode.l10n;

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
  /** Asks for the rows below it when it is opened; instead of `children`. */
  readonly load?: () => Promise<readonly Row[]>;
  /** Open at first. */
  readonly open?: boolean;
  /** Runs when the row is chosen. */
  readonly command?: vscode.Command;
  /** What menus the row has besides "Copy Value": the end of its context, such as `listRegister`. */
  readonly menu?: string;
  /** What "Go to Last Write" and "Break When This Changes" mean by the row: see `LastWriteArguments.of`. */
  readonly subject?: string;
  /** The address that "Walk This Address" walks, in a regime or of a guest. */
  readonly walk?: Walked;
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
  readonly viewId: string;
  readonly #tracker: SessionTracker;
  readonly #disposables: vscode.Disposable[];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #rows: readonly Row[] = [];
  /** The question asked last; an answer to an earlier one is dropped. */
  #question = 0;
  #outdated = false;
  #milliseconds = 0;

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(viewId: string, tracker: SessionTracker) {
    this.#tracker = tracker;
    this.viewId = viewId;
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
    // After the constructor of the class below, whose fields `idle` and `load` need.
    queueMicrotask(() => void this.refresh());
  }

  /** The line beside the title of the view. */
  get heading(): string | undefined {
    return this.#view.description;
  }

  /** The sentence above the rows, or in their place. */
  get message(): string | undefined {
    return this.#view.message;
  }

  /** How long the last refresh took, from the stop to the rows. */
  get milliseconds(): number {
    return this.#milliseconds;
  }

  /** What the view shows while no machine is there. */
  protected idle(): Content {
    return { rows: [] };
  }

  /** Asks the adapter for what the view shows. Rejects with a sentence for the user. */
  protected abstract load(state: Stopped): Promise<Content>;

  /** Brings the view to the present state of the machine; resolves when it shows it. */
  async refresh(): Promise<void> {
    const { state } = this.#tracker;
    const question = ++this.#question;
    clearTimeout(this.#timer);
    const started = performance.now();
    if (state.kind === 'none') return this.#show(this.idle());
    if (state.kind === 'running') {
      this.#view.description = t('running');
      this.#timer = setTimeout(() => {
        this.#show({
          rows: [],
          heading: t('running'),
          message: t('The machine is running. Pause it to see its state.'),
        });
      }, clearAfter);
      return;
    }
    this.#outdated = !this.#view.visible;
    // Nothing old is there when the view is brought to the front.
    if (this.#outdated) return this.#show({ rows: [] });
    try {
      const content = await this.load(state);
      if (question !== this.#question) return;
      this.#show(content);
      this.#milliseconds = performance.now() - started;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (question === this.#question) this.#show({ rows: [], message });
    }
  }

  getChildren(): Row[];
  getChildren(row: Row | undefined): Row[] | Promise<Row[]>;
  getChildren(row?: Row): Row[] | Promise<Row[]> {
    if (row?.load) return this.#load(row.load);
    return [...(row ? (row.children ?? []) : this.#rows)];
  }

  async #load(load: () => Promise<readonly Row[]>): Promise<Row[]> {
    try {
      return [...(await load())];
    } catch (error) {
      const label = error instanceof Error ? error.message : String(error);
      return [{ id: `error ${label}`, label, icon: 'warning' }];
    }
  }

  getTreeItem(row: Row): vscode.TreeItem {
    const { Collapsed, Expanded, None } = vscode.TreeItemCollapsibleState;
    const parent = row.load !== undefined || (row.children?.length ?? 0) > 0;
    const item = new vscode.TreeItem(row.label, parent ? (row.open ? Expanded : Collapsed) : None);
    item.id = row.id;
    item.description = row.description;
    item.tooltip = row.tooltip;
    if (row.icon) {
      const colour = row.changed ? new vscode.ThemeColor('debugView.valueChangedHighlight') : undefined;
      item.iconPath = new vscode.ThemeIcon(row.icon, colour);
    }
    if (row.command) item.command = row.command;
    const menus = [row.value === undefined ? [] : ['value'], row.subject ? ['subject'] : [], row.menu ?? []].flat();
    item.contextValue = menus.length ? `hyperstep.${menus.join('.')}` : undefined;
    const spoken = [row.label, row.description, row.changed ? t('changed') : undefined].filter(Boolean).join(', ');
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

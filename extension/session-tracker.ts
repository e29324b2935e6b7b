// Knows of each debug session whether its machine is stopped, from the DAP messages that pass by, and of the session
// in focus which PE is looked at. Panels listen here and never ask the debugger while the machine runs.

import type { DebugProtocol } from '@vscode/debugprotocol';
import * as vscode from 'vscode';
import { debugType } from './configuration-provider.ts';

export type MachineState =
  | { readonly kind: 'none' }
  | { readonly kind: 'running'; readonly session: vscode.DebugSession }
  | {
      readonly kind: 'stopped';
      readonly session: vscode.DebugSession;
      /** The PE in focus. */
      readonly threadId: number;
      /** Counts stops: answers to questions of an earlier stop are dropped. */
      readonly stop: number;
    };

/** Requests that let the machine run when they succeed. */
const resuming = new Set([
  'continue',
  'next',
  'stepIn',
  'stepOut',
  'stepBack',
  'reverseContinue',
  'restartFrame',
  'goto',
]);

interface Tracked {
  readonly session: vscode.DebugSession;
  /** The PE that stopped; undefined while the machine runs. */
  threadId: number | undefined;
}

export class SessionTracker implements vscode.DebugAdapterTrackerFactory, vscode.Disposable {
  readonly #sessions = new Map<string, Tracked>();
  readonly #changed = new vscode.EventEmitter<MachineState>();
  readonly #frameChanged = new vscode.EventEmitter<void>();
  readonly #disposables: vscode.Disposable[] = [this.#changed, this.#frameChanged];
  #focus: string | undefined;
  #stops = 0;
  #told = '';

  #frameId: number | undefined;

  /** Another frame of the PE in focus is selected. */
  readonly onDidChangeFrame = this.#frameChanged.event;

  /** The state of the session in focus, each time it changes: also when another PE or session comes into focus. */
  readonly onDidChange = this.#changed.event;

  constructor() {
    this.#disposables.push(
      vscode.debug.registerDebugAdapterTrackerFactory(debugType, this),
      vscode.debug.onDidChangeActiveStackItem(item => {
        if (!item || !this.#sessions.has(item.session.id)) return;
        this.#focus = item.session.id;
        this.#fire();
        const frameId = item instanceof vscode.DebugStackFrame ? item.frameId : undefined;
        if (frameId === this.#frameId) return;
        this.#frameId = frameId;
        this.#frameChanged.fire();
      }),
    );
  }

  /** The frame that was selected since the machine stopped, of the session in focus. */
  get frameId(): number | undefined {
    return this.#frameId;
  }

  get state(): MachineState {
    const tracked = this.#focus === undefined ? undefined : this.#sessions.get(this.#focus);
    if (!tracked) return { kind: 'none' };
    const { session } = tracked;
    if (tracked.threadId === undefined) return { kind: 'running', session };
    const item = vscode.debug.activeStackItem;
    const threadId = item?.session.id === session.id ? item.threadId : tracked.threadId;
    return { kind: 'stopped', session, threadId, stop: this.#stops };
  }

  createDebugAdapterTracker(session: vscode.DebugSession): vscode.DebugAdapterTracker {
    const tracked: Tracked = { session, threadId: undefined };
    const end = () => {
      if (!this.#sessions.delete(session.id)) return;
      if (this.#focus === session.id) this.#focus = this.#sessions.keys().next().value;
      this.#fire();
    };
    return {
      onWillStartSession: () => {
        this.#sessions.set(session.id, tracked);
        this.#focus = session.id;
        this.#fire();
      },
      onDidSendMessage: (message: DebugProtocol.ProtocolMessage) => this.#observe(tracked, message),
      onWillStopSession: end,
      onExit: end,
      onError: end,
    };
  }

  dispose(): void {
    for (const disposable of this.#disposables) disposable.dispose();
  }

  #observe(tracked: Tracked, message: DebugProtocol.ProtocolMessage): void {
    if (message.type === 'event') {
      const { event, body } = message as DebugProtocol.Event;
      if (event === 'stopped') {
        this.#focus = tracked.session.id;
        tracked.threadId = body?.threadId ?? 1;
      } else if (event === 'continued') {
        tracked.threadId = undefined;
      } else if (event === 'invalidated' || event === 'memory') {
        if (tracked.threadId === undefined) return;
      } else if (event === 'terminated' || event === 'exited') {
        this.#sessions.delete(tracked.session.id);
      } else {
        return;
      }
    } else if (message.type === 'response') {
      const { command, success } = message as DebugProtocol.Response;
      if (!success) return;
      if (resuming.has(command)) {
        if (tracked.threadId === undefined) return;
        tracked.threadId = undefined;
      } else if (!['setVariable', 'setExpression', 'writeMemory'].includes(command)) {
        return;
      }
    } else {
      return;
    }
    this.#stops++;
    this.#frameId = undefined;
    if (this.#focus === tracked.session.id) this.#fire();
  }

  /** Tells the listeners unless nothing changed: VS Code reports the frame in focus more often than it changes. */
  #fire(): void {
    const { state } = this;
    const key = JSON.stringify({ ...state, session: state.kind === 'none' ? undefined : state.session.id });
    if (key === this.#told) return;
    this.#told = key;
    this.#changed.fire(state);
  }
}

/**
 * One debug session: takes DAP messages in order, answers each request exactly once, and sends events.
 * Knows no transport; see `in-process.ts` and `main.ts`.
 */

import type { DebugProtocol } from '@vscode/debugprotocol';
import type { MachineConfig, Target } from '../simulator/target.ts';
import type { Files } from './files.ts';
import { RequestError } from './handler.ts';
import { Indexing } from './indexing.ts';
import type { Launch } from './launch.ts';
import { Machine } from './machine.ts';
import { nameKernel } from './more-symbols.ts';
import { findRelocation, watchRelocation } from './relocation.ts';
import { HANDLERS } from './requests/index.ts';
import type { End, Stop } from './runner.ts';

export interface SessionOptions {
  /** Takes each message for the client. */
  readonly send: (message: DebugProtocol.ProtocolMessage) => void;
  readonly createTarget: (config: MachineConfig) => Target;
  readonly files: Files;
  /** Milliseconds that work takes before it has a progress bar. */
  readonly progressDelay?: number;
}

/** Milliseconds until a progress bar is shown, and between two changes of it. */
const PROGRESS_DELAY = 800;
const PROGRESS_STEP = 250;
const DRAIN_SLICE = 20;

interface Pending {
  readonly seq: number;
  readonly command: string;
  readonly args: unknown;
  cancelled: boolean;
}

/** Contexts of `evaluate` whose failure the client shows where it has asked, or not at all: a mouse moves over many words. */
const SHOWN_IN_PLACE: readonly unknown[] = ['hover', 'watch', 'repl'];

function isShownInPlace({ command, args }: Pending): boolean {
  return command === 'evaluate' && SHOWN_IN_PLACE.includes((args as { context?: unknown } | null | undefined)?.context);
}

export class Session {
  client: Partial<DebugProtocol.InitializeRequestArguments> = {};
  initialized = false;
  configured = false;
  /** Paths of sources without a file, by reference less 1. */
  private readonly sourcePaths: string[] = [];
  readonly indexing = new Indexing(this);
  private current: Machine | undefined;
  private ended = false;
  private nextSeq = 1;
  private readonly queue: Pending[] = [];
  private busy = false;
  private readonly later: (() => void)[] = [];
  private consoleDecoder = new TextDecoder();
  private consoleText = '';

  constructor(readonly options: SessionOptions) {}

  // --- Incoming -----------------------------------------------------------------------------------------------------

  /** Takes one message of the client, whatever it is. */
  receive(message: unknown): void {
    const {
      type,
      seq,
      command,
      arguments: args,
    } = (typeof message === 'object' && message !== null ? message : {}) as Record<string, unknown>;
    if (type === 'response' || type === 'event') return; // this adapter sends no reverse requests
    if (typeof command !== 'string' || typeof seq !== 'number') {
      this.damaged('A message that is no DAP request was skipped: it needs "type", "seq" and "command".');
      return;
    }
    const request: Pending = { seq, command, args, cancelled: false };
    if (command === 'cancel') this.cancelQueued(args);
    // These cannot wait until the work for another request is done.
    if (command === 'pause' || command === 'disconnect' || command === 'terminate') this.interrupted = true;
    this.queue.push(request);
    void this.work();
  }

  /** Tells the user of input that could not be read as a message. */
  damaged(sentence: string): void {
    this.output('stderr', `${sentence}\n`);
  }

  private cancelQueued(args: unknown): void {
    const { requestId: id, progressId } = (args ?? {}) as { requestId?: unknown; progressId?: unknown };
    if (progressId !== undefined && progressId === this.progress) {
      this.current?.runner.pause();
      this.interrupted = true;
    }
    this.indexing.cancel(progressId);
    if (id !== undefined && id === this.present?.seq) this.interrupted = true;
    for (const request of this.queue) if (request.seq === id) request.cancelled = true;
  }

  private async work(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    for (let request = this.queue.shift(); request !== undefined; request = this.queue.shift()) {
      this.present = request;
      await this.answer(request);
      this.present = undefined;
      if (this.current?.running === false) this.noticeFork();
      for (const action of this.later.splice(0)) action();
    }
    this.busy = false;
  }

  private async answer(request: Pending): Promise<void> {
    const { seq, command } = request;
    const response = { type: 'response', request_seq: seq, command } as const;
    try {
      if (request.cancelled) throw new RequestError('cancelled', `The request ${command} was cancelled.`);
      const body = await this.dispatch(request);
      this.send({ ...response, success: true, ...(body === undefined ? {} : { body }) } as DebugProtocol.Response);
    } catch (error) {
      const sentence = sentenceOf(error, command);
      const message = error instanceof RequestError ? error.short : sentence;
      // What only comes of messages that crossed, such as a question about an earlier stop, is no matter of the user.
      const showUser = !(error instanceof RequestError) && !isShownInPlace(request);
      // Braces in a format are placeholders of DAP; the sentence goes in as a variable.
      const body = { error: { id: 1, format: '{sentence}', variables: { sentence }, showUser } };
      this.send({ ...response, success: false, message, body } as DebugProtocol.Response);
    }
  }

  private dispatch({ command, args }: Pending): unknown {
    const found = Object.hasOwn(HANDLERS, command) ? HANDLERS[command] : undefined;
    if (found === undefined) throw new Error(`This debugger does not know the request "${command}".`);
    if (found.need !== 'nothing' && !this.initialized)
      throw new Error(`The request ${command} came before initialize.`);
    if ((found.need === 'machine' || found.need === 'stopped') && this.current === undefined) {
      throw new Error(
        this.ended
          ? `The request ${command} came after the end of the session.`
          : `The request ${command} came before launch.`,
      );
    }
    if (found.need === 'stopped' && this.current?.running) {
      throw new RequestError('notStopped', `The machine runs; pause it before the request ${command}.`);
    }
    return found.handle(this, typeof args === 'object' && args !== null ? args : {});
  }

  // --- Outgoing -----------------------------------------------------------------------------------------------------

  private send(message: Omit<DebugProtocol.ProtocolMessage, 'seq'>): void {
    this.options.send({ seq: this.nextSeq++, ...message });
  }

  event(event: string, body?: unknown): void {
    this.send({ type: 'event', event, ...(body === undefined ? {} : { body }) } as Omit<DebugProtocol.Event, 'seq'>);
  }

  output(category: 'console' | 'stdout' | 'stderr' | 'important', output: string): void {
    this.event('output', { category, output });
  }

  /** Runs an action after the response to the present request. */
  afterResponse(action: () => void): void {
    this.later.push(action);
  }

  /** Tells the client that the user changed state, after the response. */
  changed(memory?: { readonly memoryReference: string; readonly offset: number; readonly count: number }): void {
    this.current?.forgetStacks();
    this.afterResponse(() => {
      if (memory !== undefined && this.client.supportsMemoryEvent) this.event('memory', memory);
      if (this.client.supportsInvalidatedEvent) this.event('invalidated', { areas: ['stacks', 'variables'] });
    });
  }

  /** What the client asks for a source by that it cannot open itself. */
  sourceReference(path: string): number {
    const known = this.sourcePaths.indexOf(path);
    return known < 0 ? this.sourcePaths.push(path) : known + 1;
  }

  /** The path that a reference was given for. */
  sourcePath(reference: number): string | undefined {
    return this.sourcePaths[reference - 1];
  }

  // --- The machine --------------------------------------------------------------------------------------------------

  get machine(): Machine {
    if (this.current === undefined) throw new Error('No machine is launched.');
    return this.current;
  }

  get launched(): boolean {
    return this.current !== undefined;
  }

  start(launch: Launch): Machine {
    const target = this.options.createTarget(launch.config);
    if (launch.timeTravel) {
      target.record();
      target.logExceptions({});
    }
    if (launch.console === 'output') {
      target.onConsole = bytes => {
        this.consoleText += this.consoleDecoder.decode(bytes, { stream: true });
      };
    }
    this.current = new Machine(target, launch, {
      slice: () => {
        this.flushConsole();
        this.showRun();
      },
      output: (category, text) => this.output(category, text),
      stopped: stop => this.stopped(stop),
      ended: end => this.guestEnded(end),
    });
    watchRelocation(this);
    return this.current;
  }

  /** Sets breakpoints again after a change of the symbols, and tells the client of those that are elsewhere now. */
  resolveBreakpoints(): void {
    for (const breakpoint of this.machine.breakpoints.resolve())
      this.event('breakpoint', { reason: 'changed', breakpoint });
    this.machine.runner.symbolsChanged();
  }

  /** Console output of the guest, as one event a slice. */
  flushConsole(): void {
    const text = this.consoleText;
    this.consoleText = '';
    if (text !== '') this.output('stdout', text);
  }

  stopped(stop: Stop): void {
    const { machine } = this;
    this.endRun();
    this.noticeFork();
    const pe = stop.reason === 'pause' ? machine.lastPe : stop.pe;
    machine.stop = { ...stop, pe };
    machine.lastPe = pe;
    machine.invalidate();
    findRelocation(this, machine.target.pes[pe]);
    nameKernel(machine, machine.target.pes[pe]);
    const { text, hitBreakpointIds } = stop;
    let { reason, description } = stop;
    // VS Code gives a frame without source the focus, and shows its disassembly, for this reason only.
    if (this.client.clientID === 'vscode' && machine.stackOf(machine.target.pes[pe]).frames[0]?.path === undefined) {
      description ??= reason === 'pause' ? 'Paused' : `Paused on ${reason}`;
      reason = 'instruction breakpoint';
    }
    this.event('stopped', {
      reason,
      threadId: pe + 1,
      allThreadsStopped: true,
      ...(description === undefined ? {} : { description }),
      ...(text === undefined ? {} : { text }),
      ...(hitBreakpointIds === undefined ? {} : { hitBreakpointIds }),
    });
    this.indexing.resume();
  }

  /** Tells the user when what came later is not to be reached any more. */
  private noticeFork(): void {
    const sentence = this.current?.noticeFork();
    if (sentence !== undefined) this.output('console', `${sentence}\n`);
  }

  private guestEnded(end: End): void {
    this.endRun();
    this.output('console', `${end.message}\n`);
    this.event('exited', { exitCode: end.exitCode });
    this.close();
  }

  private get progressDelay(): number {
    return this.options.progressDelay ?? PROGRESS_DELAY;
  }

  /** When the present run with an end was seen first. */
  private runBegan: number | undefined;
  private runShown: { readonly progressId: string; last: number } | undefined;

  /** A bar for a run to a place, or a step, that takes longer than a moment. */
  private showRun(): void {
    const title = this.current?.runner.title;
    const now = performance.now();
    if (title === undefined) {
      this.endRun();
      return;
    }
    this.runBegan ??= now;
    const message = `at instruction ${this.machine.target.instructions.toLocaleString('en')}`;
    if (this.runShown === undefined) {
      if (!this.client.supportsProgressReporting || now - this.runBegan <= this.progressDelay) return;
      const progressId = `hyperstep-${this.nextProgress++}`;
      this.runShown = { progressId, last: now };
      this.progress = progressId;
      this.event('progressStart', { progressId, title, cancellable: true, message });
    } else if (now - this.runShown.last > PROGRESS_STEP) {
      this.runShown.last = now;
      this.event('progressUpdate', { progressId: this.runShown.progressId, message });
    }
  }

  private endRun(): void {
    this.runBegan = undefined;
    if (this.runShown === undefined) return;
    this.event('progressEnd', { progressId: this.runShown.progressId });
    this.runShown = undefined;
    this.progress = undefined;
  }

  /**
   * A task with a progress bar that can be cancelled, if the client shows one and the task takes longer than a moment.
   * What the task yields is a place in the run.
   */
  *withProgress<T>(title: string, task: Generator<unknown, T>): Generator<unknown, T> {
    const began = performance.now();
    let shown: string | undefined;
    let last = began;
    try {
      for (;;) {
        const step = task.next();
        if (step.done) return step.value;
        const now = performance.now();
        if (this.client.supportsProgressReporting && now - last > (shown ? PROGRESS_STEP : this.progressDelay)) {
          last = now;
          const { instructions } = (step.value ?? {}) as { instructions?: number };
          const message =
            instructions === undefined ? undefined : `at instruction ${instructions.toLocaleString('en')}`;
          if (shown === undefined) {
            shown = `hyperstep-${this.nextProgress++}`;
            this.progress = shown;
            this.event('progressStart', { progressId: shown, title, cancellable: true, message });
          } else this.event('progressUpdate', { progressId: shown, message });
        }
        yield step.value;
      }
    } finally {
      if (shown !== undefined) this.event('progressEnd', { progressId: shown });
      this.progress = undefined;
      task.return(undefined as T);
    }
  }

  /**
   * Works a task off for a request that waits for its result, with turns for the event loop in between. Pause and cancel
   * give it up.
   */
  async drain<T>(title: string, task: Generator<unknown, T>): Promise<T> {
    const steps = this.withProgress(title, task);
    this.interrupted = false;
    for (;;) {
      for (const start = performance.now(); performance.now() - start < DRAIN_SLICE; ) {
        const step = steps.next();
        if (step.done) return step.value;
      }
      await new Promise(resolve => setTimeout(resolve, 0));
      if (!this.interrupted) continue;
      steps.return(undefined as T);
      throw new RequestError('cancelled', `${title} was cancelled.`);
    }
  }

  /** A client wants the work for the present request to end. */
  private interrupted = false;
  private present: Pending | undefined;

  private nextProgress = 1;
  /** Id of the progress bar that is shown. */
  private progress: string | undefined;

  /** Ends the session; safe to call twice. */
  close(): void {
    const had = this.current !== undefined;
    this.current?.runner.cancel();
    this.indexing.end();
    this.flushConsole();
    this.current = undefined;
    if (had) {
      this.ended = true;
      this.event('terminated');
    }
  }
}

function sentenceOf(error: unknown, command: string): string {
  if (error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError) {
    return `The arguments of the request ${command} are malformed: a part of them is missing or of the wrong type.`;
  }
  const message = error instanceof Error ? error.message : String(error);
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

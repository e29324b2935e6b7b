/** A DAP client for tests: speaks to an adapter over any transport and writes down what both sides say. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { DebugProtocol } from '@vscode/debugprotocol';

// biome-ignore lint/suspicious/noExplicitAny: bodies of responses are looked at by tests as they are.
export type Body = any;

/** What carries messages between a client and an adapter. */
export interface Transport {
  send(message: unknown): void;
  onMessage: (message: DebugProtocol.ProtocolMessage) => void;
  dispose(): void;
}

/** An event that does not come fails the test that waits for it, by name, instead of hanging it. */
const PATIENCE_MILLISECONDS = 60_000;

export class DapClient {
  readonly transcript: string[] = [];
  readonly events: DebugProtocol.Event[] = [];
  /** Milliseconds that an event may take. */
  patience = PATIENCE_MILLISECONDS;
  /** The thread that stopped last. */
  focused = 1;
  private seq = 1;
  private readonly waiting = new Map<number, (response: DebugProtocol.Response) => void>();
  private readonly listeners: { name: string; resolve: (event: DebugProtocol.Event) => void }[] = [];

  constructor(readonly adapter: Transport) {
    adapter.onMessage = message => this.receive(message);
  }

  private receive(message: DebugProtocol.ProtocolMessage): void {
    if (message.type === 'event') {
      const event = message as DebugProtocol.Event;
      this.note('<- event', event.event, event.body);
      if (event.event === 'stopped') this.focused = event.body?.threadId ?? 1;
      const index = this.listeners.findIndex(one => one.name === event.event);
      if (index < 0) this.events.push(event);
      else this.listeners.splice(index, 1)[0].resolve(event);
    } else {
      const response = message as DebugProtocol.Response;
      this.note(
        response.success ? '<-' : '<- FAILED',
        response.command,
        response.success ? response.body : response.message,
      );
      this.waiting.get(response.request_seq)?.(response);
      this.waiting.delete(response.request_seq);
    }
  }

  private note(direction: string, name: string, body: unknown): void {
    this.transcript.push(`${direction} ${name}${body === undefined ? '' : ` ${JSON.stringify(body)}`}`);
  }

  /** Sends a request and waits for its response, whether it succeeded or not. */
  ask(command: string, args?: unknown): Promise<DebugProtocol.Response> {
    const seq = this.seq++;
    this.note('->', command, args);
    return this.patiently(`the response to ${command}`, resolve => {
      this.waiting.set(seq, resolve);
      this.adapter.send({ seq, type: 'request', command, ...(args === undefined ? {} : { arguments: args }) });
    });
  }

  /** Sends a request that has to succeed; returns its body. */
  async request(command: string, args?: unknown): Promise<Body> {
    const response = await this.ask(command, args);
    assert.ok(response.success, `${command}: ${response.message}`);
    return response.body;
  }

  /** Sends a request that has to fail; returns the sentence. */
  async refused(command: string, args?: unknown): Promise<string> {
    const response = await this.ask(command, args);
    assert.equal(response.success, false, `${command} succeeded`);
    return (response.body as DebugProtocol.ErrorResponse['body']).error?.variables?.sentence ?? '';
  }

  /** The next event of a name, from those that came already or will. */
  event(name: string): Promise<DebugProtocol.Event> {
    const index = this.events.findIndex(event => event.event === name);
    if (index >= 0) return Promise.resolve(this.events.splice(index, 1)[0]);
    return this.patiently(`the event ${name}`, resolve => this.listeners.push({ name, resolve }));
  }

  private patiently<T>(what: string, start: (resolve: (value: T) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${what} did not come. Last lines:\n${this.transcript.slice(-10).join('\n')}`)),
        this.patience,
      );
      start(value => {
        clearTimeout(timer);
        resolve(value);
      });
    });
  }

  /** Resumes by a request and returns the body of the stop. */
  async until(command: string, args: object = {}): Promise<Body> {
    await this.request(command, { threadId: 1, ...args });
    return (await this.event('stopped')).body;
  }

  /** Names and lines of the stack. */
  async stack(): Promise<string[]> {
    const { stackFrames } = await this.request('stackTrace', { threadId: 1 });
    return (stackFrames as DebugProtocol.StackFrame[]).map(
      frame => `${frame.name}${frame.line ? `:${frame.line}` : ''}`,
    );
  }

  async evaluate(expression: string, more: object = {}): Promise<string> {
    return (await this.request('evaluate', { expression, ...more })).result;
  }

  dispose(): void {
    this.adapter.dispose();
  }

  /** Compares the transcript with the golden file; `UPDATE_GOLDEN=1` writes it anew. `names` replaces paths by words. */
  compareTranscript(url: URL, names: Readonly<Record<string, string>>): void {
    let text = `${this.transcript.join('\n')}\n`;
    for (const [path, word] of Object.entries(names)) text = text.replaceAll(path, word);
    if (process.env['UPDATE_GOLDEN'] === '1' || !existsSync(url)) {
      assert.equal(process.env['UPDATE_GOLDEN'], '1', `${url.pathname} is missing; write it with UPDATE_GOLDEN=1.`);
      writeFileSync(url, text);
    }
    assert.equal(text, readFileSync(url, 'utf8'));
  }
}

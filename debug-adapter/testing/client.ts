/** A DAP client for tests: drives an adapter in-process and writes down what both sides say. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { createInProcessAdapter, type InProcessAdapter } from '../in-process.ts';
import { nodeFiles } from '../node-files.ts';
import { compile, programPath } from './compile.ts';
import { FakeTarget } from './fake-target.ts';

// biome-ignore lint/suspicious/noExplicitAny: bodies of responses are looked at by tests as they are.
export type Body = any;

export class Client {
  readonly adapter: InProcessAdapter;
  readonly transcript: string[] = [];
  readonly events: DebugProtocol.Event[] = [];
  target: FakeTarget | undefined;
  private readonly program: ReturnType<typeof compile>;
  private seq = 1;
  private readonly waiting = new Map<number, (response: DebugProtocol.Response) => void>();
  private readonly listeners: { name: string; resolve: (event: DebugProtocol.Event) => void }[] = [];

  /** Compiles a program of `testing/programs` for the session. */
  constructor(program = 'hypervisor.S', flags: readonly string[] = ['-g']) {
    this.program = compile(program, flags);
    this.adapter = createInProcessAdapter({
      files: nodeFiles,
      createTarget: config => {
        this.target = new FakeTarget(config);
        return this.target;
      },
    });
    this.adapter.onMessage = message => this.receive(message);
  }

  get programPath(): string {
    return this.program.path;
  }

  private receive(message: DebugProtocol.ProtocolMessage): void {
    if (message.type === 'event') {
      const event = message as DebugProtocol.Event;
      this.note('<- event', event.event, event.body);
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
    return new Promise(resolve => {
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
    return new Promise(resolve => this.listeners.push({ name, resolve }));
  }

  /** Launches the test program and stops at its first instruction. */
  async start(more: object = {}): Promise<void> {
    await this.request('initialize', {
      adapterID: 'hyperstep',
      supportsInvalidatedEvent: true,
      supportsMemoryEvent: true,
    });
    await this.request('launch', { program: this.programPath, stopOnEntry: true, ...more });
    await this.event('initialized');
  }

  async configured(): Promise<void> {
    await this.request('configurationDone');
    await this.event('stopped');
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
    this.program.remove();
  }

  /** Compares the transcript with the golden file; `UPDATE_GOLDEN=1` writes it anew. */
  golden(url: URL): void {
    const folder = programPath('x').slice(0, -2);
    const text = `${this.transcript
      .join('\n')
      .replaceAll(this.programPath, 'PROGRAM')
      .replaceAll(folder, 'PROGRAMS')}\n`;
    if (process.env['UPDATE_GOLDEN'] === '1' || !existsSync(url)) {
      assert.equal(process.env['UPDATE_GOLDEN'], '1', `${url.pathname} is missing; write it with UPDATE_GOLDEN=1.`);
      writeFileSync(url, text);
    }
    assert.equal(text, readFileSync(url, 'utf8'));
  }
}

/** Sessions on the real machine, in this process or over stdio, and the marked places of the sample's sources. */

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { encodeMessage, MessageDecoder } from '../../debug-adapter/framing.ts';
import { createInProcessAdapter } from '../../debug-adapter/in-process.ts';
import { nodeFiles } from '../../debug-adapter/node-files.ts';
import { type Body, DapClient, type Transport } from '../../debug-adapter/testing/dap-client.ts';
import { createTarget } from '../../simulator/machine.ts';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SAMPLE = `${ROOT}simulator/hypervisors/first-light/`;
export const PROGRAM = `${SAMPLE}first-light.elf`;

/** Path of a source file of the sample. */
export function source(file: string): string {
  return SAMPLE + file;
}

/** Line of the marker `BP: name` in a source file of the sample, from 1. */
export function marker(file: string, name: string): number {
  const lines = readFileSync(source(file), 'utf8').split('\n');
  const index = lines.findIndex(line => new RegExp(`/\\* BP: ${name} \\*/`).test(line));
  if (index < 0) throw new Error(`${file} has no marker "BP: ${name}".`);
  return index + 1;
}

/** The line with a text in it, from 1. */
export function lineOf(file: string, text: string): number {
  const index = readFileSync(source(file), 'utf8')
    .split('\n')
    .findIndex(line => line.includes(text));
  if (index < 0) throw new Error(`${file} has no line with "${text}".`);
  return index + 1;
}

export interface Variable {
  readonly name: string;
  readonly value: string;
  readonly type?: string;
  readonly variablesReference: number;
}

export class RealClient extends DapClient {
  /** Initializes, launches the sample and leaves the session before configurationDone. */
  async launch(more: object = {}): Promise<void> {
    await this.request('initialize', {
      adapterID: 'hyperstep',
      supportsInvalidatedEvent: true,
      supportsMemoryEvent: true,
      supportsProgressReporting: true,
    });
    await this.request('launch', { program: PROGRAM, stopOnEntry: true, memory: '64M', ...more });
    await this.event('initialized');
  }

  /** Launches and waits for the stop at the first instruction. */
  async start(more: object = {}): Promise<void> {
    await this.launch(more);
    await this.request('configurationDone');
    await this.event('stopped');
  }

  breakAt(file: string, ...names: readonly (string | object)[]): Promise<Body> {
    const breakpoints = names.map(name => (typeof name === 'string' ? { line: marker(file, name) } : name));
    return this.request('setBreakpoints', { source: { path: source(file) }, breakpoints });
  }

  /** Goes on to the marker, which is the only breakpoint of its file. */
  async reach(file: string, name: string): Promise<Body> {
    await this.breakAt(file, name);
    const stop = await this.until('continue');
    await this.breakAt(file);
    return stop;
  }

  filter(...filters: readonly (string | object)[]): Promise<Body> {
    return this.request('setExceptionBreakpoints', {
      filters: filters.filter(one => typeof one === 'string'),
      filterOptions: filters.filter(one => typeof one !== 'string'),
    });
  }

  async frames(threadId = 1): Promise<DebugProtocol.StackFrame[]> {
    return (await this.request('stackTrace', { threadId })).stackFrames;
  }

  async top(): Promise<string> {
    return (await this.stack())[0];
  }

  /** The variables below a path of names, such as `Registers`, `System registers of EL2`, `HCR_EL2`. */
  async tree(scope: string, ...path: readonly string[]): Promise<Variable[]> {
    const [frame] = await this.frames();
    return this.treeOf(frame.id, scope, ...path);
  }

  async treeOf(frameId: number, scope: string, ...path: readonly string[]): Promise<Variable[]> {
    return (await this.request('variables', { variablesReference: await this.referenceOf(frameId, scope, ...path) }))
      .variables;
  }

  async referenceOf(frameId: number, scope: string, ...path: readonly string[]): Promise<number> {
    const { scopes } = await this.request('scopes', { frameId });
    let reference = find<{ name: string; variablesReference: number }>(scopes, scope).variablesReference;
    for (const name of path) {
      const { variables } = await this.request('variables', { variablesReference: reference });
      reference = find<Variable>(variables, name).variablesReference;
    }
    return reference;
  }

  /** Console output so far, taken away. */
  console(category = 'stdout'): string {
    const mine = this.events.filter(event => event.event === 'output' && event.body.category === category);
    for (const event of mine) this.events.splice(this.events.indexOf(event), 1);
    return mine.map(event => event.body.output).join('');
  }

  /** Compares the transcript with a golden file of `test/dap/golden`. */
  golden(name: string): void {
    this.compareTranscript(new URL(`./golden/${name}.txt`, import.meta.url), { [ROOT]: 'ROOT/' });
  }
}

export function find<T extends { readonly name: string }>(list: readonly T[], name: string): T {
  const found = list.find(one => one.name === name);
  if (found === undefined) throw new Error(`There is no ${name} among ${list.map(one => one.name).join(', ')}.`);
  return found;
}

export function inProcess(): RealClient {
  return new RealClient(createInProcessAdapter({ files: nodeFiles, createTarget }));
}

/** `hyperstep dap` as a process of its own. */
export class StdioTransport implements Transport {
  onMessage: (message: DebugProtocol.ProtocolMessage) => void = () => undefined;
  readonly process: ChildProcess;
  /** Exit code, when the process has ended. */
  readonly exited: Promise<number | null>;

  constructor() {
    const bin = fileURLToPath(new URL('../../debug-adapter/bin.ts', import.meta.url));
    this.process = spawn(process.execPath, ['--import', 'tsx', bin, 'dap'], {
      cwd: ROOT,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.exited = new Promise(resolve => this.process.once('exit', resolve));
    const decoder = new MessageDecoder(
      message => this.onMessage(message as DebugProtocol.ProtocolMessage),
      sentence => {
        throw new Error(sentence);
      },
    );
    this.process.stdout?.on('data', (chunk: Uint8Array) => decoder.push(chunk));
  }

  send(message: unknown): void {
    this.process.stdin?.write(encodeMessage(message as object));
  }

  /** Bytes that need not be a message. */
  sendRaw(text: string): void {
    this.process.stdin?.write(text);
  }

  dispose(): void {
    this.process.kill();
  }
}

// Read-only documents that the menus open: memory as a dump, disassembly of a line, documentation of a register. They
// follow the machine: at each stop those that are open are made anew, and while it runs they say so.

import type { DebugProtocol } from '@vscode/debugprotocol';
import * as vscode from 'vscode';
import type { SessionTracker } from '../session-tracker.ts';

const { t } = vscode.l10n;

export const SCHEME = 'hyperstep';

/** Bytes of memory that a dump shows. */
const DUMP_BYTES = 1024;

type Kind = 'memory' | 'disassembly' | 'documentation';
const EXTENSIONS: Readonly<Record<Kind, string>> = { memory: 'memory', disassembly: 'a64', documentation: 'md' };

/** A document about something: an address, or the name of a register. */
export function documentUri(kind: Kind, subject: string): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, path: `/${subject}.${EXTENSIONS[kind]}`, query: `${kind}=${subject}` });
}

/** Lines of 16 bytes: address, bytes, text. Bytes that cannot be read are `--`. */
export function hexDump(address: bigint, data: Uint8Array, unreadable: number): string {
  const lines: string[] = [];
  const total = data.length + unreadable;
  for (let at = 0; at < total; at += 16) {
    const cells: string[] = [];
    let text = '';
    for (let n = at; n < Math.min(at + 16, total); n++) {
      const byte = data[n];
      cells.push(byte === undefined ? '--' : byte.toString(16).padStart(2, '0'));
      text += byte !== undefined && byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
    }
    const left = cells.slice(0, 8).join(' ').padEnd(23);
    const right = cells.slice(8).join(' ').padEnd(23);
    lines.push(`${(address + BigInt(at)).toString(16).padStart(16, '0')}  ${left}  ${right}  ${text}`);
  }
  return `${lines.join('\n')}\n`;
}

export class MachineDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #tracker: SessionTracker;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #disposables: vscode.Disposable[];

  readonly onDidChange = this.#changed.event;

  constructor(tracker: SessionTracker) {
    this.#tracker = tracker;
    this.#disposables = [
      this.#changed,
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      tracker.onDidChange(() => {
        for (const { uri } of vscode.workspace.textDocuments) if (uri.scheme === SCHEME) this.#changed.fire(uri);
      }),
    ];
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const { state } = this.#tracker;
    const [kind, ...rest] = uri.query.split('=');
    const subject = rest.join('=');
    if (state.kind === 'none') return `${t('No machine is running.')}\n`;
    if (state.kind === 'running') return `${t('The machine is running. Pause it to see its state.')}\n`;
    const { session, threadId } = state;
    try {
      if (kind === 'memory') return await this.#memory(session, subject);
      if (kind === 'disassembly') return await this.#disassembly(session, subject);
      return (await session.customRequest('hyperstep/documentation', { threadId, name: subject })).markdown;
    } catch (error) {
      return `${error instanceof Error ? error.message : String(error)}\n`;
    }
  }

  async #memory(session: vscode.DebugSession, memoryReference: string): Promise<string> {
    const body: DebugProtocol.ReadMemoryResponse['body'] = await session.customRequest('readMemory', {
      memoryReference,
      count: DUMP_BYTES,
    });
    const binary = atob(body?.data ?? '');
    const data = Uint8Array.from(binary, character => character.charCodeAt(0));
    const address = BigInt(body?.address ?? 0);
    return `${t('Memory at {0}', memoryReference)}\n\n${hexDump(address, data, body?.unreadableBytes ?? 0)}`;
  }

  async #disassembly(session: vscode.DebugSession, memoryReference: string): Promise<string> {
    const body: DebugProtocol.DisassembleResponse['body'] = await session.customRequest('disassemble', {
      memoryReference,
      instructionCount: 64,
      resolveSymbols: true,
    });
    const lines: string[] = [];
    let line: number | undefined;
    for (const one of body?.instructions ?? []) {
      // Each instruction has its symbol; the first one of a function has it without an offset.
      if (one.symbol && (lines.length === 0 || !one.symbol.includes('+'))) lines.push('', `${one.symbol}:`);
      if (one.line !== undefined && one.line !== line) lines.push(`    // ${t('line {0}', one.line)}`);
      line = one.line ?? line;
      lines.push(`    ${one.instruction.padEnd(40)} // ${one.address} ${one.instructionBytes ?? ''}`.trimEnd());
    }
    return `${lines.join('\n').trimStart()}\n`;
  }

  dispose(): void {
    for (const disposable of this.#disposables) disposable.dispose();
  }
}

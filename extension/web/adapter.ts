// The debug adapter in a worker: passes messages on, and reads files for it, which only the extension host can.

import * as vscode from 'vscode';
import type { FromHost, FromWorker } from '../../debug-adapter/worker-messages.ts';

const { t } = vscode.l10n;

/** A file by what the debug adapter calls it: a URI, or a path in the workspace. */
function uriOf(path: string): vscode.Uri {
  if (/^[a-z][a-z\d+.-]+:/i.test(path)) return vscode.Uri.parse(path, true);
  const [first] = vscode.workspace.workspaceFolders ?? [];
  return first ? first.uri.with({ path }) : vscode.Uri.file(path);
}

export class WorkerAdapter implements vscode.DebugAdapter {
  readonly #worker: Worker;
  readonly #messages = new vscode.EventEmitter<vscode.DebugProtocolMessage>();
  readonly onDidSendMessage = this.#messages.event;

  /** `script` is the bundle of debug-adapter/worker.ts. */
  constructor(script: vscode.Uri) {
    this.#worker = new Worker(script.toString(true));
    this.#worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === 'protocol') this.#messages.fire(data.message as vscode.DebugProtocolMessage);
      else void this.#read(data.id, data.path);
    });
    this.#worker.addEventListener('error', ({ message }) => {
      const output = `${t('The debug adapter ended: {0}', message)}\n`;
      this.#messages.fire({ seq: 0, type: 'event', event: 'output', body: { category: 'stderr', output } });
      this.#messages.fire({ seq: 0, type: 'event', event: 'terminated' });
    });
  }

  handleMessage(message: vscode.DebugProtocolMessage): void {
    this.#post({ kind: 'protocol', message });
  }

  async #read(id: number, path: string): Promise<void> {
    try {
      const data = await vscode.workspace.fs.readFile(uriOf(path));
      this.#post({ kind: 'file', id, data });
    } catch (error) {
      const reason = error instanceof vscode.FileSystemError ? t('it does not exist') : (error as Error).message;
      this.#post({ kind: 'no-file', id, error: t('{0} cannot be read: {1}.', path, reason) });
    }
  }

  #post(message: FromHost): void {
    this.#worker.postMessage(message);
  }

  dispose(): void {
    this.#worker.terminate();
    this.#messages.dispose();
  }
}

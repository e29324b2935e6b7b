// The client side of the language server: starts it when the first file asks for it, and answers what it asks.

import * as vscode from 'vscode';
import type { BaseLanguageClient, LanguageClientOptions } from 'vscode-languageclient';
import type {
  FindFilesParams,
  LiveValuesParams,
  ReadFileParams,
  Settings,
  WouldParams,
} from '../language-server/messages.ts';
import { FIND_FILES, LIVE_VALUES, MACHINE_CHANGED, READ_FILE, WOULD } from '../language-server/messages.ts';
import type { SessionTracker } from '../session-tracker.ts';
import { Expressions } from './expressions.ts';
import { liveValues, would } from './machine.ts';

/** Makes a client that is not started yet: for Node or for a browser. */
export type MakeClient = (options: LanguageClientOptions) => Promise<BaseLanguageClient>;

const LANGUAGES = ['a64', 'c', 'cpp'];
/** What a C file has to contain before it is worth a server. */
const IN_C = /\basm\b|__asm|sysreg/i;
const LARGEST = 4_000_000;

/** Starts the server lazily. Disposing of the result stops it. */
export class Language implements vscode.Disposable {
  readonly #disposables: vscode.Disposable[] = [];
  #client: Promise<BaseLanguageClient> | undefined;

  constructor(
    private readonly tracker: SessionTracker,
    private readonly makeClient: MakeClient,
  ) {
    const look = (document: vscode.TextDocument): void => {
      if (this.#client || !LANGUAGES.includes(document.languageId)) return;
      if (document.languageId === 'a64' || IN_C.test(document.getText())) void this.start();
    };
    this.#disposables.push(
      vscode.workspace.onDidOpenTextDocument(look),
      vscode.languages.registerEvaluatableExpressionProvider('a64', new Expressions()),
    );
    vscode.workspace.textDocuments.forEach(look);
  }

  /** Whether the server was asked for. */
  get started(): boolean {
    return this.#client !== undefined;
  }

  start(): Promise<BaseLanguageClient> {
    this.#client ??= this.#start();
    return this.#client;
  }

  async #start(): Promise<BaseLanguageClient> {
    const watcher = vscode.workspace.createFileSystemWatcher('**/*.{S,s,a64,h,inc}');
    const client = await this.makeClient({
      documentSelector: LANGUAGES.map(language => ({ language })),
      initializationOptions: settings(),
      synchronize: { fileEvents: watcher },
    });
    client.onRequest(READ_FILE, ({ uri }: ReadFileParams) => readFile(uri));
    client.onRequest(FIND_FILES, async ({ glob }: FindFilesParams) =>
      (await vscode.workspace.findFiles(glob, undefined, 20_000)).map(uri => uri.toString()),
    );
    client.onRequest(LIVE_VALUES, ({ registers }: LiveValuesParams) => liveValues(this.tracker.state, registers));
    client.onRequest(WOULD, ({ uri, questions }: WouldParams) => would(this.tracker.state, uri, questions));
    this.#disposables.push(
      watcher,
      this.tracker.onDidChange(() => void client.sendNotification(MACHINE_CHANGED).catch(() => undefined)),
      vscode.workspace.onDidChangeConfiguration(event => {
        if (!event.affectsConfiguration('hyperstep.language')) return;
        void client.sendNotification('workspace/didChangeConfiguration', { settings: settings() });
      }),
    );
    await client.start();
    return client;
  }

  dispose(): void {
    for (const disposable of this.#disposables) disposable.dispose();
    void this.#client?.then(client => client.stop()).catch(() => undefined);
  }
}

function settings(): Settings {
  const configuration = vscode.workspace.getConfiguration('hyperstep.language');
  const folders = vscode.workspace.workspaceFolders ?? [];
  const includeFolders = configuration.get<string[]>('includePaths', []).flatMap(path => {
    const relative = path.replace(/^\$\{workspaceFolder\}\/?/, '').replace(/\/+$/, '');
    if (relative.startsWith('/') || /^[A-Za-z]:/.test(relative)) return [vscode.Uri.file(relative).toString()];
    return folders.map(({ uri }) => vscode.Uri.joinPath(uri, relative).toString());
  });
  return {
    cpu: configuration.get('cpu', ''),
    diagnostics: configuration.get('diagnostics', true),
    inlayHints: configuration.get('inlayHints', true),
    includeFolders,
    ...(vscode.l10n.bundle === undefined ? {} : { texts: vscode.l10n.bundle }),
  };
}

/** Contents of a file, or null: for one that is missing, a folder, or too large to be source. */
async function readFile(uri: string): Promise<string | null> {
  try {
    const place = vscode.Uri.parse(uri, true);
    const { size, type } = await vscode.workspace.fs.stat(place);
    if (type & vscode.FileType.Directory || size > LARGEST) return null;
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(place));
  } catch {
    return null;
  }
}

// A view that is a page: its frame, and the line between it and the adapter. What a page shows it asks for itself, by
// the requests of ASKED; the extension tells it each change of the machine's state and does what a page cannot.

import * as vscode from 'vscode';
import type { MachineState, SessionTracker } from '../session-tracker.ts';
import { ASKED, type ToExtension, type ToView, type ViewState } from '../webviews/messages.ts';
import { escapeHtml } from '../webviews/pages.ts';

const { t } = vscode.l10n;

/** Characters that a browser takes for a nonce; it only has to differ from page to page. */
function nonce(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('');
}

function viewState(state: MachineState): ViewState {
  if (state.kind !== 'stopped') return { kind: state.kind };
  return { kind: 'stopped', session: state.session.id, threadId: state.threadId, stop: state.stop };
}

export abstract class WebviewPanel implements vscode.WebviewViewProvider, vscode.Disposable {
  readonly viewId: string;
  protected readonly tracker: SessionTracker;
  readonly #root: vscode.Uri;
  readonly #page: string;
  readonly #disposables: vscode.Disposable[];
  #view: vscode.WebviewView | undefined;
  /** Answers that the page got, for those who wait for it to be up to date. */
  #answered = 0;

  /** `page` is the name of its script among the built ones. */
  constructor(viewId: string, page: string, tracker: SessionTracker, extension: vscode.Uri) {
    this.tracker = tracker;
    this.viewId = viewId;
    this.#page = page;
    this.#root = vscode.Uri.joinPath(extension, 'dist', 'webviews');
    this.#disposables = [
      vscode.window.registerWebviewViewProvider(viewId, this, { webviewOptions: { retainContextWhenHidden: true } }),
      tracker.onDidChange(() => this.tellState()),
    ];
  }

  /** How many questions of the page were answered. */
  get answered(): number {
    return this.#answered;
  }

  /** What is between the tags of the body. */
  protected abstract body(): string;

  /** Does what the page cannot. */
  protected abstract act(action: string, args: unknown): Promise<void>;

  resolveWebviewView(view: vscode.WebviewView): void {
    this.#view = view;
    const { webview } = view;
    webview.options = { enableScripts: true, localResourceRoots: [this.#root] };
    webview.onDidReceiveMessage((message: ToExtension) => this.#receive(message));
    view.onDidDispose(() => {
      this.#view = undefined;
    });
    const file = (name: string) => webview.asWebviewUri(vscode.Uri.joinPath(this.#root, name)).toString();
    const key = nonce();
    const policy = `default-src 'none'; style-src ${webview.cspSource} 'unsafe-inline'; script-src 'nonce-${key}'`;
    const texts = escapeHtml(JSON.stringify(vscode.l10n.bundle ?? {}));
    webview.html = `<!DOCTYPE html>
<html lang="${escapeHtml(vscode.env.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="stylesheet" href="${file('style.css')}">
</head>
<body><main data-texts="${texts}">${this.body()}</main>
<script nonce="${key}" src="${file(`${this.#page}.js`)}"></script>
</body>
</html>`;
  }

  /** Tells the page something. */
  tell(what: string, value?: unknown): void {
    this.post({ kind: 'tell', what, value });
  }

  /** Tells the page what the machine does: it asks for what it shows then. */
  tellState(): void {
    this.post({ kind: 'state', state: viewState(this.tracker.state) });
  }

  protected post(message: ToView): void {
    this.#view?.webview.postMessage(message);
  }

  /** The session in focus; throws a sentence without one. */
  protected session(): vscode.DebugSession {
    const { state } = this.tracker;
    if (state.kind === 'none') throw new Error(t('No machine is running.'));
    return state.session;
  }

  async #receive(message: ToExtension): Promise<void> {
    if (message.kind === 'ready') {
      this.tellState();
    } else if (message.kind === 'ask') {
      const { id } = message;
      try {
        if (!ASKED.includes(message.request)) throw new Error(t('A page may not ask for {0}.', message.request));
        const body = await this.session().customRequest(message.request, message.args);
        this.post({ kind: 'answer', id, body });
      } catch (error) {
        this.post({ kind: 'answer', id, error: error instanceof Error ? error.message : String(error) });
      }
      this.#answered++;
    } else {
      await this.act(message.action, message.args).catch(error =>
        vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error)),
      );
    }
  }

  dispose(): void {
    for (const disposable of this.#disposables) disposable.dispose();
  }
}

/** Asks where to save a text, and saves it there. */
export async function saveText(name: string, filters: Record<string, string[]>, text: string): Promise<void> {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const defaultUri = folder && vscode.Uri.joinPath(folder.uri, name);
  const uri = await vscode.window.showSaveDialog({ filters, ...(defaultUri ? { defaultUri } : {}) });
  if (uri) await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
}

// The language server as a web worker, in the extension host of a browser.

import * as vscode from 'vscode';
import type { MakeClient } from './index.ts';

/** `extensionUri` is the folder that the extension is installed in. */
export const browserClient =
  (extensionUri: vscode.Uri): MakeClient =>
  async options => {
    const { LanguageClient } = await import('vscode-languageclient/browser');
    const script = vscode.Uri.joinPath(extensionUri, 'dist/web/language-server.js').toString(true);
    return new LanguageClient('hyperstep.language', 'Hyperstep Language Server', new Worker(script), options);
  };

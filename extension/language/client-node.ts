// The language server as a process of its own, in a desktop or remote extension host.

import path from 'node:path';
import type { MakeClient } from './index.ts';

/** `extensionPath` is the folder that the extension is installed in. */
export const nodeClient =
  (extensionPath: string): MakeClient =>
  async options => {
    // Loaded when it is needed: activation stays light.
    const { LanguageClient, TransportKind } = await import('vscode-languageclient/node');
    const module = path.join(extensionPath, 'dist/language-server.cjs');
    const run = { module, transport: TransportKind.ipc };
    return new LanguageClient('hyperstep.language', 'Hyperstep Language Server', { run, debug: run }, options);
  };

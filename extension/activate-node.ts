// Entry of the extension in a desktop or remote extension host.

import { access, constants, open } from 'node:fs/promises';
import path from 'node:path';
import type * as vscode from 'vscode';
import { type HyperstepApi, register } from './activate.ts';
import { AdapterFactory } from './adapter-factory.ts';
import { nodeClient } from './language/client-node.ts';

async function readStart({ fsPath }: vscode.Uri, bytes: number): Promise<Uint8Array | undefined> {
  try {
    const handle = await open(fsPath);
    try {
      const { bytesRead, buffer } = await handle.read(new Uint8Array(bytes), 0, bytes, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}

async function findProgram(name: string): Promise<boolean> {
  const windows = process.platform === 'win32';
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter(Boolean);
  const file = windows ? `${name}.exe` : name;
  const found = await Promise.all(
    folders.map(folder =>
      access(path.join(folder, file), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

export function activate(context: vscode.ExtensionContext): HyperstepApi {
  return register(context, {
    debugAdapters: new AdapterFactory(path.join(context.extensionPath, 'dist/hyperstep.mjs')),
    languageClient: nodeClient(context.extensionPath),
    readStart,
    pathOf: ({ fsPath }) => fsPath,
    findProgram,
  });
}

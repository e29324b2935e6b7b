// Which files of the workspace are images for the machine.

import { open } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';

const elfMagic = 0x7f454c46;
const machineAArch64 = 183; // EM_AARCH64, ELF for the Arm 64-bit Architecture, section 5.1.
const relocatable = 1; // ET_REL: an object file, which is not an image.

/** True for an ELF file for A64 that can be loaded. False also where the file cannot be read. */
export async function isA64Elf(file: string): Promise<boolean> {
  const header = Buffer.alloc(20);
  try {
    const handle = await open(file);
    try {
      const { bytesRead } = await handle.read(header, 0, header.length, 0);
      if (bytesRead < header.length) return false;
    } finally {
      await handle.close();
    }
  } catch {
    return false;
  }
  const bigEndian = header[5] === 2;
  const half = (offset: number) => (bigEndian ? header.readUInt16BE(offset) : header.readUInt16LE(offset));
  return header.readUInt32BE(0) === elfMagic && half(16) !== relocatable && half(18) === machineAArch64;
}

const candidatePattern = '**/{*.elf,*.axf,*.ELF,vmlinux,u-boot}';
const excludePattern = '**/{node_modules,.git}/**';
const candidateLimit = 200;

/** ELF images in the workspace (or one folder of it), those nearest to `from` first. */
export async function findImages(folder?: vscode.WorkspaceFolder, from?: vscode.Uri): Promise<vscode.Uri[]> {
  const pattern = folder ? new vscode.RelativePattern(folder, candidatePattern) : candidatePattern;
  const found = await vscode.workspace.findFiles(pattern, excludePattern, candidateLimit);
  const checked = await Promise.all(found.map(async uri => ((await isA64Elf(uri.fsPath)) ? [uri] : [])));
  const start = path.dirname((from ?? folder?.uri)?.fsPath ?? '');
  const distance = (uri: vscode.Uri) => path.relative(start, uri.fsPath).split(path.sep).length;
  return checked.flat().sort((a, b) => distance(a) - distance(b) || a.fsPath.localeCompare(b.fsPath));
}

/** What is open in the active tab: a text editor, VS Code's page for a binary file, or a custom editor such as hex. */
export function activeFile(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  if (input instanceof vscode.TabInputText || input instanceof vscode.TabInputCustom) return input.uri;
  return vscode.window.activeTextEditor?.document.uri;
}

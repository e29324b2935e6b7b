// Which files of the workspace are images for the machine.

import * as vscode from 'vscode';
import type { Platform } from './platform.ts';

const elfMagic = 0x7f454c46;
const headerBytes = 20;
const machineAArch64 = 183; // EM_AARCH64, ELF for the Arm 64-bit Architecture, section 5.1.
const relocatable = 1; // ET_REL: an object file, which is not an image.

const candidatePattern = '**/{*.elf,*.axf,*.ELF,vmlinux,u-boot}';
const excludePattern = '**/{node_modules,.git}/**';
const candidateLimit = 200;

export class ImageFiles {
  readonly #platform: Pick<Platform, 'readStart'>;

  constructor(platform: Pick<Platform, 'readStart'>) {
    this.#platform = platform;
  }

  /** True for an ELF file for A64 that can be loaded. False also where the file cannot be read. */
  async isA64Elf(file: vscode.Uri): Promise<boolean> {
    const header = await this.#platform.readStart(file, headerBytes);
    if (header === undefined || header.length < headerBytes) return false;
    const view = new DataView(header.buffer, header.byteOffset);
    const littleEndian = header[5] !== 2;
    const half = (offset: number) => view.getUint16(offset, littleEndian);
    return view.getUint32(0) === elfMagic && half(16) !== relocatable && half(18) === machineAArch64;
  }

  /** ELF images in the workspace (or one folder of it), those nearest to `from` first. */
  async find(folder?: vscode.WorkspaceFolder, from?: vscode.Uri): Promise<vscode.Uri[]> {
    const pattern = folder ? new vscode.RelativePattern(folder, candidatePattern) : candidatePattern;
    const found = await vscode.workspace.findFiles(pattern, excludePattern, candidateLimit);
    const checked = await Promise.all(found.map(async uri => ((await this.isA64Elf(uri)) ? [uri] : [])));
    const start = ((from && vscode.Uri.joinPath(from, '..')) ?? folder?.uri)?.path ?? '';
    return checked
      .flat()
      .sort((a, b) => distance(start, a.path) - distance(start, b.path) || a.path.localeCompare(b.path));
  }
}

/** Steps from a folder to a file, up and down. */
function distance(folder: string, file: string): number {
  const [from, to] = [folder.split('/'), file.split('/')];
  let shared = 0;
  while (shared < from.length && from[shared] === to[shared]) shared++;
  return from.length - shared + to.length - shared;
}

/** What is open in the active tab: a text editor, VS Code's page for a binary file, or a custom editor such as hex. */
export function activeFile(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  if (input instanceof vscode.TabInputText || input instanceof vscode.TabInputCustom) return input.uri;
  return vscode.window.activeTextEditor?.document.uri;
}

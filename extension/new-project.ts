// "New Hypervisor Project": writes a small hypervisor that builds with the toolchain found and runs with F5.

import * as vscode from 'vscode';
import type { Platform } from './platform.ts';

/** The files of extension/templates/hypervisor: an extension in a browser cannot list its own folders. */
export const templateFiles = [
  '.vscode/launch.json',
  '.vscode/tasks.json',
  'Makefile',
  'guest.c',
  'hypervisor.h',
  'hypervisor.ld',
  'main.c',
  'start.S',
  'vectors.S',
];

/** What the Makefile takes, in its order: all programs of one row are needed. */
const toolchains: readonly (readonly string[])[] = [
  ['make', 'aarch64-linux-gnu-gcc'],
  ['make', 'aarch64-none-elf-gcc'],
  ['make', 'aarch64-elf-gcc'],
  ['make', 'clang', 'ld.lld'],
];

async function exists(file: vscode.Uri): Promise<boolean> {
  return vscode.workspace.fs.stat(file).then(
    () => true,
    () => false,
  );
}

/** Writes the project into a folder, which is made if need be. Throws a sentence rather than touch a file that is there. */
export async function writeProject(extension: vscode.Uri, folder: vscode.Uri): Promise<void> {
  for (const name of templateFiles) {
    if (await exists(vscode.Uri.joinPath(folder, name))) {
      throw new Error(vscode.l10n.t('{0} has a file {1} already: choose an empty folder.', folder.fsPath, name));
    }
  }
  for (const name of templateFiles) {
    const text = await vscode.workspace.fs.readFile(
      vscode.Uri.joinPath(extension, 'extension/templates/hypervisor', name),
    );
    await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(folder, name), text);
  }
}

async function hasToolchain({ findProgram }: Platform): Promise<boolean> {
  for (const programs of toolchains) {
    const found = await Promise.all(programs.map(findProgram));
    if (found.every(Boolean)) return true;
  }
  return false;
}

async function askForFolder(): Promise<vscode.Uri | undefined> {
  const picked = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    title: vscode.l10n.t('Folder of the New Hypervisor Project'),
    openLabel: vscode.l10n.t('Create Project Here'),
    defaultUri: vscode.workspace.workspaceFolders?.[0]?.uri,
  });
  return picked?.[0];
}

/** Says how it goes on, and opens the project: its folder, unless that is open already. */
async function openProject(folder: vscode.Uri, platform: Platform): Promise<void> {
  const inside = vscode.workspace.getWorkspaceFolder(folder) !== undefined;
  if (inside) await vscode.window.showTextDocument(vscode.Uri.joinPath(folder, 'main.c'));
  const next = (await hasToolchain(platform))
    ? vscode.l10n.t('The hypervisor is ready: F5 in its folder builds it and runs it to its first instruction.')
    : vscode.l10n.t(
        'The hypervisor is written. To build it, install make and a toolchain for A64: gcc-aarch64-linux-gnu (Debian, Ubuntu, Fedora), aarch64-linux-gnu-gcc (Arch), or clang with lld (macOS: brew install llvm lld).',
      );
  const open = vscode.l10n.t('Open Folder');
  const openWindow = vscode.l10n.t('Open in New Window');
  const choices = vscode.workspace.workspaceFolders?.some(({ uri }) => uri.toString() === folder.toString())
    ? []
    : [open, openWindow];
  const answer = await vscode.window.showInformationMessage(next, ...choices);
  if (answer !== undefined) {
    await vscode.commands.executeCommand('vscode.openFolder', folder, { forceNewWindow: answer === openWindow });
  }
}

/** The command; `folder` is asked for when left out. */
export async function newProject(extension: vscode.Uri, platform: Platform, folder?: vscode.Uri): Promise<void> {
  const chosen = folder ?? (await askForFolder());
  if (!chosen) return;
  try {
    await writeProject(extension, chosen);
  } catch (error) {
    void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
    return;
  }
  void openProject(chosen, platform);
}

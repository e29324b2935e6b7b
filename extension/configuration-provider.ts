// Launch configurations: F5 without a launch.json, the ones offered in the Run view, and the check before a launch.

import path from 'node:path';
import * as vscode from 'vscode';
import { activeFile, findImages, isA64Elf } from './image-files.ts';
import { findMistake, type LaunchSchema } from './launch-configuration.ts';
import { builtInSystems, type SystemConfiguration, systemConfigurations } from './system-configurations.ts';

export const debugType = 'hyperstep';

/** The configuration for one image, as F5 and the Run view make it. */
export function configurationFor(program: string, name = `Debug ${path.basename(program)}`): vscode.DebugConfiguration {
  return { type: debugType, request: 'launch', name, program, stopOnEntry: true };
}

/** Asks which image to debug; undefined when the user gives up. */
export async function pickImage(folder?: vscode.WorkspaceFolder, from?: vscode.Uri): Promise<string | undefined> {
  const images = await findImages(folder, from);
  if (images.length === 1) return images[0].fsPath;
  const browse = {
    label: '$(folder-opened) Browse…',
    description: 'An ELF file, a Linux Image or a flat binary',
    uri: undefined,
  };
  const items = images.map(uri => ({
    label: path.basename(uri.fsPath),
    description: vscode.workspace.asRelativePath(path.dirname(uri.fsPath)),
    uri,
  }));
  const picked = await vscode.window.showQuickPick([...items, browse], {
    title: 'Hyperstep',
    placeHolder: images.length > 0 ? 'Image to debug' : 'No ELF image for A64 found in the workspace',
  });
  if (!picked) return undefined;
  if (picked.uri) return picked.uri.fsPath;
  const opened = await vscode.window.showOpenDialog({ title: 'Image to debug', openLabel: 'Debug' });
  return opened?.[0]?.fsPath;
}

/** Asks which of the built-in systems to debug; `root` is the folder of the extension. */
export async function pickSystem(root: string): Promise<SystemConfiguration | undefined> {
  const configurations = systemConfigurations(root);
  const items = builtInSystems.map(({ name, description }, index) => ({
    label: name,
    detail: description,
    configuration: configurations[index],
  }));
  const picked = await vscode.window.showQuickPick(items, {
    title: 'Hyperstep',
    placeHolder: 'System to debug; it comes with its sources',
    matchOnDetail: true,
  });
  return picked?.configuration;
}

export class ConfigurationProvider implements vscode.DebugConfigurationProvider {
  readonly #schema: LaunchSchema;

  constructor(schema: LaunchSchema) {
    this.#schema = schema;
  }

  /** Offers each image of the workspace: in a new launch.json and under "Hyperstep…" in the Run view. */
  async provideDebugConfigurations(folder?: vscode.WorkspaceFolder): Promise<vscode.DebugConfiguration[]> {
    const images = await findImages(folder);
    return images.map(({ fsPath }) => {
      const inside = folder && path.relative(folder.uri.fsPath, fsPath);
      const program =
        inside && !inside.startsWith('..') ? `\${workspaceFolder}/${inside.split(path.sep).join('/')}` : fsPath;
      return configurationFor(program);
    });
  }

  /** F5 without a launch.json arrives here empty: the open image is meant, or one that is picked. */
  async resolveDebugConfiguration(
    folder: vscode.WorkspaceFolder | undefined,
    configuration: vscode.DebugConfiguration,
  ): Promise<vscode.DebugConfiguration | undefined> {
    const empty = !configuration.type && !configuration.request && !configuration.name;
    if (!empty) return configuration;
    const file = activeFile();
    const program = file && (await isA64Elf(file.fsPath)) ? file.fsPath : await pickImage(folder, file);
    return program === undefined ? undefined : configurationFor(program);
  }

  /** The last check, on final values. Without an answer the launch ends; the sentence tells why. */
  resolveDebugConfigurationWithSubstitutedVariables(
    folder: vscode.WorkspaceFolder | undefined,
    configuration: vscode.DebugConfiguration,
  ): vscode.DebugConfiguration | undefined {
    const mistake = findMistake(configuration, this.#schema);
    if (mistake) {
      this.#report(configuration.name, mistake);
      return undefined;
    }
    // Relative paths, those of the configuration and those in the debug information, begin at the workspace folder.
    return folder ? { cwd: folder.uri.fsPath, ...configuration } : configuration;
  }

  async #report(name: string, mistake: string): Promise<void> {
    const open = 'Open launch.json';
    const answer = await vscode.window.showErrorMessage(`Launch configuration "${name}": ${mistake}`, open);
    if (answer === open) await vscode.commands.executeCommand('workbench.action.debug.configure');
  }
}

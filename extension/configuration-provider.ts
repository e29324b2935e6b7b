// Launch configurations: F5 without a launch.json, the ones offered in the Run view, and the check before a launch.

import * as vscode from 'vscode';
import { activeFile, type ImageFiles } from './image-files.ts';
import { findMistake, type LaunchSchema } from './launch-configuration.ts';
import type { Platform } from './platform.ts';
import { builtInSystems, type SystemConfiguration } from './system-configurations.ts';

export const debugType = 'hyperstep';

const baseName = (path: string) => path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);

/** The configuration for one image, as F5 and the Run view make it. */
export function configurationFor(program: string, name = `Debug ${baseName(program)}`): vscode.DebugConfiguration {
  return { type: debugType, request: 'launch', name, program, stopOnEntry: true };
}

/** Asks which image to debug; undefined when the user gives up. */
export async function pickImage(
  files: ImageFiles,
  folder?: vscode.WorkspaceFolder,
  from?: vscode.Uri,
): Promise<vscode.Uri | undefined> {
  const images = await files.find(folder, from);
  if (images.length === 1) return images[0];
  const browse = {
    label: `$(folder-opened) ${vscode.l10n.t('Browse…')}`,
    description: vscode.l10n.t('An ELF file, a Linux Image or a flat binary'),
    uri: undefined,
  };
  const items = images.map(uri => ({
    label: baseName(uri.path),
    description: vscode.workspace.asRelativePath(vscode.Uri.joinPath(uri, '..')),
    uri,
  }));
  const picked = await vscode.window.showQuickPick([...items, browse], {
    title: 'Hyperstep',
    placeHolder:
      images.length > 0
        ? vscode.l10n.t('Image to debug')
        : vscode.l10n.t('No ELF image for A64 found in the workspace'),
  });
  if (!picked) return undefined;
  if (picked.uri) return picked.uri;
  const opened = await vscode.window.showOpenDialog({
    title: vscode.l10n.t('Image to debug'),
    openLabel: vscode.l10n.t('Debug'),
  });
  return opened?.[0];
}

/** Asks which of the built-in systems to debug; `configurations` has them in their order. */
export async function pickSystem(
  configurations: readonly SystemConfiguration[],
): Promise<SystemConfiguration | undefined> {
  const items = builtInSystems.map(({ name, description }, index) => ({
    label: name,
    detail: description,
    configuration: configurations[index],
  }));
  const picked = await vscode.window.showQuickPick(items, {
    title: 'Hyperstep',
    placeHolder: vscode.l10n.t('System to debug; it comes with its sources'),
    matchOnDetail: true,
  });
  return picked?.configuration;
}

/** Paths that VS Code made of `${workspaceFolder}`, as the debug adapter is told of them: URIs where files are no paths. */
function inFolder(
  configuration: vscode.DebugConfiguration,
  { path, fsPath, scheme }: vscode.Uri,
  { pathOf }: Platform,
): vscode.DebugConfiguration {
  if (scheme === 'file') return configuration;
  const convert = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(convert);
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, convert(inner)]));
    if (typeof value !== 'string') return value;
    const start = [path, fsPath].find(folder => value.startsWith(`${folder}/`) || value === folder);
    return start === undefined ? value : pathOf(vscode.Uri.from({ scheme, path: path + value.slice(start.length) }));
  };
  return convert(configuration) as vscode.DebugConfiguration;
}

export class ConfigurationProvider implements vscode.DebugConfigurationProvider {
  readonly #schema: LaunchSchema;

  readonly #images: ImageFiles;
  readonly #platform: Platform;

  constructor(schema: LaunchSchema, images: ImageFiles, platform: Platform) {
    this.#schema = schema;
    this.#images = images;
    this.#platform = platform;
  }

  /** Offers each image of the workspace: in a new launch.json and under "Hyperstep…" in the Run view. */
  async provideDebugConfigurations(folder?: vscode.WorkspaceFolder): Promise<vscode.DebugConfiguration[]> {
    const images = await this.#images.find(folder);
    return images.map(uri => {
      const inside = folder && uri.path.startsWith(`${folder.uri.path}/`);
      const program = inside
        ? `\${workspaceFolder}${uri.path.slice(folder.uri.path.length)}`
        : this.#platform.pathOf(uri);
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
    const program = file && (await this.#images.isA64Elf(file)) ? file : await pickImage(this.#images, folder, file);
    return program === undefined ? undefined : configurationFor(this.#platform.pathOf(program));
  }

  /** The last check, on final values. Without an answer the launch ends; the sentence tells why. */
  resolveDebugConfigurationWithSubstitutedVariables(
    folder: vscode.WorkspaceFolder | undefined,
    configuration: vscode.DebugConfiguration,
  ): vscode.DebugConfiguration | undefined {
    const mistake = findMistake(configuration, this.#schema, vscode.l10n.t);
    if (mistake) {
      this.#report(configuration.name, mistake);
      return undefined;
    }
    // Relative paths, those of the configuration and those in the debug information, begin at the workspace folder.
    if (!folder) return configuration;
    return { cwd: this.#platform.pathOf(folder.uri), ...inFolder(configuration, folder.uri, this.#platform) };
  }

  async #report(name: string, mistake: string): Promise<void> {
    const open = vscode.l10n.t('Open launch.json');
    const answer = await vscode.window.showErrorMessage(
      vscode.l10n.t('Launch configuration "{0}": {1}', name, mistake),
      open,
    );
    if (answer === open) await vscode.commands.executeCommand('workbench.action.debug.configure');
  }
}

// What VS Code calls: registers each part of the extension.

import path from 'node:path';
import * as vscode from 'vscode';
import { AdapterFactory } from './adapter-factory.ts';
import { ConfigurationProvider, configurationFor, debugType, pickImage } from './configuration-provider.ts';
import { ListRegistersPanel } from './panels/list-registers.ts';
import type { Row } from './panels/stopped-tree.ts';
import { TranslationTablesPanel } from './panels/translation-tables.ts';
import { SessionTracker } from './session-tracker.ts';

/** "Debug Image": the image that a menu was opened on, else one that is picked. */
async function debugImage(image?: vscode.Uri): Promise<void> {
  const program = image?.fsPath ?? (await pickImage());
  if (program === undefined) return;
  const folder =
    vscode.workspace.getWorkspaceFolder(vscode.Uri.file(program)) ?? vscode.workspace.workspaceFolders?.[0];
  await vscode.debug.startDebugging(folder, configurationFor(program));
}

export function activate(context: vscode.ExtensionContext): void {
  const manifest = context.extension.packageJSON;
  const schema = manifest.contributes.debuggers[0].configurationAttributes.launch;
  const provider = new ConfigurationProvider(schema);
  const tracker = new SessionTracker();
  const { Dynamic, Initial } = vscode.DebugConfigurationProviderTriggerKind;
  context.subscriptions.push(
    vscode.debug.registerDebugConfigurationProvider(debugType, provider, Initial),
    // Resolving is registered once, above; this only adds the images to the Run view.
    vscode.debug.registerDebugConfigurationProvider(
      debugType,
      { provideDebugConfigurations: folder => provider.provideDebugConfigurations(folder) },
      Dynamic,
    ),
    vscode.debug.registerDebugAdapterDescriptorFactory(
      debugType,
      new AdapterFactory(path.join(context.extensionPath, 'dist/hyperstep.mjs')),
    ),
    tracker,
    tracker.onDidChange(({ kind }) =>
      vscode.commands.executeCommand('setContext', 'hyperstep.sessionActive', kind !== 'none'),
    ),
    new ListRegistersPanel(tracker),
    new TranslationTablesPanel(tracker),
    vscode.commands.registerCommand('hyperstep.debugImage', debugImage),
    vscode.commands.registerCommand('hyperstep.copyValue', (row: Row) =>
      vscode.env.clipboard.writeText(row.value ?? ''),
    ),
  );
}

// What VS Code calls: registers each part of the extension.

import path from 'node:path';
import * as vscode from 'vscode';
import manifest from '../package.json' with { type: 'json' };
import { AdapterFactory } from './adapter-factory.ts';
import { ConfigurationProvider, configurationFor, debugType, pickImage, pickSystem } from './configuration-provider.ts';
import { activeFile, isA64Elf } from './image-files.ts';
import { nodeClient } from './language/client-node.ts';
import { Language } from './language/index.ts';
import type { LaunchSchema } from './launch-configuration.ts';
import { type Panels, registerPanels } from './panels/index.ts';
import type { Row } from './panels/stopped-tree.ts';
import { SessionTracker } from './session-tracker.ts';
import { builtInSystems, systemConfigurations } from './system-configurations.ts';

/** "Debug Image": the image that a menu was opened on or that is open, else one that is picked. */
async function debugImage(image?: vscode.Uri): Promise<void> {
  const open = activeFile();
  const program =
    image?.fsPath ?? (open && (await isA64Elf(open.fsPath)) ? open.fsPath : await pickImage(undefined, open));
  if (program === undefined) return;
  const folder =
    vscode.workspace.getWorkspaceFolder(vscode.Uri.file(program)) ?? vscode.workspace.workspaceFolders?.[0];
  await vscode.debug.startDebugging(folder, configurationFor(program));
}

/**
 * Brings the registers and the panels into sight at the first stop of a session. VS Code opens the Run view at
 * breakpoints only, and a hypervisor stops first on entry or at a change of level. The editor keeps the focus.
 */
function showAtFirstStop(tracker: SessionTracker): vscode.Disposable {
  const shown = new Set<string>();
  return tracker.onDidChange(async state => {
    await vscode.commands.executeCommand('setContext', 'hyperstep.sessionActive', state.kind !== 'none');
    if (state.kind !== 'stopped' || shown.has(state.session.id)) return;
    shown.add(state.session.id);
    if (vscode.workspace.getConfiguration('debug').get('openDebug') === 'neverOpen') return;
    for (const show of ['workbench.debug.action.focusVariablesView', 'hyperstep.listRegisters.focus']) {
      await vscode.commands.executeCommand(show, { preserveFocus: true });
    }
  });
}

/** What other extensions, and the tests, may look at. */
export type HyperstepApi = Panels;

export function activate(context: vscode.ExtensionContext): HyperstepApi {
  // Bundled, not read from context.extension.packageJSON: VS Code adds attributes of its own to that.
  const schema = manifest.contributes.debuggers[0].configurationAttributes.launch as LaunchSchema;
  const provider = new ConfigurationProvider(schema);
  const tracker = new SessionTracker();
  const { Dynamic, Initial } = vscode.DebugConfigurationProviderTriggerKind;
  const builtIn = systemConfigurations(context.extensionPath);
  const panels = registerPanels(context, {
    extension: context.extensionUri,
    tracker,
    systems: builtInSystems,
    startSystem: async name => {
      const wanted = builtIn[builtInSystems.findIndex(one => one.name === name)];
      if (wanted) void vscode.debug.startDebugging(undefined, wanted);
    },
  });
  context.subscriptions.push(
    vscode.debug.registerDebugConfigurationProvider(debugType, provider, Initial),
    // Resolving is registered once, above; this only adds the images and the built-in systems to the Run view.
    vscode.debug.registerDebugConfigurationProvider(
      debugType,
      {
        provideDebugConfigurations: async folder => [
          ...(await provider.provideDebugConfigurations(folder)),
          ...builtIn.map(configuration => ({ ...configuration })),
        ],
      },
      Dynamic,
    ),
    vscode.debug.registerDebugAdapterDescriptorFactory(
      debugType,
      new AdapterFactory(path.join(context.extensionPath, 'dist/hyperstep.mjs')),
    ),
    tracker,
    new Language(tracker, nodeClient(context.extensionPath)),
    showAtFirstStop(tracker),
    vscode.commands.registerCommand('hyperstep.debugImage', debugImage),
    vscode.commands.registerCommand('hyperstep.debugSystem', async () => {
      const configuration = await pickSystem(context.extensionPath);
      return configuration && vscode.debug.startDebugging(undefined, { ...configuration });
    }),
    vscode.commands.registerCommand('hyperstep.copyValue', (row: Row) =>
      vscode.env.clipboard.writeText(row.value ?? ''),
    ),
  );
  return panels;
}

// Registers each part of the extension, on whichever platform: see activate-node.ts and web/activate-web.ts.

import * as vscode from 'vscode';
import manifest from '../package.json' with { type: 'json' };
import { ConfigurationProvider, configurationFor, debugType, pickImage, pickSystem } from './configuration-provider.ts';
import { activeFile, ImageFiles } from './image-files.ts';
import { Language } from './language/index.ts';
import { type LaunchSchema, withTexts } from './launch-configuration.ts';
import { newProject } from './new-project.ts';
import { type Panels, registerPanels } from './panels/index.ts';
import type { Row } from './panels/stopped-tree.ts';
import type { Platform } from './platform.ts';
import { SessionTracker } from './session-tracker.ts';
import { builtInSystems, systemConfigurations } from './system-configurations.ts';

/** "Debug Image": the image that a menu was opened on or that is open, else one that is picked. */
async function debugImage(images: ImageFiles, platform: Platform, image?: vscode.Uri): Promise<void> {
  const open = activeFile();
  const program = image ?? (open && (await images.isA64Elf(open)) ? open : await pickImage(images, undefined, open));
  if (program === undefined) return;
  const folder = vscode.workspace.getWorkspaceFolder(program) ?? vscode.workspace.workspaceFolders?.[0];
  await vscode.debug.startDebugging(folder, configurationFor(platform.pathOf(program)));
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

export function register(context: vscode.ExtensionContext, platform: Platform): HyperstepApi {
  // The attributes are bundled: VS Code adds some of its own to those of packageJSON. That one has the texts of %keys%.
  const { packageJSON } = context.extension;
  const launch = (from: typeof manifest) =>
    from.contributes.debuggers[0].configurationAttributes.launch as LaunchSchema;
  const schema = withTexts(launch(manifest), launch(packageJSON));
  const images = new ImageFiles(platform);
  const provider = new ConfigurationProvider(schema, images, platform);
  const tracker = new SessionTracker();
  const { Dynamic, Initial } = vscode.DebugConfigurationProviderTriggerKind;
  const builtIn = systemConfigurations(platform.pathOf(context.extensionUri));
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
    vscode.debug.registerDebugAdapterDescriptorFactory(debugType, platform.debugAdapters),
    tracker,
    new Language(tracker, platform.languageClient),
    showAtFirstStop(tracker),
    vscode.commands.registerCommand('hyperstep.debugImage', (image?: vscode.Uri) =>
      debugImage(images, platform, image),
    ),
    vscode.commands.registerCommand('hyperstep.debugSystem', async () => {
      const configuration = await pickSystem(builtIn);
      return configuration && vscode.debug.startDebugging(undefined, { ...configuration });
    }),
    vscode.commands.registerCommand('hyperstep.newProject', (folder?: vscode.Uri) =>
      newProject(context.extensionUri, platform, folder),
    ),
    vscode.commands.registerCommand('hyperstep.openWalkthrough', () =>
      vscode.commands.executeCommand('workbench.action.openWalkthrough', 'hyperstep.hyperstep#firstSteps'),
    ),
    vscode.commands.registerCommand('hyperstep.copyValue', (row: Row) =>
      vscode.env.clipboard.writeText(row.value ?? ''),
    ),
  );
  return panels;
}

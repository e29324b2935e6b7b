// All panels, with the commands that belong to them.

import * as vscode from 'vscode';
import type { SessionTracker } from '../session-tracker.ts';
import { registerActions } from './actions.ts';
import { MachineDocuments } from './documents.ts';
import { ExceptionLevelsPanel } from './exception-levels.ts';
import { ListRegistersPanel } from './list-registers.ts';
import { type BuiltInSystem, MachinePanel } from './machine.ts';
import { LevelStatus } from './status-bar.ts';
import type { Walked } from './stopped-tree.ts';
import { TranslationTablesPanel } from './translation-tables.ts';
import { WorldSwitchPanel } from './world-switch.ts';

/** What the panels ask of the rest of the extension. */
export interface PanelsHost {
  readonly extension: vscode.Uri;
  readonly tracker: SessionTracker;
  readonly systems: readonly BuiltInSystem[];
  startSystem(name: string): Promise<void>;
}

export interface Panels {
  readonly machine: MachinePanel;
  readonly listRegisters: ListRegistersPanel;
  readonly translationTables: TranslationTablesPanel;
  readonly exceptionLevels: ExceptionLevelsPanel;
  readonly worldSwitch: WorldSwitchPanel;
  readonly status: LevelStatus;
}

export function registerPanels(context: vscode.ExtensionContext, host: PanelsHost): Panels {
  const { tracker, extension, systems } = host;
  const panels: Panels = {
    machine: new MachinePanel(tracker, systems),
    listRegisters: new ListRegistersPanel(tracker),
    translationTables: new TranslationTablesPanel(tracker),
    exceptionLevels: new ExceptionLevelsPanel(tracker, extension),
    worldSwitch: new WorldSwitchPanel(tracker, extension),
    status: new LevelStatus(tracker),
  };
  const { exceptionLevels, translationTables, worldSwitch } = panels;
  const command = vscode.commands.registerCommand;
  context.subscriptions.push(
    ...Object.values(panels),
    new MachineDocuments(tracker),
    ...registerActions(tracker),
    command('hyperstep.startSystem', (name: string) => host.startSystem(name)),
    command('hyperstep.exportExceptionsCsv', () => exceptionLevels.exportAll('csv')),
    command('hyperstep.exportExceptionsTrace', () => exceptionLevels.exportAll('trace')),
    command('hyperstep.openWorldSwitch', () => worldSwitch.open()),
    command('hyperstep.walkAddress', (wanted?: string | Walked) =>
      // From the title of the view VS Code hands over something of its own, or nothing.
      translationTables.walk(
        typeof wanted === 'string' ? { address: wanted } : typeof wanted?.address === 'string' ? wanted : undefined,
      ),
    ),
    command('hyperstep.forgetWalk', () => translationTables.forgetWalk()),
  );
  return panels;
}

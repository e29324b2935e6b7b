// Commands of the debugger's menus and toolbar: from a variable to its memory and documentation, to its last writer, to
// a stop at its next change; from a line to its disassembly; to the change of level before or after now.

import type { DebugProtocol } from '@vscode/debugprotocol';
import * as vscode from 'vscode';
import type { DropStopArguments, LastWriteArguments, StopWhenArguments } from '../../debug-adapter/protocol.ts';
import type { MachineState, SessionTracker } from '../session-tracker.ts';
import { documentUri } from './documents.ts';
import type { Row } from './stopped-tree.ts';

const { t } = vscode.l10n;

type Variable = Pick<DebugProtocol.Variable, 'name' | 'evaluateName' | 'memoryReference'>;

/** What VS Code hands to a command: from the menu of a variable this, from that of a watched expression the variable. */
type VariableContext = { readonly variable: Variable } | Variable;

const variableOf = (from: VariableContext): Variable => ('variable' in from ? from.variable : from);

type Stopped = Extract<MachineState, { kind: 'stopped' }>;

/** What is meant: a variable of the debugger, a row of a view, or an expression that is asked for. */
async function subjectOf(from: VariableContext | Row | undefined, title: string): Promise<string | undefined> {
  if (from && 'label' in from) {
    if (from.subject) return from.subject;
  } else if (from && ('variable' in from || 'name' in from)) {
    const { evaluateName, name } = variableOf(from);
    return evaluateName ?? name;
  }
  return vscode.window.showInputBox({
    title,
    prompt: t('A register (x19, hcr_el2.twi, lr3) or an expression with a place in memory (vcpu->pc).'),
  });
}

async function showDocument(uri: vscode.Uri, preview = true): Promise<void> {
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(document, {
    preview,
    preserveFocus: true,
    viewColumn: vscode.ViewColumn.Beside,
  });
}

/** Registers the commands. */
export function registerActions(tracker: SessionTracker): vscode.Disposable[] {
  /** A command that needs a machine that stands still; its errors are shown. */
  const command = (id: string, run: (state: Stopped, argument: never) => Promise<void>) =>
    vscode.commands.registerCommand(id, async (argument: unknown) => {
      const { state } = tracker;
      try {
        if (state.kind === 'none') throw new Error(t('No machine is running.'));
        if (state.kind === 'running') throw new Error(t('The machine is running: pause it first.'));
        await run(state, argument as never);
      } catch (error) {
        await vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
      }
    });
  const request =
    (name: string) =>
    async ({ session, threadId }: Stopped) => {
      await session.customRequest(name, { threadId });
    };
  return [
    command('hyperstep.reverseToLevelChange', request('hyperstep/reverseToLevelChange')),
    command('hyperstep.toLevelChange', request('hyperstep/toLevelChange')),
    command('hyperstep.stepBackOut', request('hyperstep/stepBackOut')),

    command('hyperstep.goToLastWrite', async ({ session, threadId }, from: VariableContext | Row | undefined) => {
      const of = await subjectOf(from, t('Go to Last Write'));
      const args: LastWriteArguments | undefined = of ? { threadId, of } : undefined;
      if (args) await session.customRequest('hyperstep/lastWrite', args);
    }),

    command('hyperstep.breakOnChange', async ({ session, threadId }, from: VariableContext | Row | undefined) => {
      const of = await subjectOf(from, t('Break When This Changes'));
      if (!of) return;
      const args: StopWhenArguments = { threadId, of, on: 'change' };
      const { id, description } = await session.customRequest('hyperstep/stopWhen', args);
      void offerToRemove(session, id, description);
    }),

    command('hyperstep.showMemory', async ({ session }, from: VariableContext) => {
      const variable = variableOf(from);
      let reference = variable.memoryReference;
      if (reference === undefined) {
        const answer: DebugProtocol.EvaluateResponse['body'] = await session.customRequest('evaluate', {
          expression: variable.evaluateName ?? variable.name,
          context: 'watch',
        });
        reference = answer.memoryReference ?? /0x[0-9a-f]+/i.exec(answer.result)?.[0];
      }
      if (reference === undefined) throw new Error(t('{0} has no address, and holds none.', variable.name));
      await showDocument(documentUri('memory', reference), false);
    }),

    command('hyperstep.showDocumentation', async (_state, from: VariableContext) => {
      const variable = variableOf(from);
      const name = /[A-Za-z]\w*/.exec(variable.name)?.[0] ?? variable.name;
      const uri = documentUri('documentation', name);
      await vscode.commands.executeCommand('markdown.showPreviewToSide', uri);
    }),

    command(
      'hyperstep.showDisassembly',
      async ({ session, threadId }, at: { uri?: vscode.Uri; lineNumber?: number }) => {
        const editor = vscode.window.activeTextEditor;
        const path = (at?.uri ?? editor?.document.uri)?.fsPath;
        const line = at?.lineNumber ?? (editor ? editor.selection.active.line + 1 : undefined);
        if (path === undefined || line === undefined) throw new Error(t('No line of a source file is chosen.'));
        const { targets }: DebugProtocol.GotoTargetsResponse['body'] = await session.customRequest('gotoTargets', {
          threadId,
          source: { path },
          line,
        });
        const reference = targets[0]?.instructionPointerReference;
        if (reference === undefined) throw new Error(t('No code of the loaded images belongs to line {0}.', line));
        await showDocument(documentUri('disassembly', reference), false);
      },
    ),

    command('hyperstep.showMappingWalk', async (_state, row: Row) => {
      await vscode.commands.executeCommand('hyperstep.walkAddress', row.walk);
    }),
  ];
}

async function offerToRemove(session: vscode.DebugSession, id: number, description: string): Promise<void> {
  const remove = t('Remove');
  const answer = await vscode.window.showInformationMessage(t('The machine will stop: {0}', description), remove);
  const args: DropStopArguments = { id };
  if (answer === remove) await session.customRequest('hyperstep/dropStop', args);
}

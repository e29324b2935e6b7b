// What the language server asks of a stopped machine, as requests of the debug adapter.

import type { DebugProtocol } from '@vscode/debugprotocol';
import * as vscode from 'vscode';
import type { MachineResponse } from '../../debug-adapter/protocol.ts';
import type { LiveValuesResult, WouldResult } from '../language-server/messages.ts';
import type { MachineState } from '../session-tracker.ts';

const MOST_FRAMES = 20;

async function ask<T>(session: vscode.DebugSession, command: string, args: object): Promise<T | undefined> {
  try {
    return (await session.customRequest(command, args)) as T;
  } catch {
    return undefined; // The machine went on, or the register cannot be read here.
  }
}

async function levelOf(session: vscode.DebugSession, threadId: number): Promise<number | undefined> {
  const machine = await ask<MachineResponse>(session, 'hyperstep/machine', {});
  return machine?.pes.find(pe => pe.threadId === threadId)?.el;
}

function focusedFrame(session: vscode.DebugSession): { frameId?: number } {
  const item = vscode.debug.activeStackItem;
  return item instanceof vscode.DebugStackFrame && item.session.id === session.id ? { frameId: item.frameId } : {};
}

/** Values of registers of the PE in focus. */
export async function liveValues(state: MachineState, registers: readonly string[]): Promise<LiveValuesResult | null> {
  if (state.kind !== 'stopped') return null;
  const { session, threadId } = state;
  const el = await levelOf(session, threadId);
  const values: Record<string, string> = {};
  for (const name of registers) {
    const body = await ask<DebugProtocol.EvaluateResponse['body']>(session, 'evaluate', {
      expression: `$${name.toLowerCase()}`,
      context: 'hover',
      ...focusedFrame(session),
    });
    const value = /^(0x[0-9a-f]+|\d+)/i.exec(body?.result ?? '');
    if (value) values[name] = value[1];
  }
  return { values, from: el === undefined ? `PE ${threadId - 1}` : vscode.l10n.t('PE {0} at EL{1}', threadId - 1, el) };
}

/** What instructions of a file would do now, at the level of the innermost frame that stands in it. */
export async function would(state: MachineState, uri: string, questions: readonly string[]): Promise<WouldResult> {
  if (state.kind !== 'stopped') return null;
  const { session, threadId } = state;
  let el = await levelOf(session, threadId);
  const trace = await ask<DebugProtocol.StackTraceResponse['body']>(session, 'stackTrace', {
    threadId,
    levels: MOST_FRAMES,
  });
  const file = vscode.Uri.parse(uri).path;
  const found = trace?.stackFrames.find(({ name, source }) => {
    const below = /EL(\d), below the /.exec(name);
    if (below) el = Number(below[1]);
    return source?.path !== undefined && samePath(source.path, file);
  });
  if (!found || el === undefined) return null;
  const answers: (string | null)[] = [];
  for (const question of questions) {
    const body = await ask<DebugProtocol.EvaluateResponse['body']>(session, 'evaluate', {
      expression: `would ${question} at el${el}`,
      context: 'repl',
    });
    answers.push(body?.result ?? null);
  }
  return answers;
}

/** VS Code makes URIs of the paths that an adapter names when the window is a remote one. */
function samePath(path: string, file: string): boolean {
  const plain = /^[a-z][\w+.-]+:\/\//i.test(path) ? vscode.Uri.parse(path).path : vscode.Uri.file(path).path;
  return plain === file;
}

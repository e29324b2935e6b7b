// What the tests in the extension host share.

import path from 'node:path';
import * as vscode from 'vscode';
import type { HyperstepApi } from '../../../extension/activate.ts';

export const repository = path.join(__dirname, '../..');
export const sample = path.join(repository, 'simulator/hypervisors/first-light');

/** The extension under test, activated. */
export async function hyperstep(): Promise<HyperstepApi> {
  const extension = vscode.extensions.getExtension<HyperstepApi>('hyperstep.hyperstep');
  if (!extension) throw new Error('The extension is not installed.');
  if (extension.isActive) return extension.exports;
  const began = performance.now();
  const api = await extension.activate();
  console.log(`      activation: ${(performance.now() - began).toFixed(1)} ms`);
  return api;
}

/** Waits until `question` has an answer. Throws with `what` after 45 seconds. */
export async function until<T>(
  what: string,
  question: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const end = Date.now() + 45_000;
  for (;;) {
    const answer = await question();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > end) throw new Error(`Waited in vain for: ${what}.`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

export async function endSessions(): Promise<void> {
  await vscode.debug.stopDebugging();
  await until('the end of the session', () => vscode.debug.activeDebugSession === undefined);
}

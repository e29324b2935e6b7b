// What the debugger evaluates under the mouse in assembly: general registers and symbols. For everything else, such as
// mnemonics and system registers, the language server's hover is shown, which has the live value too.

import * as vscode from 'vscode';

const GENERAL = /^(?:[xw](?:\d|[12]\d|30)|w?sp|lr|fp|[bhsdqv](?:\d|[12]\d|3[01]))$/i;
const SYSTEM_ACCESS = /^(?:mrs|msr|tlbi|at|dc|ic|dsb|dmb|isb)$/i;

/** The expression for a word of a line; undefined where there is none. */
export function expressionAt(line: string, word: string, start: number): string | undefined {
  const before = line.slice(0, start).replace(/^.*;/, '');
  if (/\/\/|\/\*|^\s*#/.test(before)) return undefined;
  const statement = /^\s*(?:[\w.$]+:\s*)*([\w.$]+)?/.exec(before)?.[1];
  if (statement === undefined) return undefined; // The mnemonic itself, or a label.
  if (GENERAL.test(word)) return `$${word.toLowerCase()}`;
  if (statement.startsWith('.') || SYSTEM_ACCESS.test(statement) || !/^[A-Za-z_]\w*$/.test(word)) return undefined;
  return /^(?:eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le|al|nv|lsl|lsr|asr|ror|[us]xt[bhwx]|[xw]zr)$/i.test(word)
    ? undefined
    : word;
}

export class Expressions implements vscode.EvaluatableExpressionProvider {
  provideEvaluatableExpression(
    document: vscode.TextDocument,
    position: vscode.Position,
  ): vscode.EvaluatableExpression | undefined {
    const range = document.getWordRangeAtPosition(position);
    if (!range) return undefined;
    const line = document.lineAt(position).text;
    const expression = expressionAt(line, document.getText(range), range.start.character);
    return expression === undefined ? undefined : new vscode.EvaluatableExpression(range, expression);
  }
}

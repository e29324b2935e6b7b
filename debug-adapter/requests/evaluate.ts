/** evaluate, setExpression, completions. */

import type { DebugProtocol } from '@vscode/debugprotocol';
import { parsePlace } from '../address.ts';
import { type EvaluationContext, evaluateExpression, frameVariables, isVariable } from '../expressions/evaluate.ts';
import { type Handler, handler } from '../handler.ts';
import type { Session } from '../session.ts';
import { formatValue, numeric } from '../values.ts';
import { why, would, wouldTranslate } from '../why.ts';
import { contextOf, toVariable } from './variables.ts';

/** Input that begins with this goes to the guest's console. */
const CONSOLE_PREFIX = '>';

function context(session: Session, frameId: number | undefined): EvaluationContext {
  const { machine } = session;
  if (frameId !== undefined) return contextOf(machine, machine.frame(frameId));
  const pe = machine.focusedPe;
  // While the machine runs there is no frame, but registers and memory can be read between two slices.
  return machine.running ? { pe, symbols: machine.symbols } : contextOf(machine, machine.stackOf(pe).frames[0]);
}

export function sendConsole(session: Session, text: string): void {
  session.machine.target.sendConsole(new TextEncoder().encode(text));
}

/** Words of the debug console that are no expressions. */
const COMMANDS: readonly {
  readonly name: string;
  readonly usage: string;
  readonly text: string;
  readonly run: (session: Session, rest: string) => string;
}[] = [
  {
    name: 'help',
    usage: 'help',
    text: 'This list.',
    run: () =>
      [
        ...COMMANDS.map(({ usage, text }) => `${usage.padEnd(28)}${text}`),
        `${'> text'.padEnd(28)}Sends a line to the console of the guest.`,
        `${'anything else'.padEnd(28)}An expression: vcpu->pc, $hcr_el2.vm, *ipa:0x80000000, $x0 = 1.`,
      ].join('\n'),
  },
  {
    name: 'why',
    usage: 'why',
    text: 'Why the last exception was taken: the rule and the bit that decided.',
    run: session => {
      const { machine } = session;
      const event = machine.stop?.exception;
      return why(event === undefined ? machine.focusedPe : machine.target.pes[event.pe], event);
    },
  },
  {
    name: 'would',
    usage: 'would msr sctlr_el1 at el1',
    text: 'What an access or an instruction would do now: execute, trap, and because of which bit.',
    run: (session, rest) => would(session.machine.focusedPe, rest),
  },
  {
    name: 'walk',
    usage: 'walk el1:0x80000000',
    text: 'What an address translates to, in both stages.',
    run: (session, rest) => {
      const { machine } = session;
      const pe = machine.focusedPe;
      const { space, address } = parsePlace(rest, pe);
      if (space.kind !== 'va') throw new Error('A walk begins at a VA: write an address such as el1:0x80000000.');
      return wouldTranslate(pe, address, space.regime ?? pe.regime);
    },
  },
];

/** The answer of a console command; undefined for an expression, also for a variable of a command's name. */
function command(session: Session, source: string, where: () => EvaluationContext): string | undefined {
  const match = /^\s*(\w+)(?:\s+([^=].*?))?\s*$/.exec(source);
  const found = COMMANDS.find(({ name }) => name === match?.[1]);
  if (match === null || found === undefined || isVariable(where(), found.name)) return undefined;
  return found.run(session, match[2] ?? '');
}

const MOST_COMPLETIONS = 200;

export const EVALUATE: Readonly<Record<string, Handler>> = {
  evaluate: handler<DebugProtocol.EvaluateArguments, DebugProtocol.EvaluateResponse['body']>(
    'machine',
    (session, args) => {
      const { machine } = session;
      const source = String(args.expression ?? '');
      if (args.context === 'repl' && source.startsWith(CONSOLE_PREFIX)) {
        sendConsole(session, `${source.slice(CONSOLE_PREFIX.length).replace(/^ /, '')}\r`);
        return { result: '', variablesReference: 0 };
      }
      if (args.context === 'repl') {
        const answer = command(session, source, () => context(session, args.frameId));
        if (answer !== undefined) return { result: answer, variablesReference: 0 };
      }
      const where = context(session, args.frameId);
      const mayAssign = args.context === 'repl';
      const value = evaluateExpression(source, where, mayAssign);
      if (mayAssign && /[^=!<>]=[^=]/.test(source)) session.changed();
      const format = { hex: args.format?.hex ?? false };
      const { name: _name, value: result, ...rest } = toVariable(machine, where.pe, source, value, format, source);
      return { ...rest, result };
    },
  ),

  setExpression: handler<DebugProtocol.SetExpressionArguments, DebugProtocol.SetExpressionResponse['body']>(
    'stopped',
    (session, args) => {
      const where = context(session, args.frameId);
      const left = evaluateExpression(String(args.expression), where);
      if (left.assign === undefined) throw new Error(`${args.expression} cannot be assigned.`);
      left.assign(BigInt.asUintN((left.type.size || 8) * 8, numeric(evaluateExpression(String(args.value), where))));
      session.changed();
      const now = evaluateExpression(String(args.expression), where);
      return {
        value: formatValue(where.pe, now, { hex: args.format?.hex ?? false }),
        type: now.type.name,
        variablesReference: 0,
      };
    },
  ),

  completions: handler<DebugProtocol.CompletionsArguments, { targets: DebugProtocol.CompletionItem[] }>(
    'machine',
    (session, args) => {
      const where = context(session, args.frameId);
      const end = Math.max(0, args.column - (session.client.columnsStartAt1 === false ? 0 : 1));
      const before = String(args.text ?? '').slice(0, end);
      const word = /\$?\w*$/.exec(before)?.[0] ?? '';
      const start = before.length - word.length;
      const wanted = word.replace(/^\$/, '').toLowerCase();
      const targets: DebugProtocol.CompletionItem[] = [];
      const offer = (label: string, type: DebugProtocol.CompletionItemType, text = label): void => {
        if (targets.length < MOST_COMPLETIONS && label.toLowerCase().startsWith(wanted))
          targets.push({ label, text, type, start, length: word.length });
      };
      const member = /([$\w.]+(?:\[\d+\])?)(?:\.|->)$/.exec(before.slice(0, start));
      if (member !== null) {
        const object = evaluateExpression(member[1], where);
        if (object.register !== undefined && object.scalar !== undefined) {
          for (const field of where.pe.fields(object.register, object.scalar)) offer(field.name.toLowerCase(), 'field');
        }
        const type = object.type.kind === 'pointer' ? object.type.target?.() : object.type;
        for (const { name } of type?.members?.() ?? []) offer(name, 'field');
        return { targets };
      }
      if (start === 0) for (const { name } of COMMANDS) offer(name, 'keyword');
      if (!word.startsWith('$') && where.frame !== undefined) {
        for (const die of frameVariables(where.frame)) if (die.name !== undefined) offer(die.name, 'variable');
      }
      const registers = ['pc', 'sp', 'pstate', ...Array.from({ length: 31 }, (_, index) => `x${index}`)];
      for (const name of [...registers, ...where.pe.systemRegisters().map(row => row.name.toLowerCase())])
        offer(name, 'property', `$${name}`);
      if (!word.startsWith('$') && wanted !== '') {
        for (const table of where.symbols.tables) for (const name of table.symbolNames()) offer(name, 'function');
      }
      return { targets };
    },
  ),
};

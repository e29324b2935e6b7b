/** evaluate, setExpression, completions. */

import type { DebugProtocol } from '@vscode/debugprotocol';
import { parsePlace } from '../address.ts';
import {
  asArray,
  type EvaluationContext,
  evaluateExpression,
  frameVariables,
  isVariable,
} from '../expressions/evaluate.ts';
import { type Handler, handler, RequestError } from '../handler.ts';
import { addSymbols, findKernel, symbolSource } from '../more-symbols.ts';
import type { Session } from '../session.ts';
import { formatValue, numeric, STYLES, type Style, type Value } from '../values.ts';
import { would, wouldTranslate } from '../why.ts';
import { explain } from './custom.ts';
import { goTo, marksOf, startLastWrite, stepBackOut } from './reverse.ts';
import { contextOf, memoryOf, toVariable } from './variables.ts';
import { stopWhen } from './watches.ts';

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
  readonly run: (session: Session, rest: string) => string | Promise<string>;
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
    text: 'Why the last exception was taken: the rule, the bit that decided, and who set it.',
    run: async session => {
      const { text, setBy } = await explain(session);
      return setBy === undefined ? text : `${text}\n${setBy.text}`;
    },
  },
  {
    name: 'last-write',
    usage: 'last-write hcr_el2.twi',
    text: 'Back to the last write of a register, a field, lr3, memory (ipa:0x1000), or "entry el1:0x1000" of a table.',
    run: (session, rest) => {
      stopped(session);
      if (rest === '') throw new Error('Say whose last write is wanted, such as "last-write x19".');
      startLastWrite(session, session.machine.focusedPe, rest);
      return '';
    },
  },
  {
    name: 'back-out',
    usage: 'back-out',
    text: 'Back to the call of this function, or to where this exception was taken.',
    run: session => {
      stopped(session);
      stepBackOut(session, session.machine.focusedPe);
      return '';
    },
  },
  {
    name: 'mark',
    usage: 'mark before-the-fault',
    text: 'Gives the present moment a name; "marks" lists them, "unmark" drops one.',
    run: (session, rest) => {
      if (rest === '') throw new Error('A mark needs a name.');
      if (!session.machine.target.recording)
        throw new Error('This run is not recorded, so nothing leads back to a mark.');
      session.machine.marks.set(rest, session.machine.target.moment);
      return `"${rest}" is instruction ${session.machine.target.instructions}.`;
    },
  },
  {
    name: 'unmark',
    usage: 'unmark before-the-fault',
    text: 'Drops a mark.',
    run: (session, rest) => {
      session.machine.mark(rest);
      session.machine.marks.delete(rest);
      return '';
    },
  },
  {
    name: 'marks',
    usage: 'marks',
    text: 'The marks, by moment.',
    run: session =>
      marksOf(session.machine)
        .marks.map(({ name, instructions }) => `${String(instructions).padStart(14)}  ${name}`)
        .join('\n'),
  },
  {
    name: 'goto',
    usage: 'goto 123456',
    text: 'To an instruction of the run, by its count or by the name of a mark.',
    run: (session, rest) => {
      stopped(session);
      const { machine } = session;
      const count = Number(rest.replaceAll(/[_,]/g, ''));
      const known = machine.marks.get(rest);
      if (known === undefined && (rest === '' || !Number.isSafeInteger(count) || count < 0)) machine.mark(rest);
      goTo(session, known ?? { ...machine.target.moment, instructions: count, taken: 0 });
      return '';
    },
  },
  {
    name: 'stop-when',
    usage: 'stop-when hcr_el2.vm',
    text: 'Stops when something changes: as "last-write", or stage2:0x80000000+0x1000. "drop N" ends it.',
    run: (session, rest) => {
      const { id, description } = stopWhen(session, session.machine.focusedPe, { of: rest });
      return `${id}: ${description}`;
    },
  },
  {
    name: 'drop',
    usage: 'drop 7',
    text: 'Ends a "stop-when" by its number.',
    run: (session, rest) => {
      session.machine.breakpoints.drop(Number(rest));
      return '';
    },
  },
  {
    name: 'step-interrupts',
    usage: 'step-interrupts held',
    text: 'Whether steps go into interrupts: "taken" or "held".',
    run: (session, rest) => {
      if (rest !== '') session.machine.setStepping({ interrupts: rest as 'taken' | 'held' });
      return `Interrupts are ${session.machine.stepping.interrupts} while a PE steps.`;
    },
  },
  {
    name: 'add-symbol-file',
    usage: 'add-symbol-file vmlinux el1 0x0',
    text: 'Symbols of another ELF file; a regime (el1, el2), a VMID as vmid=2, and a number to add to its addresses.',
    run: async (session, rest) => `${await addSymbols(session, symbolSource(rest))} is loaded.`,
  },
  {
    name: 'kallsyms',
    usage: 'kallsyms',
    text: 'Looks for the symbols of a Linux kernel in memory.',
    run: session => findKernel(session),
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

/** Commands that move the machine need it to stand. */
function stopped({ machine }: Session): void {
  if (machine.running) throw new RequestError('notStopped', 'The machine runs; pause it first.');
}

/** The answer of a console command; undefined for an expression, also for a variable of a command's name. */
function command(
  session: Session,
  source: string,
  where: () => EvaluationContext,
): string | Promise<string> | undefined {
  const match = /^\s*([\w-]+)(?:\s+([^=].*?))?\s*$/.exec(source);
  const found = COMMANDS.find(({ name }) => name === match?.[1]);
  if (match === null || found === undefined || isVariable(where(), found.name)) return undefined;
  return found.run(session, match[2] ?? '');
}

const FORMAT = /^([\s\S]*?)\s*,\s*(?:(\d+)\s*)?([a-z])?\s*$/;
const MOST_IN_ROW = 1_000_000;

/** `expression,x`, `expression,16` and `expression,16x`: an expression, how it is written, how many values from there on. */
function splitFormat(source: string): { plain: string; style?: Style; count?: number } {
  const match = FORMAT.exec(source);
  if (match === null || (match[2] === undefined && match[3] === undefined)) return { plain: source };
  const [, plain, count, letter] = match;
  const style = STYLES.find(one => one === letter);
  if (letter !== undefined && style === undefined)
    throw new Error(`",${letter}" is no format: there are ${STYLES.map(one => `,${one}`).join(' ')} and a number.`);
  if (count !== undefined && (Number(count) < 1 || Number(count) > MOST_IN_ROW))
    throw new Error(`A row has 1 to ${MOST_IN_ROW} values, not ${count}.`);
  return {
    plain,
    ...(style === undefined ? {} : { style }),
    ...(count === undefined ? {} : { count: Number(count) }),
  };
}

/** An expression whose elements are those of the row: a pointer and an array have them, of another value it is the place. */
function rowName(plain: string, { type }: Value): string {
  return type.kind === 'pointer' || type.kind === 'array' ? `(${plain})` : `(&(${plain}))`;
}

const MOST_COMPLETIONS = 200;

export const EVALUATE: Readonly<Record<string, Handler>> = {
  evaluate: handler<DebugProtocol.EvaluateArguments, DebugProtocol.EvaluateResponse['body']>(
    'machine',
    async (session, args) => {
      const { machine } = session;
      const source = String(args.expression ?? '');
      if (args.context === 'repl' && source.startsWith(CONSOLE_PREFIX)) {
        sendConsole(session, `${source.slice(CONSOLE_PREFIX.length).replace(/^ /, '')}\r`);
        return { result: '', variablesReference: 0 };
      }
      if (args.context === 'repl') {
        const answer = command(session, source, () => context(session, args.frameId));
        if (answer !== undefined) return { result: await answer, variablesReference: 0 };
      }
      const where = context(session, args.frameId);
      const { plain, style, count } = splitFormat(source);
      const assigned = (left: Value): void => session.changed(memoryOf(where.pe, left));
      const found = evaluateExpression(plain, where, args.context === 'repl' ? assigned : undefined);
      const value = count === undefined ? found : asArray(found, count, where);
      const format = { hex: args.format?.hex ?? false, ...(style === undefined ? {} : { style }) };
      // What leads to a part is written without the format; of a row of values it begins at the first.
      const name = count === undefined ? plain : rowName(plain, found);
      const { name: _name, value: result, ...rest } = toVariable(machine, where.pe, source, value, format, name);
      return { ...rest, evaluateName: source, result };
    },
  ),

  setExpression: handler<DebugProtocol.SetExpressionArguments, DebugProtocol.SetExpressionResponse['body']>(
    'stopped',
    (session, args) => {
      const where = context(session, args.frameId);
      const left = evaluateExpression(String(args.expression), where);
      if (left.assign === undefined) throw new Error(`${args.expression} cannot be assigned.`);
      left.assign(BigInt.asUintN((left.type.size || 8) * 8, numeric(evaluateExpression(String(args.value), where))));
      session.changed(memoryOf(where.pe, left));
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
      const first = session.client.columnsStartAt1 === false ? 0 : 1;
      const end = Math.max(0, args.column - first);
      // `column` counts in its line, and so does `start` of a target (DAP, CompletionItem).
      const lines = String(args.text ?? '').split('\n');
      const line = args.line === undefined ? 0 : args.line - (session.client.linesStartAt1 === false ? 0 : 1);
      const before = (lines[line] ?? '').slice(0, end);
      const isCommand = /^\s*[a-z-]+$/.test(before);
      const word = (isCommand ? /[a-z-]*$/ : /\$?\w*(?:::\w*)*$/).exec(before)?.[0] ?? '';
      const start = before.length - word.length;
      const wanted = word.replace(/^\$/, '').toLowerCase();
      const targets: DebugProtocol.CompletionItem[] = [];
      const offer = (label: string, type: DebugProtocol.CompletionItemType, text = label): void => {
        if (targets.length < MOST_COMPLETIONS && label.toLowerCase().startsWith(wanted))
          targets.push({ label, text, type, start: start + first, length: word.length });
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
      if (isCommand || before.trim() === '') for (const { name } of COMMANDS) offer(name, 'keyword');
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

/** A file of assembly, kept as parsed lines: an edit reads the changed lines again, and those whose state it changes. */

import { constantOf } from '../../simulator/arch/assembly/expression.ts';
import { type Line, parseLine, type Span } from './lines.ts';

export interface Position {
  readonly line: number;
  readonly character: number;
}
export interface Range {
  readonly start: Position;
  readonly end: Position;
}

export type SymbolKind = 'label' | 'numeric' | 'macro' | 'constant' | 'define' | 'register';

export interface Definition {
  readonly kind: SymbolKind;
  readonly name: string;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  /** Last line of a macro's body. */
  readonly endLine?: number;
  /** The expression of a constant, the body of a #define, the register of .req; the parameters of a macro. */
  readonly value?: string;
  /** Whether it is under a condition that only the build knows. */
  readonly uncertain?: boolean;
  /** A #define with parameters. */
  readonly functionLike?: boolean;
}

/** Whether a line is assembled, as far as its conditions are known. */
export type Activity = 'yes' | 'maybe' | 'no';

export interface Include {
  readonly path: string;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  /** `<file>` rather than `"file"`. */
  readonly system: boolean;
  readonly uncertain: boolean;
}

/** What a file says as a whole, from one pass over its lines. */
export interface Outline {
  readonly definitions: readonly Definition[];
  readonly byName: ReadonlyMap<string, readonly Definition[]>;
  readonly includes: readonly Include[];
  readonly activity: readonly Activity[];
  /** Lines inside the body of a macro or a repetition. */
  readonly inMacro: Uint8Array;
  readonly blocks: readonly { readonly start: number; readonly end: number }[];
  /** Names are made that cannot be known without expanding macros. */
  readonly dynamicNames: boolean;
  /** Written for another architecture or another assembler. */
  readonly foreign: boolean;
  /** Changes when what other lines are judged by changes. */
  readonly signature: string;
}

const CONSTANT_DIRECTIVES = new Set(['.equ', '.set', '.equiv', '.eqv']);
const BLOCK_STARTS = new Set(['.macro', '.rept', '.irp', '.irpc', '.rep']);
const BLOCK_ENDS = new Set(['.endm', '.endr']);
const CONDITION = /^\.if/;
const FOREIGN_DIRECTIVES =
  /^\.(arm|thumb|thumb_func|syntax|intel_syntax|att_syntax|code16|code32|code64|fpu|option|attribute|subsections_via_symbols|eabi_attribute|set_noat|abicalls|ent|frame|machine|model|386|586|686)$/;
/** Macros of the preprocessor whose value is known for A64 assembly. */
const PREDEFINED: Readonly<Record<string, bigint>> = {
  __aarch64__: 1n,
  __ASSEMBLER__: 1n,
  __ASSEMBLY__: 1n,
  __LP64__: 1n,
  __AARCH64EL__: 1n,
  __ELF__: 1n,
  __ARM_ARCH: 8n,
  __arm__: 0n,
  __x86_64__: 0n,
  __i386__: 0n,
  __riscv: 0n,
  __powerpc__: 0n,
  __powerpc64__: 0n,
  __mips__: 0n,
  __s390x__: 0n,
  __loongarch__: 0n,
  __APPLE__: 0n,
  __MACH__: 0n,
  _WIN32: 0n,
  _WIN64: 0n,
  _MSC_VER: 0n,
  __ILP32__: 0n,
  __AARCH64EB__: 0n,
  LINKER_SCRIPT: 0n,
};

export class Document {
  #lines: Line[];
  #outline: Outline | undefined;
  /** Counts the edits. */
  edits = 0;

  constructor(
    readonly uri: string,
    text: string,
  ) {
    this.#lines = [];
    let state = 0;
    for (const line of text.split(/\r\n|\r|\n/)) {
      const parsed = parseLine(line, state);
      this.#lines.push(parsed);
      state = parsed.after;
    }
  }

  get lines(): readonly Line[] {
    return this.#lines;
  }

  get text(): string {
    return this.#lines.map(line => line.text).join('\n');
  }

  get outline(): Outline {
    this.#outline ??= outlineOf(this.#lines);
    return this.#outline;
  }

  /** Replaces a range. Places beyond the end mean the end. */
  edit(range: Range, text: string): void {
    const last = this.#lines.length - 1;
    const from = Math.min(range.start.line, last);
    const to = Math.min(range.end.line, last);
    const head = this.#lines[from].text.slice(0, range.start.line > last ? undefined : range.start.character);
    const tail = range.end.line > last ? '' : this.#lines[to].text.slice(range.end.character);
    const texts = (head + text + tail).split(/\r\n|\r|\n/);
    let state = this.#lines[from].before;
    const parsed = texts.map(one => {
      const line = parseLine(one, state);
      state = line.after;
      return line;
    });
    const count = to - from + 1;
    if (parsed.length === count) for (let n = 0; n < count; n++) this.#lines[from + n] = parsed[n];
    // Not splice with a spread: a file may be pasted whole.
    else this.#lines = this.#lines.slice(0, from).concat(parsed, this.#lines.slice(to + 1));
    for (let n = from + parsed.length; n < this.#lines.length && this.#lines[n].before !== state; n++) {
      this.#lines[n] = parseLine(this.#lines[n].text, state);
      state = this.#lines[n].after;
    }
    this.#outline = undefined;
    this.edits++;
  }

  /** The word at a place: a name, also one that begins with a dot, or a reference such as `1f`. */
  wordAt({ line, character }: Position): Span | undefined {
    const text = this.#lines[line]?.text ?? '';
    return wordAt(text, character);
  }
}

const WORD = /[A-Za-z_.$][\w.$]*|\d+[fb]\b|\d+(?=\s*:)/g;

export function wordAt(text: string, character: number): Span | undefined {
  WORD.lastIndex = 0;
  for (let found = WORD.exec(text); found; found = WORD.exec(text)) {
    if (found.index > character) return undefined;
    const end = found.index + found[0].length;
    if (character <= end) return { text: found[0], start: found.index, end };
  }
  return undefined;
}

function outlineOf(lines: readonly Line[]): Outline {
  const definitions: Definition[] = [];
  const includes: Include[] = [];
  const activity: Activity[] = new Array(lines.length);
  const inMacro = new Uint8Array(lines.length);
  const blocks: { start: number; end: number }[] = [];
  const open: { line: number; macro?: number }[] = [];
  const conditions: { own: Activity; taken: Activity; cpp: boolean; line: number }[] = [];
  const constants = new Map<string, bigint | undefined>();
  let now = 'yes' as Activity;
  let dynamicNames = false;
  let foreign = false;
  let signature = '';

  const define = (definition: Definition): number =>
    definitions.push(now === 'maybe' ? { ...definition, uncertain: true } : definition) - 1;
  const lookup = (name: string): bigint | undefined => constants.get(name);
  const recompute = (): void => {
    now = 'yes';
    for (const { own } of conditions) {
      if (own === 'no') {
        now = 'no';
        return;
      }
      if (own === 'maybe') now = 'maybe';
    }
  };
  const begin = (cpp: boolean, value: Activity, line: number): void => {
    conditions.push({ own: value, taken: value, cpp, line });
    recompute();
  };
  const other = (cpp: boolean, value: Activity, line: number): void => {
    const top = conditions.at(-1);
    if (top?.cpp !== cpp) return;
    if (line > top.line + 1) blocks.push({ start: top.line, end: line - 1 });
    top.own = top.taken === 'yes' ? 'no' : top.taken === 'no' || value === 'no' ? value : 'maybe';
    if (value === 'yes' && top.taken !== 'yes') top.taken = top.taken === 'no' ? 'yes' : 'maybe';
    else if (value === 'maybe' && top.taken === 'no') top.taken = 'maybe';
    top.line = line;
    recompute();
  };
  const finish = (cpp: boolean, line: number): void => {
    const top = conditions.at(-1);
    if (top?.cpp !== cpp) return;
    conditions.pop();
    if (line > top.line + 1) blocks.push({ start: top.line, end: line - 1 });
    recompute();
  };

  for (let n = 0; n < lines.length; n++) {
    const line = lines[n];
    if (open.length > 0) inMacro[n] = 1;
    activity[n] = now;
    if (
      now === 'no' &&
      !line.preprocessing &&
      !line.statements.some(one => one.name && /^\.(if|else|endif)/i.test(one.name.text))
    )
      continue;
    const { preprocessing } = line;
    if (preprocessing) {
      preprocess(n, preprocessing.name, preprocessing.rest);
      continue;
    }
    for (const statement of line.statements) {
      for (const label of statement.labels) {
        const kind: SymbolKind = /^\d+$/.test(label.text) ? 'numeric' : 'label';
        if (!label.text.includes('\\')) define({ kind, name: label.text, line: n, start: label.start, end: label.end });
      }
      const { name, operands } = statement;
      if (!name) continue;
      if (statement.kind === 'assignment') constant(n, name, operands.text.replace(/^==?/, '').trim());
      else if (statement.kind === 'directive') directive(n, name, operands);
      else {
        const register = /^\.req\s+(\S+)/i.exec(operands.text);
        if (register) {
          define({ kind: 'register', name: name.text, line: n, start: name.start, end: name.end, value: register[1] });
          signature += `r${name.text}=${register[1]};`;
        }
        if (/%[re]?[abcds][xiplh]\b|%r\d/.test(operands.text) || name.text.startsWith('%')) foreign = true;
      }
    }
  }
  for (const { line } of open) if (lines.length - 1 > line) blocks.push({ start: line, end: lines.length - 1 });

  const byName = new Map<string, Definition[]>();
  for (const definition of definitions) {
    const known = byName.get(definition.name);
    if (known) known.push(definition);
    else byName.set(definition.name, [definition]);
  }
  return { definitions, byName, includes, activity, inMacro, blocks, dynamicNames, foreign, signature };

  function constant(n: number, name: Span, value: string): void {
    define({ kind: 'constant', name: name.text, line: n, start: name.start, end: name.end, value });
    // A symbol that is set again has no one value.
    constants.set(name.text, constants.has(name.text) || open.length > 0 ? undefined : constantOf(value, lookup));
    signature += `c${name.text}=${value};`;
  }

  function directive(n: number, name: Span, operands: Span): void {
    const directive = name.text.toLowerCase();
    if (FOREIGN_DIRECTIVES.test(directive)) foreign = true;
    if (directive === '.altmacro') dynamicNames = true;
    if (directive === '.include') {
      const file = /^"([^"]*)"/.exec(operands.text);
      if (file && now !== 'no') {
        includes.push({
          path: file[1],
          line: n,
          start: operands.start + 1,
          end: operands.start + 1 + file[1].length,
          system: false,
          uncertain: now === 'maybe',
        });
        signature += `i${file[1]};`;
      }
    } else if (CONSTANT_DIRECTIVES.has(directive)) {
      const found = /^([A-Za-z_.$][\w.$]*)\s*,\s*(.*)$/.exec(operands.text);
      if (found)
        constant(n, { text: found[1], start: operands.start, end: operands.start + found[1].length }, found[2]);
      else if (operands.text.includes('\\')) dynamicNames = true;
    } else if (BLOCK_STARTS.has(directive)) {
      const block: { line: number; macro?: number } = { line: n };
      if (directive === '.macro') {
        const found = /^([A-Za-z_.$][\w.$]*)\s*,?\s*(.*)$/.exec(operands.text);
        if (found && !operands.text.startsWith(`${found[1]}\\`)) {
          const start = operands.start;
          block.macro = define({
            kind: 'macro',
            name: found[1],
            line: n,
            start,
            end: start + found[1].length,
            value: found[2],
          });
          signature += `m${found[1]};`;
        } else dynamicNames = true;
      }
      open.push(block);
    } else if (BLOCK_ENDS.has(directive)) {
      const block = open.pop();
      if (block) {
        blocks.push({ start: block.line, end: n });
        if (block.macro !== undefined) definitions[block.macro] = { ...definitions[block.macro], endLine: n };
      }
    } else if (CONDITION.test(directive)) {
      const value = directive === '.if' ? constantOf(operands.text, lookup) : undefined;
      begin(false, open.length > 0 || value === undefined ? 'maybe' : value !== 0n ? 'yes' : 'no', n);
    } else if (directive === '.elseif') other(false, 'maybe', n);
    else if (directive === '.else') other(false, 'yes', n);
    else if (directive === '.endif') finish(false, n);
  }

  function preprocess(n: number, name: string, rest: Span): void {
    switch (name) {
      case 'define': {
        const found = /^([A-Za-z_]\w*)(\([^)]*\))?\s*(.*)$/.exec(rest.text);
        if (!found) return;
        const value = lines[n].after !== lines[n].before ? `${found[3]} \\` : found[3];
        const end = rest.start + found[1].length;
        define({
          kind: 'define',
          name: found[1],
          line: n,
          start: rest.start,
          end,
          value,
          functionLike: found[2] !== undefined,
        });
        constants.set(found[1], found[2] || constants.has(found[1]) ? undefined : constantOf(value, lookup, true));
        signature += `d${found[1]}=${value};`;
        return;
      }
      case 'include':
      case 'include_next': {
        const file = /^(?:"([^"]*)"|<([^>]*)>)/.exec(rest.text);
        if (now === 'no') return;
        const path = file?.[1] ?? file?.[2] ?? '';
        includes.push({
          path,
          line: n,
          start: rest.start + 1,
          end: rest.start + 1 + path.length,
          system: file?.[2] !== undefined,
          uncertain: now === 'maybe',
        });
        signature += `i${path};`;
        return;
      }
      case 'if':
        begin(true, conditionOf(rest.text), n);
        return;
      case 'ifdef':
        begin(true, definedness(rest.text.trim()), n);
        return;
      case 'ifndef': {
        const value = isGuard(n, rest.text.trim()) ? 'no' : definedness(rest.text.trim());
        begin(true, value === 'yes' ? 'no' : value === 'no' ? 'yes' : 'maybe', n);
        return;
      }
      case 'elif':
        other(true, conditionOf(rest.text), n);
        return;
      case 'else':
        other(true, 'yes', n);
        return;
      case 'endif':
        finish(true, n);
        return;
    }
  }

  /** Whether the next line of code defines the name that this one asks for. */
  function isGuard(n: number, name: string): boolean {
    let next = n + 1;
    while (next < lines.length && lines[next].code.trim() === '') next++;
    const directive = lines[next]?.preprocessing;
    return directive?.name === 'define' && directive.rest.text.split(/\s/)[0] === name;
  }

  /** `no` only for what another architecture defines: anything else may come from a command line or a header. */
  function definedness(name: string): Activity {
    if (Object.hasOwn(PREDEFINED, name)) return PREDEFINED[name] !== 0n ? 'yes' : 'no';
    return 'maybe';
  }

  function conditionOf(text: string): Activity {
    const known = text.replace(/\bdefined\s*(?:\(\s*(\w+)\s*\)|(\w+))/g, (whole, a, b) => {
      const value = definedness(a ?? b);
      return value === 'maybe' ? whole : value === 'yes' ? '1' : '0';
    });
    const value = constantOf(known, name => (Object.hasOwn(PREDEFINED, name) ? PREDEFINED[name] : undefined), true);
    if (value !== undefined) return value !== 0n ? 'yes' : 'no';
    // One false side decides a conjunction, one true side a disjunction.
    const sides = (operator: string): (bigint | undefined)[] =>
      known
        .split(operator)
        .map(part => constantOf(part, name => (Object.hasOwn(PREDEFINED, name) ? PREDEFINED[name] : undefined), true));
    if (!known.includes('||') && sides('&&').includes(0n)) return 'no';
    if (!known.includes('&&') && sides('||').some(side => side !== undefined && side !== 0n)) return 'yes';
    return 'maybe';
  }
}

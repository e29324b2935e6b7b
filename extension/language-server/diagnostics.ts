/** What is wrong in a file. First rule: nothing is said about what the assembler accepts. */

import { checkOperands } from '../../simulator/arch/assembly/check.ts';
import { isMnemonic } from '../../simulator/arch/assembly/mnemonics.ts';
import { checkNamedOperands } from '../../simulator/arch/assembly/names.ts';
import { splitOperands, tokenize } from '../../simulator/arch/assembly/operands.ts';
import { namedOperands } from '../../simulator/arch/assembly/spellings.ts';
import type { Features } from '../../simulator/arch/features.ts';
import { t } from '../l10n.ts';
import type { Document } from './document.ts';
import type { Line, Statement } from './lines.ts';
import { isOfAnotherArchitecture } from './other-architectures.ts';
import type { Project, Scope } from './project.ts';

export type DiagnosticCode = 'mnemonic' | 'operands' | 'register' | 'name';

export interface Problem {
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly severity: 'error' | 'warning';
  readonly text: string;
  readonly code: DiagnosticCode;
}

type LineProblem = Omit<Problem, 'line'>;

const NOTHING: readonly LineProblem[] = [];
const IDENTIFIER = /[A-Za-z_.$][\w.$]*/g;
/** Looks like a register, but no PE has it. */
const NO_REGISTER = /^([xw](3[1-9]|[4-9]\d)|[bhsdqv](3[2-9]|[4-9]\d)(\.\w+)?)$/i;

const ADDRESSES = /^(b|bl|b\..*|bcc|b[a-z]{2}|adrp?|cbn?z|tbn?z|ldr|ldrsw|prfm)$/;

/** Judges files line by line; the judgement of a line is kept until something changes that it depends on. */
export class Checker {
  readonly #kept = new WeakMap<Document, { signature: string; lines: WeakMap<Line, readonly LineProblem[]> }>();

  constructor(
    private readonly project: Project,
    /** What the configured PE has; undefined for any. */
    public features: Features | undefined,
  ) {}

  /** Everything that is wrong in a file. */
  check(document: Document): Problem[] {
    const steps = this.steps(document);
    for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
  }

  /** As `check`, in pieces between which other work can be done. A file that is edited in between begins anew. */
  *steps(document: Document): Generator<undefined, Problem[]> {
    const { outline, lines } = document;
    if (outline.foreign || isOfAnotherArchitecture(document.uri)) return [];
    const scope = this.project.scope(document);
    const signature = `${this.features?.cpu ?? ''} ${scope.signature}`;
    let kept = this.#kept.get(document);
    if (kept?.signature !== signature) {
      kept = { signature, lines: new WeakMap() };
      this.#kept.set(document, kept);
    }
    const problems: Problem[] = [];
    let instructions = 0;
    let unknown = 0;
    let judged = 0;
    for (let n = 0; n < lines.length; n++) {
      const line = lines[n];
      if (line.statements.length === 0 || outline.activity[n] === 'no') continue;
      let found = kept.lines.get(line);
      if (!found) {
        found = this.#checkLine(line, scope);
        kept.lines.set(line, found);
        if (++judged % 200 === 0) yield;
      }
      if (line.statements[0].kind === 'instruction') instructions++;
      for (const problem of found) {
        if (problem.code === 'mnemonic') unknown++;
        // Under a condition of the build there may be code of another architecture.
        if (outline.activity[n] === 'maybe' && problem.severity === 'error') continue;
        // What stands in a macro may never be expanded, or only under conditions.
        if (outline.inMacro[n] === 1 && (scope.dynamicNames || problem.code === 'operands')) continue;
        problems.push({ line: n, ...problem });
      }
    }
    // A file in which every third mnemonic is unknown is written for another architecture.
    if (unknown >= 3 && unknown * 3 > instructions) return [];
    return problems;
  }

  #checkLine(line: Line, scope: Scope): readonly LineProblem[] {
    const problems: LineProblem[] = [];
    for (const statement of line.statements) {
      if (statement.kind !== 'instruction') continue;
      problems.push(...this.#checkStatement(statement, scope));
    }
    return problems.length > 0 ? problems : NOTHING;
  }

  #checkStatement({ name, operands }: Statement, scope: Scope): readonly LineProblem[] {
    if (!name || /[\\%@"]/.test(name.text) || /[\\%"@]/.test(operands.text)) return NOTHING;
    const mnemonic = name.text.toLowerCase();
    if (scope.macros.has(mnemonic) || scope.defines.has(name.text) || /^\.(req|unreq)\b/i.test(operands.text))
      return NOTHING;
    if (operands.text.startsWith('(')) return NOTHING;
    if (!isMnemonic(mnemonic)) {
      if (scope.incomplete || scope.dynamicNames) return NOTHING;
      return [problem(name.start, name.end, 'error', t('There is no instruction {0}.', name.text), 'mnemonic')];
    }
    for (const [word] of operands.text.matchAll(IDENTIFIER)) {
      if (scope.uncertain.has(word)) return NOTHING;
      const define = scope.defines.get(word);
      // What a macro of the preprocessor stands for is judged only where it is one plain word or number.
      if (
        define &&
        (define.functionLike || (scope.constant(word) === undefined && !/^[\w.]+$/.test(define.value ?? '\\')))
      ) {
        return NOTHING;
      }
    }
    const alias = (word: string): string | undefined => {
      let found: string | undefined;
      for (let name = word, depth = 0; depth < 8; depth++) {
        const define = scope.defines.get(name);
        const next = define && scope.constant(name) === undefined ? define.value : scope.registers.get(name);
        if (next === undefined) break;
        found = name = next;
      }
      return found;
    };
    if (namedOperands.has(mnemonic)) return this.#checkNames(mnemonic, operands, scope, alias);
    const tokens = tokenize(operands.text, operands.start, { lookup: scope.constant, alias });
    const complaint = checkOperands(mnemonic, tokens);
    const missing = tokens.find(token => token.kind === 'word' && NO_REGISTER.test(token.text));
    // Where an address stands, a symbol may have such a name.
    if (missing?.kind === 'word' && !scope.incomplete && !(ADDRESSES.test(mnemonic) && missing === tokens.at(-1))) {
      return [problem(missing.start, missing.end, 'error', t('There is no register {0}.', missing.text), 'register')];
    }
    if (!complaint) return NOTHING;
    if (complaint.token) {
      if (complaint.token.kind === 'word' && scope.incomplete) return NOTHING;
      return [problem(complaint.token.start, complaint.token.end, 'error', complaint.text, 'operands')];
    }
    // A name that nobody explains may stand for a register, or for several operands.
    const plain = tokens.every(token => token.kind !== 'word' || isKnownWord(token.text));
    if (
      !plain ||
      tokens.some(token => token.kind === 'number' && token.value === undefined && token.real === undefined)
    ) {
      return NOTHING;
    }
    const end = Math.max(operands.end, name.end);
    return [problem(name.start, end, 'error', complaint.text, 'operands')];
  }

  #checkNames(
    mnemonic: string,
    operands: { readonly text: string; readonly start: number },
    scope: Scope,
    alias: (word: string) => string | undefined,
  ): readonly LineProblem[] {
    const parts = splitOperands(operands.text);
    const texts = parts.map(({ text }) => alias(text) ?? text);
    return checkNamedOperands(mnemonic, texts, this.features)
      .filter(({ severity }) => severity === 'warning' || !scope.incomplete)
      .map(({ operand, severity, text }) => {
        const part = parts[operand] ?? { text: '', start: 0 };
        const start = operands.start + part.start;
        return problem(start, start + part.text.length, severity, text, 'name');
      });
  }
}

const KNOWN_WORD = /^(lsl|lsr|asr|ror|msl|[us]xt[bhwx]|eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le|al|nv)$/;
const isKnownWord = (word: string): boolean => KNOWN_WORD.test(word);

function problem(
  start: number,
  end: number,
  severity: Problem['severity'],
  text: string,
  code: DiagnosticCode,
): LineProblem {
  return { start, end, severity, text, code };
}

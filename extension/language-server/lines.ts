/** One line of A64 assembly as GNU as and the C preprocessor read it. Nothing here looks beyond the line and its state. */

/** What goes on from the line before: bit 0 a block comment, bit 1 a line that ended with a backslash. */
export type LineState = number;
const IN_COMMENT = 1;
const CONTINUED = 2;

export interface Span {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export interface Statement {
  readonly labels: readonly Span[];
  /** Mnemonic, name of a directive with its dot, or the symbol of an assignment; undefined for labels alone. */
  readonly name?: Span;
  readonly kind: 'instruction' | 'directive' | 'assignment' | 'none';
  /** What follows the name, without comments. */
  readonly operands: Span;
}

/** `#define NAME body`, `#include "file"`, `#if expression`. */
export interface Preprocessing {
  readonly name: string;
  readonly rest: Span;
}

export interface Line {
  readonly text: string;
  readonly before: LineState;
  readonly after: LineState;
  /** The text with comments blanked, place by place. */
  readonly code: string;
  readonly statements: readonly Statement[];
  readonly preprocessing?: Preprocessing;
}

const LABEL = /^(\s*)([A-Za-z_.$\\][\w.$\\@]*(?:\\?\(\))?[\w.$\\@]*|\d+|"[^"]*")\s*:(?!:)/;
const NAME = /^(\s*)([A-Za-z_.$\\%][\w.$\\@%]*(?:\\\(\)[\w.$\\@]*)*)/;
const NONE: readonly Statement[] = [];

/** Blanks comments. Quotes hide them; a quote that the line does not close ends with it. */
function blankComments(text: string, state: LineState): { code: string; comment: boolean } {
  let comment = (state & IN_COMMENT) !== 0;
  if (!comment && !text.includes('/')) return { code: text, comment };
  let code = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    if (comment) {
      if (text[i] === '*' && text[i + 1] === '/') {
        comment = false;
        code += '  ';
        i++;
      } else code += ' ';
    } else if (quoted) {
      code += text[i];
      if (text[i] === '\\') code += text[++i] ?? '';
      else if (text[i] === '"') quoted = false;
    } else if (text[i] === '/' && text[i + 1] === '*') {
      comment = true;
      code += '  ';
      i++;
    } else if (text[i] === '/' && text[i + 1] === '/') {
      return { code: code + ' '.repeat(text.length - i), comment };
    } else {
      if (text[i] === '"' && text[i - 1] !== "'") quoted = true;
      code += text[i];
    }
  }
  return { code, comment };
}

function statementsOf(code: string): readonly Statement[] {
  if (code.trim() === '') return NONE;
  const found: Statement[] = [];
  for (let from = 0; from <= code.length; ) {
    let end = from;
    for (let quoted = false; end < code.length; end++) {
      if (quoted && code[end] === '\\') end++;
      else if (code[end] === '"' && code[end - 1] !== "'") quoted = !quoted;
      else if (code[end] === ';' && !quoted && code[end - 1] !== "'") break;
    }
    const statement = statementOf(code.slice(from, end), from);
    if (statement) found.push(statement);
    from = end + 1;
  }
  return found;
}

function statementOf(source: string, offset: number): Statement | undefined {
  const labels: Span[] = [];
  let text = source;
  let at = offset;
  for (let label = LABEL.exec(text); label; label = LABEL.exec(text)) {
    const start = at + label[1].length;
    labels.push({ text: label[2].replace(/^"|"$/g, ''), start, end: start + label[2].length });
    text = text.slice(label[0].length);
    at += label[0].length;
  }
  const name = NAME.exec(text);
  const blank: Span = { text: '', start: at + text.length, end: at + text.length };
  if (!name) {
    // Something that begins with no name, such as a macro's argument: nothing is known about it.
    return labels.length > 0 || text.trim() !== '' ? { labels, kind: 'none', operands: blank } : undefined;
  }
  const start = at + name[1].length;
  const span: Span = { text: name[2], start, end: start + name[2].length };
  const rest = text.slice(name[0].length);
  const lead = rest.length - rest.trimStart().length;
  const operands: Span = { text: rest.trim(), start: span.end + lead, end: span.end + rest.trimEnd().length };
  if (/^==?(?!=)/.test(operands.text)) return { labels, name: span, kind: 'assignment', operands };
  return { labels, name: span, kind: name[2].startsWith('.') ? 'directive' : 'instruction', operands };
}

/** Reads one line. */
export function parseLine(text: string, before: LineState): Line {
  const { code, comment } = blankComments(text, before);
  const open = comment ? IN_COMMENT : 0;
  const goesOn = /\\\s*$/.test(code) && !comment;
  if (before & CONTINUED) {
    return { text, before, after: open | (goesOn ? CONTINUED : 0), code, statements: NONE };
  }
  const directive = /^\s*#\s*([a-z_]+)?(.*)$/.exec(code);
  if (directive) {
    const name = directive[1] ?? '';
    const known =
      /^(define|undef|include|include_next|if|ifdef|ifndef|elif|else|endif|error|warning|pragma|line)$/.test(name);
    const restText = directive[2];
    const start = code.length - restText.length + (restText.length - restText.trimStart().length);
    const rest: Span = { text: restText.trim().replace(/\\$/, ''), start, end: code.trimEnd().length };
    const after = open | (known && goesOn ? CONTINUED : 0);
    // A line that begins with # is a comment for GNU as itself.
    return { text, before, after, code, statements: NONE, ...(known ? { preprocessing: { name, rest } } : {}) };
  }
  // The preprocessor joins lines; what spans several is not judged, for its operands hold the backslash.
  return { text, before, after: open | (goesOn ? CONTINUED : 0), code, statements: statementsOf(code) };
}

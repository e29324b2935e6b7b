/** Where names are defined and used; outline and folding. */

import { t } from '../l10n.ts';
import type { Definition, Document, Position, Range } from './document.ts';
import type { Span } from './lines.ts';
import { isAssembly, type Located, type Project } from './project.ts';

export interface Place {
  readonly uri: string;
  readonly range: Range;
}

const range = (line: number, start: number, end: number): Range => ({
  start: { line, character: start },
  end: { line, character: end },
});
const placeOf = ({ uri, line, start, end }: Located): Place => ({ uri, range: range(line, start, end) });

/** Where the name at a place is defined; for `1f` and `1b` the label that they mean, for an include its file. */
export function definitionsAt(project: Project, document: Document, position: Position): Place[] {
  const include = document.outline.includes.find(
    ({ line, start, end }) => line === position.line && position.character >= start && position.character <= end,
  );
  if (include) {
    const uri = project.includedFile(document.uri, include);
    return uri === undefined ? [] : [{ uri, range: range(0, 0, 0) }];
  }
  const word = document.wordAt(position);
  if (!word) return [];
  const numeric = numericTarget(document, position.line, word);
  if (numeric) return [{ uri: document.uri, range: range(numeric.line, numeric.start, numeric.end) }];
  if (/^\d/.test(word.text)) return [];
  const found = project.definitions(document, word.text);
  if (found.length > 0) return found.map(placeOf);
  // Macros are named in any case.
  const lower = word.text.toLowerCase();
  const macros = [...project.documents()].flatMap(one =>
    one.outline.definitions
      .filter(({ kind, name }) => kind === 'macro' && name.toLowerCase() === lower)
      .map(definition => ({ ...definition, uri: one.uri })),
  );
  return macros.map(placeOf);
}

/** The label that `1f` or `1b` means on a line, or the numeric label that stands there itself. */
function numericTarget(document: Document, line: number, word: Span): Definition | undefined {
  const reference = /^(\d+)([fb])$/.exec(word.text);
  const labels = document.outline.byName
    .get(reference ? reference[1] : word.text)
    ?.filter(({ kind }) => kind === 'numeric');
  if (!labels) return undefined;
  if (!reference) return labels.find(one => one.line === line && one.start === word.start);
  if (reference[2] === 'f') return labels.find(one => one.line > line || (one.line === line && one.start > word.start));
  return labels.filter(one => one.line < line || (one.line === line && one.start < word.start)).at(-1);
}

const escaped = (text: string): string => text.replace(/[.$\\]/g, '\\$&');

/** Occurrences of a name in code, not in comments, strings or included paths. */
function occurrences(document: Document, name: string): Range[] {
  const found: Range[] = [];
  const pattern = new RegExp(`(?<![\\w.$])${escaped(name)}(?![\\w$])`, 'g');
  document.lines.forEach(({ code }, n) => {
    if (!code.includes(name)) return;
    if (/^\s*#\s*include/.test(code)) return;
    const strings = [...code.matchAll(/"(?:\\.|[^"\\])*"/g)].map(one => [one.index, one.index + one[0].length]);
    for (const one of code.matchAll(pattern)) {
      const end = one.index + name.length;
      if (strings.some(([a, b]) => one.index > a && end < b)) continue;
      // `name.size` is another name, but `name.` at the end is not.
      if (code[end] === '.' && /\w/.test(code[end + 1] ?? '')) continue;
      found.push(range(n, one.index, end));
    }
  });
  return found;
}

/** Every place that names what the word at a place names, the definition first in its file. */
export function referencesAt(project: Project, document: Document, position: Position): Place[] {
  const word = document.wordAt(position);
  if (!word) return [];
  const target = numericTarget(document, position.line, word);
  if (target) return numericReferences(document, target);
  if (/^\d/.test(word.text)) return [];
  const definitions = project.definitions(document, word.text);
  // A local name (.L…) and one of the preprocessor stay in their file and in what includes it.
  const files = new Set<Document>(
    word.text.startsWith('.L')
      ? [document]
      : definitions.length > 0
        ? [...project.documents()].filter(one => isAssembly(one.uri) || definitions.some(({ uri }) => uri === one.uri))
        : [document],
  );
  files.add(document);
  return [...files].flatMap(one => occurrences(one, word.text).map(found => ({ uri: one.uri, range: found })));
}

function numericReferences(document: Document, target: Definition): Place[] {
  const places: Place[] = [{ uri: document.uri, range: range(target.line, target.start, target.end) }];
  document.lines.forEach(({ code }, n) => {
    for (const one of code.matchAll(new RegExp(`(?<![\\w.$])${target.name}([fb])(?![\\w$])`, 'g'))) {
      const word: Span = { text: one[0], start: one.index, end: one.index + one[0].length };
      if (numericTarget(document, n, word) === target)
        places.push({ uri: document.uri, range: range(n, word.start, word.end - 1) });
    }
  });
  return places;
}

/** What would be renamed at a place; a sentence where nothing can be. */
export function renameable(project: Project, document: Document, position: Position): Range | string {
  const word = document.wordAt(position);
  if (!word) return t('There is no name here.');
  const numeric = numericTarget(document, position.line, word);
  const end = numeric && /[fb]$/.test(word.text) ? word.end - 1 : word.end;
  if (!numeric && project.definitions(document, word.text).length === 0) {
    return t('{0} is defined in no file of this workspace.', word.text);
  }
  return range(position.line, word.start, end);
}

/** Throws a sentence for a name that cannot be one. */
export function renameAt(project: Project, document: Document, position: Position, name: string): Place[] {
  const word = document.wordAt(position);
  const numeric = word && numericTarget(document, position.line, word);
  const allowed = numeric ? /^\d+$/ : /^[A-Za-z_.$][\w.$]*$/;
  if (!allowed.test(name))
    throw new Error(
      numeric
        ? t('"{0}" is no name for a local label: use a number.', name)
        : t('"{0}" is no name for a symbol.', name),
    );
  if (numeric && name !== numeric.name && document.outline.byName.has(name)) {
    throw new Error(t('There is a label {0} in this file already: references to it could change their meaning.', name));
  }
  return referencesAt(project, document, position);
}

export interface OutlineEntry {
  readonly name: string;
  readonly detail: string;
  readonly kind: Definition['kind'];
  readonly range: Range;
  readonly selection: Range;
}

/** Labels with the lines up to the next one, macros with their bodies, constants. Local labels are left out. */
export function outlineEntries(document: Document): OutlineEntry[] {
  const { definitions } = document.outline;
  const shown = definitions.filter(({ kind, name }) => kind !== 'numeric' && !(kind === 'label' && /^\.L/.test(name)));
  const labels = shown.filter(({ kind }) => kind === 'label').sort((a, b) => a.line - b.line);
  const next = new Map(labels.map((label, n) => [label, labels[n + 1]?.line ?? document.lines.length]));
  return shown.map(definition => {
    const { kind, name, line, start, end, value } = definition;
    const last =
      definition.endLine ?? (kind === 'label' ? Math.max(line, (next.get(definition) ?? line + 1) - 1) : line);
    return {
      name,
      detail: kind === 'label' ? '' : (value ?? '').slice(0, 60),
      kind,
      range: { start: { line, character: 0 }, end: { line: last, character: document.lines[last].text.length } },
      selection: range(line, start, end),
    };
  });
}

/** Lines that can be folded: macros, repetitions, conditions, block comments, and the code below a label. */
export function foldingRanges(
  document: Document,
): { readonly start: number; readonly end: number; readonly comment?: boolean }[] {
  const ranges: { start: number; end: number; comment?: boolean }[] = [...document.outline.blocks];
  const { lines } = document;
  for (let n = 0; n < lines.length; n++) {
    if (lines[n].after & 1 && !(lines[n].before & 1)) {
      let end = n + 1;
      while (end < lines.length - 1 && lines[end].after & 1) end++;
      if (end > n) ranges.push({ start: n, end, comment: true });
    }
  }
  for (const { kind, range: whole } of outlineEntries(document)) {
    if (kind !== 'label') continue;
    let end = whole.end.line;
    while (end > whole.start.line && lines[end].code.trim() === '') end--;
    if (end > whole.start.line) ranges.push({ start: whole.start.line, end });
  }
  return ranges;
}

/** The language server over a connection: messages in, the functions of this folder, messages out. Runs anywhere. */

import {
  type CompletionItem,
  CompletionItemKind,
  CompletionList,
  type Connection,
  type Diagnostic,
  DiagnosticSeverity,
  type DocumentSymbol,
  FoldingRangeKind,
  type InlayHint,
  InlayHintKind,
  type Location,
  ResponseError,
  SymbolKind,
  TextDocumentSyncKind,
} from 'vscode-languageserver';
import { isMnemonic } from '../../simulator/arch/assembly/mnemonics.ts';
import { operationsByMnemonic, pstateFields, systemName } from '../../simulator/arch/assembly/names.ts';
import { createFeatures, type Features } from '../../simulator/arch/features.ts';
import type { RegisterRow } from '../../simulator/arch/registers/index.ts';
import { t, useTexts } from '../l10n.ts';
import { checkC, completionsInC, registerInC } from './c-source.ts';
import { type Completion, type CompletionKind, completionsAt, documentationOf } from './completion.ts';
import { describeInstruction, describeOperation, describeRegister } from './describe.ts';
import { Checker, type Problem } from './diagnostics.ts';
import { type Document, type Position, wordAt } from './document.ts';
import { constantHints, questionsIn, verdict } from './hints.ts';
import {
  FIND_FILES,
  LIVE_VALUES,
  type LiveValuesResult,
  MACHINE_CHANGED,
  READ_FILE,
  type Settings,
  WOULD,
  type WouldResult,
} from './messages.ts';
import { definitionsAt, foldingRanges, outlineEntries, referencesAt, renameAt, renameable } from './navigation.ts';
import { Project } from './project.ts';

const ITEM_KINDS: Readonly<Record<CompletionKind, CompletionItemKind>> = {
  mnemonic: CompletionItemKind.Function,
  register: CompletionItemKind.Variable,
  field: CompletionItemKind.EnumMember,
  keyword: CompletionItemKind.Keyword,
  label: CompletionItemKind.Reference,
  macro: CompletionItemKind.Snippet,
  constant: CompletionItemKind.Constant,
  directive: CompletionItemKind.Keyword,
};

const SYMBOL_KINDS = {
  label: SymbolKind.Function,
  numeric: SymbolKind.Function,
  macro: SymbolKind.Method,
  constant: SymbolKind.Constant,
  define: SymbolKind.Constant,
  register: SymbolKind.Variable,
} as const;

/** After the last keystroke, before a file is judged. */
const PAUSE = 150;

/** More than these help nobody. */
const MOST_PROBLEMS = 1000;

const DEFAULTS: Settings = { cpu: '', diagnostics: true, inlayHints: true, includeFolders: [] };

/** Serves a connection until it closes. */
export function serve(connection: Connection): void {
  const host = {
    read: async (uri: string) => (await connection.sendRequest<string | null>(READ_FILE, { uri })) ?? undefined,
    find: (glob: string) => connection.sendRequest<string[]>(FIND_FILES, { glob }),
  };
  const project = new Project(host);
  const checker = new Checker(project, undefined);
  /** C and C++ files, as they are: they are read line by line when asked about. */
  const sources = new Map<string, Document>();
  const waiting = new Map<string, ReturnType<typeof setTimeout>>();
  let settings: Settings = DEFAULTS;
  let loaded: Promise<void> | undefined;

  const apply = (given: Partial<Settings> | undefined): void => {
    settings = { ...DEFAULTS, ...given };
    project.includeFolders = settings.includeFolders;
    useTexts(settings.texts);
    checker.features = featuresOf(settings.cpu);
  };
  const featuresOf = (cpu: string): Features | undefined => {
    if (cpu.trim() === '') return undefined;
    const [model, ...switches] = cpu.trim().split(/[\s,]+|(?=[+])/);
    try {
      return createFeatures(model, switches);
    } catch (error) {
      connection.console.warn(`hyperstep.language.cpu: ${error instanceof Error ? error.message : error}`);
      return undefined;
    }
  };
  const assembly = (uri: string): Document | undefined => (sources.has(uri) ? undefined : project.get(uri));

  const loadOnce = (): Promise<void> => {
    loaded ??= project.loadWorkspace().catch(() => undefined);
    return loaded;
  };

  connection.onInitialize(({ initializationOptions }) => {
    apply(initializationOptions as Partial<Settings> | undefined);
    return {
      serverInfo: { name: 'Hyperstep A64' },
      capabilities: {
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
        hoverProvider: true,
        completionProvider: { resolveProvider: true, triggerCharacters: ['.', '#'] },
        definitionProvider: true,
        referencesProvider: true,
        renameProvider: { prepareProvider: true },
        documentSymbolProvider: true,
        workspaceSymbolProvider: true,
        foldingRangeProvider: true,
        inlayHintProvider: true,
      },
    };
  });

  connection.onDidChangeConfiguration(({ settings: given }) => {
    apply(given as Partial<Settings> | undefined);
    for (const document of project.openDocuments) check(document, 0);
    refreshHints();
  });

  connection.onDidOpenTextDocument(({ textDocument: { uri, languageId, text } }) => {
    if (languageId !== 'a64') {
      sources.set(uri, project.open(uri, text));
      check(project.get(uri) as Document, 0);
      return;
    }
    const document = project.open(uri, text);
    // Names may come from other files: these are read first.
    void Promise.all([loadOnce(), project.loadIncludes(document)]).then(() => check(document, 0));
  });

  connection.onDidChangeTextDocument(({ textDocument: { uri }, contentChanges }) => {
    const document = project.get(uri);
    if (!document) return;
    const includes = sources.has(uri) ? '' : document.outline.includes.map(({ path }) => path).join();
    for (const change of contentChanges) {
      if ('range' in change && change.range) document.edit(change.range, change.text);
      else
        document.edit(
          { start: { line: 0, character: 0 }, end: { line: Number.MAX_SAFE_INTEGER, character: 0 } },
          change.text,
        );
    }
    check(document, PAUSE);
    if (sources.has(uri)) return;
    if (document.outline.includes.map(({ path }) => path).join() !== includes) {
      void project.loadIncludes(document).then(() => check(document, 0));
    }
  });

  connection.onDidCloseTextDocument(({ textDocument: { uri } }) => {
    clearTimeout(waiting.get(uri));
    waiting.delete(uri);
    sources.delete(uri);
    project.close(uri);
    void connection.sendDiagnostics({ uri, diagnostics: [] });
  });

  connection.onDidChangeWatchedFiles(({ changes }) => {
    for (const { uri } of changes) project.changed(uri);
    for (const document of project.openDocuments) {
      if (!sources.has(document.uri)) void project.loadIncludes(document).then(() => check(document, PAUSE));
    }
  });

  connection.onNotification(MACHINE_CHANGED, refreshHints);

  function refreshHints(): void {
    void connection.languages.inlayHint.refresh().catch(() => undefined);
  }

  function check(document: Document, delay: number): void {
    const { uri } = document;
    clearTimeout(waiting.get(uri));
    waiting.set(
      uri,
      setTimeout(() => void judge(document), delay),
    );
  }

  /** Judges a file a few milliseconds at a time, so that what the user asks for is answered in between. */
  async function judge(document: Document): Promise<void> {
    const { uri, edits } = document;
    waiting.delete(uri);
    const report = (problems: readonly Problem[]): void => {
      void connection.sendDiagnostics({ uri, diagnostics: problems.slice(0, MOST_PROBLEMS).map(diagnosticOf) });
    };
    if (project.get(uri) !== document) return;
    if (!settings.diagnostics) return report([]);
    if (sources.has(uri)) return report(checkC(document.text, checker.features));
    const steps = checker.steps(document);
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done) return report(step.value);
      await new Promise(resolve => setTimeout(resolve, 0));
      // An edit, or a newer check, makes this one needless.
      if (project.get(uri) !== document || document.edits !== edits || waiting.has(uri)) return;
    }
  }

  /** The value of a register in the stopped machine. */
  async function live(row: RegisterRow): Promise<{ value: bigint; from: string; e2h: boolean } | undefined> {
    if (row.read === undefined) return undefined;
    const answer = await connection
      .sendRequest<LiveValuesResult | null>(LIVE_VALUES, { registers: [row.name, 'HCR_EL2'] })
      .catch(() => null);
    const value = answer?.values[row.name];
    if (!answer || value === undefined) return undefined;
    const e2h = ((BigInt(answer.values['HCR_EL2'] ?? 0) >> 34n) & 1n) === 1n;
    return { value: BigInt(value), from: answer.from, e2h };
  }

  connection.onHover(async ({ textDocument: { uri }, position }) => {
    const document = project.get(uri);
    const line = document?.lines[position.line];
    const word = line && wordAt(line.text, position.character);
    if (!document || !word) return null;
    const answer = (value: string | undefined) =>
      value === undefined
        ? null
        : {
            contents: { kind: 'markdown' as const, value },
            range: {
              start: { line: position.line, character: word.start },
              end: { line: position.line, character: word.end },
            },
          };
    const register = async (row: RegisterRow) => {
      const value = await live(row);
      return answer(describeRegister(row, value, value?.e2h));
    };
    if (sources.has(uri)) {
      const row = registerInC(line.text, word);
      return row ? register(row) : null;
    }
    if (line.code.slice(word.start, word.end).trim() === '') return null; // In a comment.
    const statement = line.statements.find(
      ({ name, operands }) => name && word.start >= name.start && word.end <= Math.max(name.end, operands.end),
    );
    const mnemonic = statement?.name?.text.toLowerCase() ?? '';
    if (statement?.kind === 'instruction') {
      if (word.start === statement.name?.start) {
        const macro = definitionText(project, document, word.text, 'macro');
        if (macro) return answer(macro);
        if (isMnemonic(mnemonic)) return answer(describeInstruction(mnemonic, statement.operands.text));
      }
      const operation = operationsByMnemonic
        .get(mnemonic)
        ?.find(row => row.name === `${mnemonic} ${word.text}`.toUpperCase());
      if (operation) return answer(describeOperation(operation));
      const field = mnemonic === 'msr' ? pstateFields.get(word.text.toLowerCase()) : undefined;
      if (field && !/,\s*[xw]/i.test(statement.operands.text))
        return answer(`**PSTATE.${word.text.toUpperCase()}** ${field.does}`);
    }
    const known = systemName(word.text);
    if (known?.kind === 'register') return register(known.row);
    if (known?.kind === 'later')
      return answer(
        t('**{0}** belongs to {1}, which no PE of this machine has.', word.text.toUpperCase(), known.extension),
      );
    return answer(definitionText(project, document, word.text));
  });

  connection.onCompletion(({ textDocument: { uri }, position }) => {
    const document = project.get(uri);
    if (!document) return null;
    const found = sources.has(uri)
      ? completionsInC(document.lines[position.line]?.text ?? '', position)
      : completionsAt(project, document, position);
    const word = wordAt(document.lines[position.line]?.text ?? '', position.character);
    const start = word && word.start < position.character ? word.start : position.character;
    return CompletionList.create(found.map(one => itemOf(one, position, start)));
  });

  connection.onCompletionResolve(item => {
    const value = typeof item.data === 'string' ? documentationOf(item.data) : undefined;
    return value === undefined ? item : { ...item, documentation: { kind: 'markdown', value } };
  });

  connection.onDefinition(({ textDocument: { uri }, position }) => {
    const document = assembly(uri);
    return document ? (definitionsAt(project, document, position) as Location[]) : null;
  });
  connection.onReferences(({ textDocument: { uri }, position }) => {
    const document = assembly(uri);
    return document ? (referencesAt(project, document, position) as Location[]) : null;
  });
  connection.onPrepareRename(({ textDocument: { uri }, position }) => {
    const document = assembly(uri);
    if (!document) return null;
    const found = renameable(project, document, position);
    if (typeof found === 'string') throw new ResponseError(-32803, found);
    return found;
  });
  connection.onRenameRequest(({ textDocument: { uri }, position, newName }) => {
    const document = assembly(uri);
    if (!document) return null;
    const changes: Record<string, { range: Location['range']; newText: string }[]> = {};
    try {
      for (const place of renameAt(project, document, position, newName)) {
        changes[place.uri] ??= [];
        changes[place.uri].push({ range: place.range as Location['range'], newText: newName });
      }
    } catch (error) {
      throw new ResponseError(-32803, error instanceof Error ? error.message : String(error));
    }
    return { changes };
  });

  connection.onDocumentSymbol(({ textDocument: { uri } }) => {
    const document = assembly(uri);
    if (!document) return null;
    return outlineEntries(document).map(
      ({ name, detail, kind, range, selection }): DocumentSymbol => ({
        name,
        detail,
        kind: SYMBOL_KINDS[kind],
        range: range as DocumentSymbol['range'],
        selectionRange: selection as DocumentSymbol['range'],
      }),
    );
  });

  connection.onWorkspaceSymbol(async ({ query }) => {
    await loadOnce();
    const wanted = query.toLowerCase();
    return [...project.documents()]
      .filter(document => !sources.has(document.uri))
      .flatMap(document =>
        outlineEntries(document)
          .filter(({ name }) => name.toLowerCase().includes(wanted))
          .map(({ name, kind, selection }) => ({
            name,
            kind: SYMBOL_KINDS[kind],
            location: { uri: document.uri, range: selection as Location['range'] },
          })),
      )
      .slice(0, 500);
  });

  connection.onFoldingRanges(({ textDocument: { uri } }) => {
    const document = assembly(uri);
    if (!document) return null;
    return foldingRanges(document).map(({ start, end, comment }) => ({
      startLine: start,
      endLine: end,
      ...(comment ? { kind: FoldingRangeKind.Comment } : {}),
    }));
  });

  connection.languages.inlayHint.on(async ({ textDocument: { uri }, range }) => {
    const document = assembly(uri);
    if (!document || !settings.inlayHints) return [];
    const [from, to] = [range.start.line, range.end.line];
    const hints: InlayHint[] = constantHints(project, document, from, to).map(({ line, character, text, tooltip }) => ({
      position: { line, character },
      label: text,
      tooltip,
      paddingLeft: true,
      kind: InlayHintKind.Parameter,
    }));
    const questions = questionsIn(document, from, to);
    if (questions.length === 0) return hints;
    const answers = await connection
      .sendRequest<WouldResult>(WOULD, { uri, questions: questions.map(({ question }) => question) })
      .catch(() => null);
    questions.forEach(({ line, character }, n) => {
      const answer = answers?.[n];
      const text = answer ? verdict(answer) : undefined;
      if (!answer || !text) return;
      hints.push({
        position: { line, character },
        label: text,
        tooltip: answer,
        paddingLeft: true,
        kind: InlayHintKind.Parameter,
      });
    });
    return hints;
  });

  connection.listen();
}

function diagnosticOf({ line, start, end, severity, text, code }: Problem): Diagnostic {
  return {
    range: { start: { line, character: start }, end: { line, character: end } },
    severity: severity === 'error' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
    message: text,
    code,
    source: 'hyperstep',
  };
}

function itemOf({ label, kind, detail, insert, about }: Completion, position: Position, start: number): CompletionItem {
  return {
    label,
    kind: ITEM_KINDS[kind],
    ...(detail ? { detail } : {}),
    ...(about ? { data: about } : {}),
    // Fields of a constant come first.
    ...(kind === 'field' ? { sortText: `0${label}`, filterText: insert } : {}),
    textEdit: { range: { start: { line: position.line, character: start }, end: position }, newText: insert ?? label },
  };
}

/** A macro with its parameters, a constant with its value, a label with its place. */
function definitionText(project: Project, document: Document, name: string, only?: 'macro'): string | undefined {
  const found = project.definitions(document, name).find(({ kind }) => only === undefined || kind === only);
  if (!found) return undefined;
  const file = decodeURIComponent(found.uri.replace(/^.*\//, ''));
  const where = t('{0}, line {1}', file, found.line + 1);
  const code = (text: string): string => `\`\`\`a64\n${text}\n\`\`\``;
  switch (found.kind) {
    case 'macro':
      return `${code(`.macro ${found.name} ${found.value ?? ''}`.trim())}\n\n${where}`;
    case 'define':
      return `${code(`#define ${found.name} ${found.value ?? ''}`.trim())}\n\n${where}`;
    case 'constant': {
      const value = project.scope(document).constant(found.name);
      const number = value === undefined ? '' : ` = ${value} (0x${BigInt.asUintN(64, value).toString(16)})`;
      return `${code(`.equ ${found.name}, ${found.value ?? ''}`)}\n\n${where}${number}`;
    }
    case 'register':
      return `${code(`${found.name} .req ${found.value ?? ''}`)}\n\n${where}`;
    default:
      return `**${found.name}** ${where}`;
  }
}

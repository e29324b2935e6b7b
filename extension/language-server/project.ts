/** The files of a workspace: those that are open, those that they include, and those that define what they use. */

import { constantOf } from '../../simulator/arch/assembly/expression.ts';
import { type Definition, Document, type Include } from './document.ts';

/** What the server asks of its surroundings. Both may fail by answering with nothing. */
export interface Host {
  /** Contents of a file; undefined when there is none or it is too large. */
  readonly read: (uri: string) => Promise<string | undefined>;
  /** URIs of files in the workspace that match a glob pattern. */
  readonly find: (glob: string) => Promise<readonly string[]>;
}

export interface Located extends Definition {
  readonly uri: string;
}

/** What a file can see: its own names, those of what it includes, and macros anywhere in the workspace. */
export interface Scope {
  readonly macros: ReadonlySet<string>;
  readonly defines: ReadonlyMap<string, Definition>;
  /** Names that stand for one thing or another, depending on the build. */
  readonly uncertain: ReadonlySet<string>;
  readonly registers: ReadonlyMap<string, string>;
  readonly constant: (name: string) => bigint | undefined;
  /** Something is included that was not found: names may come from there. */
  readonly incomplete: boolean;
  readonly dynamicNames: boolean;
  /** Changes when the same line may be judged otherwise. */
  readonly signature: string;
}

/** Files whose labels other files can name. */
export const isAssembly = (uri: string): boolean => /\.(s|S|a64|inc|asm|macro)$/.test(uri);

/** A file and what it includes. */
export interface Reach {
  readonly documents: readonly Document[];
  /** Of each, whether it is included only under a condition. */
  readonly uncertain: ReadonlyMap<Document, boolean>;
  readonly incomplete: boolean;
}

const keyOf = (from: string, include: Include): string =>
  `${include.system ? '' : from.replace(/[^/]*$/, '')}|${include.path}`;

export class Project {
  readonly #open = new Map<string, Document>();
  readonly #loaded = new Map<string, Document | undefined>();
  readonly #loading = new Map<string, Promise<void>>();
  readonly #resolved = new Map<string, string | undefined>();
  /** Includes that several files answer equally well. */
  readonly #ambiguous = new Set<string>();
  #files: readonly string[] | undefined;
  #headers: readonly string[] | undefined;
  #workspaceMacros: { key: number; names: ReadonlySet<string> } | undefined;
  #version = 0;

  constructor(
    private readonly host: Host,
    /** Folders in which includes are looked for, as URIs without a slash at the end. */
    public includeFolders: readonly string[] = [],
  ) {}

  open(uri: string, text: string): Document {
    const document = new Document(uri, text);
    this.#open.set(uri, document);
    this.#version++;
    return document;
  }

  close(uri: string): void {
    this.#open.delete(uri);
    this.#version++;
  }

  /** The file was changed, made or removed outside of the editor. */
  changed(uri: string): void {
    this.#loaded.delete(uri);
    this.#resolved.clear();
    this.#ambiguous.clear();
    this.#files = undefined;
    this.#headers = undefined;
    this.#version++;
  }

  get(uri: string): Document | undefined {
    return this.#open.get(uri) ?? this.#loaded.get(uri);
  }

  get openDocuments(): Iterable<Document> {
    return this.#open.values();
  }

  /** Every assembly file that is known by now. */
  *documents(): Iterable<Document> {
    yield* this.#open.values();
    for (const [uri, document] of this.#loaded) if (document && !this.#open.has(uri)) yield document;
  }

  async #load(uri: string): Promise<Document | undefined> {
    const known = this.get(uri);
    if (known || this.#loaded.has(uri)) return known;
    let loading = this.#loading.get(uri);
    if (!loading) {
      loading = this.host.read(uri).then(
        text => {
          this.#loaded.set(uri, text === undefined ? undefined : new Document(uri, text));
          this.#version++;
        },
        () => void this.#loaded.set(uri, undefined),
      );
      this.#loading.set(uri, loading);
    }
    await loading;
    this.#loading.delete(uri);
    return this.get(uri);
  }

  /** Reads what a file includes, and what that includes. Afterwards `scope` knows their names. */
  async loadIncludes(document: Document): Promise<void> {
    const seen = new Set<string>([document.uri]);
    const todo = [document];
    for (let next = todo.pop(); next && seen.size < 300; next = todo.pop()) {
      for (const include of next.outline.includes) {
        const uri = await this.#resolve(next.uri, include);
        if (uri === undefined || seen.has(uri)) continue;
        seen.add(uri);
        const included = await this.#load(uri);
        if (included) todo.push(included);
      }
    }
  }

  /** Reads the assembly files of the workspace, for names that are defined in another file. */
  async loadWorkspace(): Promise<void> {
    this.#files ??= (await this.host.find('**/*.{S,s,a64}')).slice(0, 500);
    for (const uri of this.#files) await this.#load(uri);
  }

  async #resolve(from: string, include: Include): Promise<string | undefined> {
    const key = keyOf(from, include);
    if (this.#resolved.has(key)) return this.#resolved.get(key);
    const candidates = this.includeFolders.map(folder => join(folder, include.path));
    if (!include.system) candidates.unshift(join(from.replace(/\/[^/]*$/, ''), include.path));
    let found: string | undefined;
    for (const candidate of candidates) {
      if (await this.#load(candidate)) {
        found = candidate;
        break;
      }
    }
    if (found === undefined) {
      // A header of the workspace at this path under any folder, if there is but one.
      this.#headers ??= (await this.host.find('**/*.{h,inc,S,s,macro}')).slice(0, 20_000);
      const suffix = `/${include.path.replace(/^(\.\.?\/)+/, '')}`;
      const matches = this.#headers.filter(uri => uri.endsWith(suffix));
      matches.sort((a, b) => shared(b, from) - shared(a, from) || a.length - b.length);
      const [nearest, next] = matches;
      if (next !== undefined && shared(next, from) === shared(nearest, from)) this.#ambiguous.add(key);
      if (nearest !== undefined && (await this.#load(nearest))) found = nearest;
    }
    this.#resolved.set(key, found);
    return found;
  }

  /** The file that an include names, when it was found. */
  includedFile(from: string, include: Include): string | undefined {
    return this.#resolved.get(keyOf(from, include));
  }

  /** A file and everything that it includes, as far as it was loaded. */
  reach(document: Document): Reach {
    const seen = new Map<Document, boolean>([[document, false]]);
    let incomplete = false;
    for (const [one, uncertain] of seen) {
      for (const include of one.outline.includes) {
        const uri = this.includedFile(one.uri, include);
        const included = uri === undefined ? undefined : this.get(uri);
        if (!included || this.#ambiguous.has(keyOf(one.uri, include))) incomplete = true;
        if (included && !seen.has(included)) seen.set(included, uncertain || include.uncertain);
      }
    }
    return { documents: [...seen.keys()], uncertain: seen, incomplete };
  }

  scope(document: Document): Scope {
    const { documents, uncertain: conditional, incomplete } = this.reach(document);
    const macros = new Set<string>(this.#macrosOfWorkspace());
    const defines = new Map<string, Definition>();
    const constants = new Map<string, Definition | undefined>();
    const registers = new Map<string, string>();
    const uncertain = new Set<string>();
    let dynamicNames = false;
    for (const one of documents) {
      dynamicNames ||= one.outline.dynamicNames;
      for (const definition of one.outline.definitions) {
        const { kind, name } = definition;
        if (kind === 'macro') macros.add(name.toLowerCase());
        else if (kind === 'define') {
          if (definition.uncertain || conditional.get(one) || defines.has(name)) uncertain.add(name);
          defines.set(name, definition);
        } else if (kind === 'register' && definition.value) registers.set(name, definition.value);
        if (kind === 'constant' || (kind === 'define' && !definition.functionLike)) {
          // Two values may hold at different lines or under different conditions: then none is known.
          const known = !constants.has(name) && !definition.uncertain && !conditional.get(one);
          constants.set(name, known ? definition : undefined);
        }
      }
    }
    const busy = new Set<string>();
    const constant = (name: string): bigint | undefined => {
      const definition = constants.get(name);
      if (!definition?.value || busy.has(name)) return undefined;
      busy.add(name);
      const value = constantOf(definition.value, constant, definition.kind === 'define');
      busy.delete(name);
      return value;
    };
    const signature = `${documents.map(one => one.outline.signature).join('|')}|${incomplete}|${this.#workspaceMacros?.names.size ?? 0}`;
    return { macros, defines, uncertain, registers, constant, incomplete, dynamicNames, signature };
  }

  /** Macros of every assembly file: one may be included by another on the command line. */
  #macrosOfWorkspace(): ReadonlySet<string> {
    const key = this.#version;
    if (this.#workspaceMacros?.key === key) return this.#workspaceMacros.names;
    const names = new Set<string>();
    for (const document of this.#loaded.values()) {
      for (const definition of document?.outline.definitions ?? []) {
        if (definition.kind === 'macro') names.add(definition.name.toLowerCase());
      }
    }
    this.#workspaceMacros = { key, names };
    return names;
  }

  /** Where a name is defined: in this file and what it includes, else in any file of the workspace. */
  definitions(document: Document, name: string): Located[] {
    const inReach = this.reach(document).documents.flatMap(one => located(one, name));
    if (inReach.length > 0) return inReach;
    return [...this.documents()].filter(one => isAssembly(one.uri)).flatMap(one => located(one, name));
  }
}

function located(document: Document, name: string): Located[] {
  const found = document.outline.byName.get(name) ?? [];
  return found.filter(({ kind }) => kind !== 'numeric').map(one => ({ ...one, uri: document.uri }));
}

/** How many folders two files have in common, wherever they stand: `aarch64` beside `aarch64`. */
function shared(a: string, b: string): number {
  const folders = new Set(b.split('/').slice(0, -1));
  return new Set(
    a
      .split('/')
      .slice(0, -1)
      .filter(folder => folders.has(folder)),
  ).size;
}

/** A path relative to a folder, with `.` and `..` resolved. */
export function join(folder: string, path: string): string {
  const [, root, rest] = /^([a-z][\w+.-]*:\/\/[^/]*)?(.*)$/i.exec(folder) as unknown as [
    string,
    string | undefined,
    string,
  ];
  const parts: string[] = [];
  for (const part of `${path.startsWith('/') ? '' : rest}/${path}`.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return `${root ?? ''}/${parts.join('/')}`;
}

/** Launch attributes to a machine configuration: every attribute is checked, each fault is one sentence. */

import type { MachineConfig, TranslationRegime } from '../simulator/target.ts';
import type { Files } from './files.ts';
import { EXCEPTION_FILTERS } from './filters.ts';
import { isAbsolute, joinPath } from './symbols/dwarf/line.ts';
import { functionsNamed } from './symbols/functions.ts';
import { loadSymbols, type SymbolTable } from './symbols/index.ts';
import { setVariables } from './symbols/set-variables.ts';

export interface Launch {
  readonly config: MachineConfig;
  readonly program: string;
  /** Where relative paths begin. */
  readonly cwd: string;
  readonly stopOnEntry: boolean;
  /** Functions to run to, one after the other, before the first stop. */
  readonly runTo: readonly string[];
  /** Exception filters of this session beside those that the client sets, from the first stop on. */
  readonly exceptionFilters: readonly string[];
  readonly timeTravel: boolean;
  readonly console: 'output' | 'none';
  readonly symbols: readonly SymbolTable[];
  /** Sentences for the user that are no errors. */
  readonly notes: readonly string[];
}

const REGIMES: readonly TranslationRegime[] = ['EL1&0', 'EL2', 'EL2&0', 'EL3'];
const UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

type Check<T> = (value: unknown, name: string) => T;

function fault(name: string, value: unknown, expected: string): never {
  throw new Error(`The launch attribute "${name}" is ${JSON.stringify(value)}; it has to be ${expected}.`);
}

const aString: Check<string> = (value, name) => (typeof value === 'string' ? value : fault(name, value, 'a string'));
const aPath: Check<string> = (value, name) =>
  typeof value === 'string' && value !== '' ? value : fault(name, value, 'the path of a file');
const aBoolean: Check<boolean> = (value, name) =>
  typeof value === 'boolean' ? value : fault(name, value, 'true or false');
const paths: Check<readonly string[]> = (value, name) =>
  Array.isArray(value) && value.every(item => typeof item === 'string' && item !== '')
    ? value
    : fault(name, value, 'a list of paths of files');
const strings: Check<readonly string[]> = (value, name) =>
  Array.isArray(value) && value.every(item => typeof item === 'string')
    ? value
    : fault(name, value, 'a list of strings');

const filterNames: Check<readonly string[]> = (value, name) => {
  const known = EXCEPTION_FILTERS.map(({ filter }) => filter);
  return Array.isArray(value) && value.every(item => known.includes(item))
    ? value
    : fault(name, value, `a list of exception filters: ${known.join(', ')}`);
};

function oneOf<const T>(...choices: readonly T[]): Check<T> {
  return (value, name) =>
    choices.includes(value as T)
      ? (value as T)
      : fault(name, value, `one of ${choices.map(choice => JSON.stringify(choice)).join(', ')}`);
}

const peCount: Check<number> = (value, name) =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 64
    ? (value as number)
    : fault(name, value, 'a whole number from 1 to 64');

const wholeNumber: Check<number> = (value, name) =>
  Number.isSafeInteger(value) && (value as number) >= 0
    ? (value as number)
    : fault(name, value, 'a whole number, 0 or more');

const variableValues: Check<Readonly<Record<string, number>>> = (value, name) =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every(one => Number.isInteger(one) && one >= 0 && one < 2 ** 32)
    ? (value as Record<string, number>)
    : fault(name, value, 'an object with a number of 32 bits for each variable');

const memorySize: Check<number> = (value, name) => {
  const match = typeof value === 'string' ? /^(\d+)\s*([KMG]?)i?B?$/i.exec(value.trim()) : null;
  const bytes = match === null ? value : Number(match[1]) * UNITS[match[2].toUpperCase()];
  return typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes > 0
    ? bytes
    : fault(name, value, 'a number of bytes or a size such as "512M" or "1G"');
};

const address: Check<bigint> = (value, name) => {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && /^(0[xX][0-9a-fA-F]+|\d+)$/.test(text)
    ? BigInt(text)
    : fault(name, value, 'an address such as "0x40000000"');
};

interface CheckedSymbols {
  readonly file: string;
  readonly regime?: TranslationRegime;
  readonly bias?: bigint;
  readonly vmid?: number;
  readonly tableBase?: bigint;
}

const vmidNumber: Check<number> = (value, name) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 16
    ? (value as number)
    : fault(name, value, 'a VMID, from 0 to 65535');

/** One row of the attribute `symbols`. Throws a sentence. */
export const checkSymbolSource: Check<CheckedSymbols> = (item, at) => {
  if (typeof item !== 'object' || item === null) fault(at, item, 'an object with "file"');
  const given = item as Record<string, unknown>;
  const file = aPath(given['file'], `${at}.file`);
  return {
    file,
    ...(given['regime'] === undefined ? {} : { regime: oneOf(...REGIMES)(given['regime'], `${at}.regime`) }),
    ...(given['bias'] === undefined ? {} : { bias: address(given['bias'], `${at}.bias`) }),
    ...(given['vmid'] === undefined ? {} : { vmid: vmidNumber(given['vmid'], `${at}.vmid`) }),
    ...(given['tableBase'] === undefined ? {} : { tableBase: address(given['tableBase'], `${at}.tableBase`) }),
  };
};

const symbolSources: Check<readonly CheckedSymbols[]> = (value, name) => {
  if (!Array.isArray(value)) fault(name, value, 'a list of objects with "file"');
  return value.map((item: unknown, index) => checkSymbolSource(item, `${name}[${index}]`));
};

/** Attributes by name; those that VS Code adds by itself are not in it and are let through. */
const CHECKS = {
  program: aPath,
  cwd: aPath,
  cpu: aString,
  features: strings,
  gic: oneOf(2, 3),
  pes: peCount,
  memory: memorySize,
  el: oneOf(1, 2, 3),
  append: aString,
  initrd: aPath,
  guestKernel: aPath,
  guestAppend: aString,
  dtb: aPath,
  disks: paths,
  network: aBoolean,
  virtioConsole: aBoolean,
  variables: aPath,
  loadAddress: address,
  profile: aString,
  semihosting: aBoolean,
  set: variableValues,
  quantum: wholeNumber,
  scheduleSeed: wholeNumber,
  scheduleFrom: wholeNumber,
  stopOnEntry: aBoolean,
  runTo: strings,
  exceptionFilters: filterNames,
  timeTravel: aBoolean,
  symbols: symbolSources,
  console: oneOf('output', 'none'),
} as const satisfies Record<string, Check<unknown>>;

/** Names of the launch attributes; the manifest of the extension has the same ones. */
export const LAUNCH_ATTRIBUTES: readonly string[] = Object.keys(CHECKS);

type Checked = { [K in keyof typeof CHECKS]?: ReturnType<(typeof CHECKS)[K]> };

/** What VS Code and other clients put beside the attributes of a debugger. */
const CLIENT_ATTRIBUTES = new Set([
  'type',
  'request',
  'name',
  'noDebug',
  'preLaunchTask',
  'postDebugTask',
  'internalConsoleOptions',
  'presentation',
  'debugServer',
  'serverReadyAction',
  'suppressMultipleSessionWarning',
  'linux',
  'osx',
  'windows',
]);

function check(given: Readonly<Record<string, unknown>>): Checked {
  const checked: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || name.startsWith('__') || CLIENT_ATTRIBUTES.has(name)) continue;
    const one = (CHECKS as Record<string, Check<unknown>>)[name];
    if (one === undefined || !Object.hasOwn(CHECKS, name)) {
      throw new Error(`"${name}" is no launch attribute; there are ${Object.keys(CHECKS).join(', ')}.`);
    }
    checked[name] = one(value, name);
  }
  return checked as Checked;
}

function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

function isElf(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/**
 * Finds where relative source paths of an image begin: at `cwd`, else at the folder of the image or one above it. An
 * image that was built with relative paths can so be moved with its sources.
 */
export async function locateSources(table: SymbolTable, cwd: string, files: Files): Promise<void> {
  const first = table.firstSourceFile();
  if (first === undefined || isAbsolute(first)) return;
  const folders = cwd === '' ? [] : [cwd];
  let above = table.name.replaceAll('\\', '/');
  while (above.includes('/')) {
    above = above.slice(0, above.lastIndexOf('/'));
    folders.push(above);
  }
  for (const folder of folders) {
    if (!(await files.exists(joinPath(folder, first)))) continue;
    table.sourceRoot = folder;
    return;
  }
}

/** Checks the attributes and reads the files. Rejects with one sentence. */
export async function prepareLaunch(given: unknown, files: Files): Promise<Launch> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new Error('The launch request has no attributes; give at least "program", the path of an image.');
  }
  const attributes = check(given as Record<string, unknown>);
  if (attributes.program === undefined)
    throw new Error('The launch attribute "program" is missing; give the path of an image.');
  const { cwd = '' } = attributes;
  const program = joinPath(cwd, attributes.program);
  const image = await files.read(program);
  if (image.length === 0)
    throw new Error(`${program} is empty; "program" has to be an ELF file, a Linux Image or a flat binary.`);
  const memory = attributes.memory ?? 2 ** 30;
  const file = async (path: string | undefined) => (path === undefined ? undefined : files.read(joinPath(cwd, path)));
  const initrd = await file(attributes.initrd);
  if (initrd !== undefined && initrd.length > memory) {
    throw new Error(
      `${attributes.initrd} has ${initrd.length} bytes and does not fit into the ${memory} bytes of memory.`,
    );
  }
  const dtb = await file(attributes.dtb);
  const guestKernel = await file(attributes.guestKernel);
  const variables = await file(attributes.variables);
  const disks = await Promise.all(
    (attributes.disks ?? []).map(async name => ({ name, image: await files.read(joinPath(cwd, name)) })),
  );
  const notes: string[] = [];
  const symbols: SymbolTable[] = [];
  if (isElf(image)) symbols.push(loadSymbols(image, program));
  else if (attributes.symbols === undefined) {
    notes.push(
      `${baseName(program)} is no ELF file and has no symbols; name an ELF file in the launch attribute "symbols".`,
    );
  }
  for (const source of attributes.symbols ?? []) {
    const file = joinPath(cwd, source.file);
    symbols.push(loadSymbols(await files.open(file), file, source));
  }
  for (const table of symbols) await locateSources(table, cwd, files);
  for (const name of attributes.runTo ?? []) functionsNamed({ tables: symbols }, name);
  return {
    program,
    cwd,
    stopOnEntry: attributes.stopOnEntry ?? false,
    runTo: attributes.runTo ?? [],
    exceptionFilters: attributes.exceptionFilters ?? [],
    timeTravel: attributes.timeTravel ?? true,
    console: attributes.console ?? 'output',
    symbols,
    notes,
    config: {
      image: attributes.set === undefined ? image : setVariables(image, program, attributes.set),
      imageName: program,
      cpu: attributes.cpu ?? 'max',
      features: attributes.features ?? [],
      gic: attributes.gic ?? 3,
      pes: attributes.pes ?? 1,
      memory,
      el: attributes.el ?? 2,
      ...(attributes.append === undefined ? {} : { append: attributes.append }),
      ...(initrd === undefined ? {} : { initrd }),
      ...(guestKernel === undefined ? {} : { guestKernel }),
      ...(attributes.guestAppend === undefined ? {} : { guestAppend: attributes.guestAppend }),
      ...(dtb === undefined ? {} : { dtb }),
      disks,
      network: attributes.network ?? false,
      virtioConsole: attributes.virtioConsole ?? false,
      ...(variables === undefined ? {} : { variables }),
      ...(attributes.loadAddress === undefined ? {} : { loadAddress: Number(attributes.loadAddress) }),
      ...(attributes.profile === undefined ? {} : { profile: attributes.profile }),
      semihosting: attributes.semihosting ?? false,
      ...(attributes.quantum ? { quantum: attributes.quantum } : {}),
      ...(attributes.scheduleSeed === undefined ? {} : { scheduleSeed: attributes.scheduleSeed }),
      ...(attributes.scheduleFrom === undefined ? {} : { scheduleFrom: attributes.scheduleFrom }),
    },
  };
}

/** The arguments of `hyperstep run` and `hyperstep trace`, and the machine configuration that they ask for. */

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { MachineConfig } from '../target.ts';

/** A bad argument or file: one sentence for the user, exit code 2. */
export class UsageError extends Error {}

/** What to wait for on the console and what to type, in order. */
export type ScriptStep = { readonly expect: string } | { readonly send: string };

export interface RunArguments {
  readonly config: MachineConfig;
  readonly script: readonly ScriptStep[];
  readonly maxInstructions: number;
  /** Milliseconds of the host's clock. */
  readonly timeout: number;
  readonly json?: string;
  readonly dumpDtb?: string;
  /** A file that takes what the guest has left in the second flash bank. */
  readonly variables?: string;
  readonly quiet: boolean;
}

const options = {
  cpu: { type: 'string' },
  features: { type: 'string' },
  gic: { type: 'string' },
  pes: { type: 'string' },
  memory: { type: 'string' },
  el: { type: 'string' },
  append: { type: 'string' },
  initrd: { type: 'string' },
  'guest-kernel': { type: 'string' },
  'guest-append': { type: 'string' },
  dtb: { type: 'string' },
  disk: { type: 'string', multiple: true },
  network: { type: 'boolean' },
  'virtio-console': { type: 'boolean' },
  variables: { type: 'string' },
  'dump-dtb': { type: 'string' },
  'load-address': { type: 'string' },
  quantum: { type: 'string' },
  'schedule-seed': { type: 'string' },
  'schedule-from': { type: 'string' },
  profile: { type: 'string' },
  tier: { type: 'string' },
  semihosting: { type: 'boolean' },
  expect: { type: 'string', multiple: true },
  send: { type: 'string', multiple: true },
  'max-instructions': { type: 'string' },
  timeout: { type: 'string' },
  json: { type: 'string' },
  quiet: { type: 'boolean' },
} as const;

export function parseRunArguments(argv: readonly string[]): RunArguments {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(argv);
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}. "hyperstep help" lists the options.`);
  }
  const { values, positionals, tokens } = parsed;
  if (positionals.length === 0)
    throw new UsageError('Which image? Give the path of an ELF file, a Linux Image or a flat binary.');
  if (positionals.length > 1) throw new UsageError(`One image at a time: "${positionals[1]}" is one too many.`);
  const script: ScriptStep[] = [];
  for (const token of tokens) {
    if (token.kind !== 'option' || token.value === undefined) continue;
    if (token.name === 'expect') script.push({ expect: interpretEscapes(token.value) });
    if (token.name === 'send') script.push({ send: typed(token.value) });
  }
  const dtb = values.dtb === undefined ? {} : { dtb: readBytes(values.dtb, 'device tree') };
  const guest =
    values['guest-kernel'] === undefined ? {} : { guestKernel: readBytes(values['guest-kernel'], "guest's kernel") };
  const initrd = values.initrd === undefined ? {} : { initrd: readBytes(values.initrd, 'initrd') };
  return {
    config: {
      image: readBytes(positionals[0], 'image'),
      imageName: positionals[0],
      cpu: values.cpu ?? 'max',
      features: (values.features ?? '').split(',').filter(feature => feature !== ''),
      gic: oneOf('--gic', values.gic ?? '3', [2, 3]),
      pes: integer('--pes', values.pes ?? '1', 1, 64),
      memory: memorySize(values.memory ?? '1G'),
      el: oneOf('--el', values.el ?? '2', [1, 2, 3]),
      ...(values.append === undefined ? {} : { append: values.append }),
      ...(values['load-address'] === undefined
        ? {}
        : { loadAddress: integer('--load-address', values['load-address'], 0, 2 ** 48) }),
      ...(values.quantum === undefined ? {} : { quantum: integer('--quantum', values.quantum, 1, 1e9) }),
      ...(values['schedule-seed'] === undefined
        ? {}
        : { scheduleSeed: integer('--schedule-seed', values['schedule-seed'], 0, 2 ** 32 - 1) }),
      ...(values['schedule-from'] === undefined
        ? {}
        : { scheduleFrom: integer('--schedule-from', values['schedule-from'], 0, 2 ** 48) }),
      ...(values.profile === undefined ? {} : { profile: values.profile }),
      ...(values.tier === undefined ? {} : { tier: oneOf('--tier', values.tier, [0, 1] as const) }),
      ...initrd,
      ...guest,
      ...(values['guest-append'] === undefined ? {} : { guestAppend: values['guest-append'] }),
      ...dtb,
      disks: (values.disk ?? []).map(name => ({ name, image: readBytes(name, 'disk image') })),
      network: values.network ?? false,
      virtioConsole: values['virtio-console'] ?? false,
      ...(values.variables === undefined ? {} : { variables: readBytes(values.variables, 'file of variables') }),
      semihosting: values.semihosting ?? false,
    },
    script,
    maxInstructions: integer('--max-instructions', values['max-instructions'] ?? '1e15', 1, 1e15),
    timeout: seconds(values.timeout ?? '1e9') * 1000,
    ...(values.json === undefined ? {} : { json: values.json }),
    ...(values['dump-dtb'] === undefined ? {} : { dumpDtb: values['dump-dtb'] }),
    ...(values.variables === undefined ? {} : { variables: values.variables }),
    quiet: values.quiet ?? false,
  };
}

function parse(argv: readonly string[]) {
  return parseArgs({ args: joinFeatures(argv), options, allowPositionals: true, tokens: true });
}

const takesValue = new Set(
  Object.entries(options).flatMap(([name, { type }]) => (type === 'string' ? [`--${name}`] : [])),
);

/** `--features -vhe` and `--memory -1` would read as a missing value: glue the two. */
function joinFeatures(argv: readonly string[]): string[] {
  const joined: string[] = [];
  for (const argument of argv) {
    const option = joined.at(-1) ?? '';
    const isText = /^--(features|send|expect|append|guest-append)$/.test(option);
    const isNegative = /^-[^-]/.test(argument) && takesValue.has(option);
    if (isText || isNegative) joined.push(`${joined.pop()}=${argument}`);
    else joined.push(argument);
  }
  return joined;
}

function readBytes(path: string, what: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a directory' : message;
    throw new UsageError(`The ${what} "${path}" cannot be read: ${reason}.`);
  }
}

function integer(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < least || value > most) {
    throw new UsageError(`${name} takes a whole number from ${least} to ${most}, not "${text}".`);
  }
  return value;
}

function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0)) throw new UsageError(`--timeout takes seconds above 0, not "${text}".`);
  return value;
}

function oneOf<T extends number>(name: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find(value => String(value) === text);
  if (found === undefined) throw new UsageError(`${name} takes ${allowed.join(' or ')}, not "${text}".`);
  return found;
}

/** `512M`, `1G`, `1.5G`; a bare number is MiB, as QEMU's `-m`. Bytes. */
function memorySize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([KMG]?)$/i.exec(text);
  const unit = { '': 2 ** 20, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[(match?.[2] ?? '').toUpperCase()];
  const bytes = Number(match?.[1]) * (unit ?? Number.NaN);
  if (!(bytes > 0)) throw new UsageError(`--memory takes a size such as 512M or 1G, not "${text}".`);
  return bytes;
}

/** Escapes \n, \r, \t, \e, \\ and \xNN, so that a shell need not produce control characters. */
function interpretEscapes(text: string): string {
  const known: Record<string, string> = { n: '\n', r: '\r', t: '\t', e: '\x1b', '\\': '\\' };
  return text.replace(/\\(x[0-9a-fA-F]{2}|.)/g, (all, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (known[code] ?? all),
  );
}

/** What a terminal sends for a typed line: ends with Enter, which is CR. A `\c` at the end leaves Enter out. */
function typed(text: string): string {
  const open = text.endsWith('\\c');
  const line = interpretEscapes(open ? text.slice(0, -2) : text).replace(/\r?\n/g, '\r');
  return open || line.endsWith('\r') ? line : `${line}\r`;
}

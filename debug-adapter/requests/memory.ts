/** readMemory, writeMemory, disassemble. */

import type { DebugProtocol } from '@vscode/debugprotocol';
import { formatPlace, hex, type Place, parsePlace } from '../address.ts';
import { type Handler, handler } from '../handler.ts';
import type { Machine } from '../machine.ts';
import { baseName } from './breakpoints.ts';

const LONGEST_READ = 1 << 24;
const MOST_INSTRUCTIONS = 100_000;
const PAGE = 4096n;

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

function fromBase64(text: unknown): Uint8Array {
  if (typeof text !== 'string') throw new Error('The data to write has to be a base64 string.');
  try {
    return Uint8Array.from(atob(text), character => character.charCodeAt(0));
  } catch {
    throw new Error('The data to write is no base64.');
  }
}

function moved(place: Place, offset: unknown): Place {
  const by = offset === undefined ? 0 : offset;
  if (typeof by !== 'number' || !Number.isSafeInteger(by))
    throw new Error(`The offset ${String(by)} is no whole number.`);
  return { space: place.space, address: BigInt.asUintN(64, place.address + BigInt(by)) };
}

function count(value: unknown, name: string, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
    throw new Error(`"${name}" has to be a whole number, not ${String(value)}.`);
  return Math.min(value, most);
}

/** Bytes from a place up to the first that cannot be read, page by page. */
function readable(machine: Machine, place: Place, bytes: number): Uint8Array {
  const pe = machine.focusedPe;
  const parts: Uint8Array[] = [];
  let got = 0;
  while (got < bytes) {
    const at = moved(place, got);
    const length = Math.min(bytes - got, Number(PAGE - (at.address % PAGE)));
    const data = pe.read(at.space, at.address, length);
    if (data === undefined) break;
    parts.push(data);
    got += length;
  }
  const all = new Uint8Array(got);
  let offset = 0;
  for (const one of parts) {
    all.set(one, offset);
    offset += one.length;
  }
  return all;
}

export const MEMORY: Readonly<Record<string, Handler>> = {
  readMemory: handler<DebugProtocol.ReadMemoryArguments, DebugProtocol.ReadMemoryResponse['body']>(
    'machine',
    (session, args) => {
      const { machine } = session;
      const place = moved(parsePlace(String(args.memoryReference), machine.focusedPe), args.offset);
      const wanted = count(args.count, 'count', LONGEST_READ);
      const data = readable(machine, place, wanted);
      const missing = wanted - data.length;
      return {
        address: hex(place.address),
        ...(data.length > 0 ? { data: toBase64(data) } : {}),
        // To the next page at least: a client may try again behind it.
        ...(missing > 0
          ? { unreadableBytes: Math.min(missing, Number(PAGE - (moved(place, data.length).address % PAGE))) }
          : {}),
      };
    },
  ),

  writeMemory: handler<DebugProtocol.WriteMemoryArguments, DebugProtocol.WriteMemoryResponse['body']>(
    'machine',
    (session, args) => {
      const { machine } = session;
      const pe = machine.focusedPe;
      const place = moved(parsePlace(String(args.memoryReference), pe), args.offset);
      const data = fromBase64(args.data);
      let written = 0;
      while (written < data.length) {
        const at = moved(place, written);
        const length = Math.min(data.length - written, Number(PAGE - (at.address % PAGE)));
        if (!pe.write(at.space, at.address, data.subarray(written, written + length))) break;
        written += length;
      }
      if (written < data.length && !(args.allowPartial && written > 0)) {
        throw new Error(
          `Memory at ${formatPlace(moved(place, written), pe)} cannot be written: it is not mapped or a device.`,
        );
      }
      session.changed({ memoryReference: args.memoryReference, offset: args.offset ?? 0, count: written });
      return { bytesWritten: written };
    },
  ),

  disassemble: handler<DebugProtocol.DisassembleArguments, { instructions: DebugProtocol.DisassembledInstruction[] }>(
    'machine',
    (session, args) => {
      const { machine } = session;
      const pe = machine.focusedPe;
      const start = moved(parsePlace(String(args.memoryReference), pe), args.offset);
      const total = count(args.instructionCount, 'instructionCount', MOST_INSTRUCTIONS);
      const first = moved({ ...start, address: start.address & ~3n }, (args.instructionOffset ?? 0) * 4);
      const regime = start.space.kind === 'va' ? (start.space.regime ?? pe.regime) : undefined;
      const instructions: DebugProtocol.DisassembledInstruction[] = [];
      let lastPlace = '';
      for (let index = 0; index < total; index++) {
        const at = moved(first, index * 4);
        const address = hex(at.address, 16);
        const data = pe.read(at.space, at.address, 4);
        if (data === undefined) {
          // Exactly as many rows as asked for, those without memory marked (DAP, DisassembleRequest).
          instructions.push({ address, instruction: '??', presentationHint: 'invalid' });
          continue;
        }
        const word = new DataView(data.buffer, data.byteOffset).getUint32(0, true);
        const table = regime === undefined ? undefined : machine.symbols.at(at.address, regime);
        const symbol = table?.functionAt(at.address);
        const row = table?.lineAt(at.address);
        const key = `${row?.path}:${row?.line}`;
        const text = machine.target.disassemble(word, at.address);
        instructions.push({
          address,
          instructionBytes: word.toString(16).padStart(8, '0'),
          instruction: text ?? `.inst ${hex(word, 8)}`,
          ...(args.resolveSymbols !== false && symbol !== undefined
            ? { symbol: symbol.offset === 0n ? symbol.name : `${symbol.name}+${hex(symbol.offset)}` }
            : {}),
          ...(row !== undefined && key !== lastPlace
            ? { location: { name: baseName(row.path), path: row.path }, line: row.line }
            : {}),
        });
        lastPlace = key;
      }
      return { instructions };
    },
  ),
};

// How long the symbols of an image take, and how much memory: what a session asks first, each question once.
//
//   node --import tsx scripts/bench-symbols.ts FILE [FUNCTION] [SOURCE:LINE] [TYPE]
//
// Without names it takes those of a Linux kernel. Times are from the start of the process on; `user` is CPU time, which
// says more on a machine that does other things too.

import { nodeFiles } from '../debug-adapter/node-files.ts';
import type { ByteSource } from '../debug-adapter/symbols/bytes.ts';
import { TAG } from '../debug-adapter/symbols/dwarf/constants.ts';
import { typeOf } from '../debug-adapter/symbols/dwarf/types.ts';
import { loadSymbols } from '../debug-adapter/symbols/index.ts';

const MIB = 2 ** 20;

function usage(): never {
  console.error('Use: bench-symbols.ts FILE [FUNCTION] [SOURCE:LINE] [TYPE].');
  process.exit(1);
}

async function main(args: readonly string[]): Promise<void> {
  const [path = usage(), name = 'start_kernel', place = 'init/main.c:1000', typeName = 'task_struct'] = args;
  const file = await nodeFiles.open(path);
  let read = 0;
  const counted: ByteSource = {
    size: file.size,
    read: (offset, length) => {
      read += length;
      return file.read(offset, length);
    },
  };
  const [baseTime, baseCpu] = [performance.now(), process.cpuUsage()];
  console.log(`${path}: ${(file.size / MIB).toFixed(0)} MiB`);
  console.log(
    `${'question'.padEnd(44)} ${'ms'.padStart(6)} ${'user'.padStart(6)} ${'read MiB'.padStart(9)} ${'peak MiB'.padStart(9)}`,
  );
  const ask = <T>(question: string, answer: () => T): T => {
    const result = answer();
    const cells = [
      (performance.now() - baseTime).toFixed(0).padStart(6),
      (process.cpuUsage(baseCpu).user / 1000).toFixed(0).padStart(6),
      (read / MIB).toFixed(1).padStart(9),
      (process.resourceUsage().maxRSS / 1024).toFixed(0).padStart(9),
    ];
    console.log(`${question.padEnd(44)} ${cells.join(' ')}`);
    return result;
  };
  const table = ask('open', () => loadSymbols(counted, path));
  const symbol = ask(`symbol ${name}`, () => table.symbol(name));
  if (symbol === undefined) throw new Error(`${path} has no function ${name}.`);
  const body = ask('behind its prologue', () => table.afterPrologue(symbol));
  const line = ask('line', () => table.lineAt(body));
  ask('functions and inlined ones', () => table.scopesAt(body));
  ask('call frame', () => table.frames.unwind(body, { register: () => 0n, read: () => undefined, bias: 0n }));
  const [source, number] = place.split(':');
  const found = ask(`breakpoint at ${place}`, () => table.addressesOf(source, Number(number)));
  const near = table.unitAt(body);
  const type = ask(`${typeName} where it is used`, () =>
    table.entriesNamed(typeName, near).find(die => die.tag === TAG.structureType),
  );
  const members = ask('its members', () => (type === undefined ? [] : (typeOf(type).members?.() ?? [])));
  ask('a name that there is not', () => table.entriesNamed('no such name'));
  ask('all sources', () => table.sourceFiles());
  console.log(
    `${name} at ${line?.path ?? '?'}:${line?.line ?? '?'}; ${place} at ${found.length} addresses; ${members.length} members.`,
  );
}

await main(process.argv.slice(2));

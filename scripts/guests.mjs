// Builds the guest software of this repository, whose ELF files are committed so that nobody needs a cross compiler to
// run it. Rebuilding gives the same bytes with Debian's gcc-aarch64-linux-gnu, in whatever folder the repository is.
//
//   node scripts/guests.mjs            builds every guest into its place
//   node scripts/guests.mjs --check    builds into a temporary folder and compares with the committed files
//   node scripts/guests.mjs NAME...    only these, with or without --check

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GUESTS } from './guests-list.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const COMPILER = 'aarch64-linux-gnu-gcc';

/** No library, and aligned accesses only: much of this runs with the MMU off. */
const FLAGS = [
  '-g',
  '-gdwarf-5',
  '-Og',
  '-std=gnu11',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-Wno-main',
  '-ffreestanding',
  '-fno-stack-protector',
  '-fno-asynchronous-unwind-tables',
  '-fno-pie',
  '-mstrict-align',
  // The debug information names files from the top of the repository, wherever that is.
  `-ffile-prefix-map=${root}=.`,
  '-gno-record-gcc-switches',
];

const LINK_FLAGS = [
  '-nostdlib',
  '-static',
  '-no-pie',
  '-Wl,--build-id=none',
  '-Wl,-z,max-page-size=4096',
  '-Wl,--no-warn-rwx-segments',
];

function compile(args) {
  const result = spawnSync(COMPILER, args, { cwd: root, encoding: 'utf8' });
  if (result.error) throw new Error(`Cannot run ${COMPILER}: install Debian's package gcc-aarch64-linux-gnu.`);
  if (result.status !== 0) throw new Error(result.stderr);
  if (result.stderr) console.error(result.stderr);
}

/** Builds one guest into the file `output`, by way of object files in `scratch`. */
function build(guest, output, scratch) {
  const registers = guest.fp ? [] : ['-mgeneral-regs-only'];
  const objects = guest.sources.map((source, index) => {
    // The linker script tells the guest's object files from the hypervisor's by name, so the name stays; the number
    // keeps equal names of different folders apart.
    const folder = join(scratch, guest.name, String(index));
    mkdirSync(folder, { recursive: true });
    const object = join(folder, `${basename(source).replace(/\.[cS]$/, '')}.o`);
    compile([...FLAGS, ...registers, ...(guest.flags ?? []), '-c', source, '-o', object]);
    return object;
  });
  mkdirSync(dirname(output), { recursive: true });
  compile([...LINK_FLAGS, '-T', guest.script, ...objects, '-o', output]);
}

function main(args) {
  const check = args.includes('--check');
  const names = args.filter(arg => arg !== '--check');
  const unknown = names.find(name => !GUESTS.some(guest => guest.name === name));
  if (unknown) throw new Error(`There is no guest ${unknown}: the list is in scripts/guests-list.mjs.`);
  const scratch = mkdtempSync(join(tmpdir(), 'hyperstep-build-'));
  try {
    for (const guest of GUESTS.filter(({ name }) => names.length === 0 || names.includes(name))) {
      const place = join(root, guest.output);
      const output = check ? join(scratch, `${guest.name}.elf`) : place;
      build(guest, output, scratch);
      if (!check) {
        console.log(`built ${guest.output}, ${readFileSync(output).length} bytes`);
      } else if (existsSync(place) && readFileSync(place).equals(readFileSync(output))) {
        console.log(`the same bytes: ${guest.output}`);
      } else {
        console.error(
          `${guest.output} is not what its sources give: run node scripts/guests.mjs and commit the result.`,
        );
        process.exitCode = 1;
      }
    }
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

try {
  main(process.argv.slice(2));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

// Builds the guest software of this repository, whose ELF files are committed so that nobody needs a cross compiler to
// run it. Rebuilding gives the same bytes with Debian's gcc-aarch64-linux-gnu, in whatever folder the repository is.
//
// The one in Rust takes Debian's rustc, and the core library of the same release, which is fetched into .cache.
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
import { ownSuite, Suite } from './images-apt.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const COMPILER = 'aarch64-linux-gnu-gcc';
const LINKER = 'aarch64-linux-gnu-ld';
/** Debian's, whatever other one comes first in PATH: the bytes are those of its release. */
const RUST_COMPILER = '/usr/bin/rustc';
const RUST_TARGET = 'aarch64-unknown-linux-gnu';

const PACKAGES = {
  [COMPILER]: 'gcc-aarch64-linux-gnu',
  [LINKER]: 'binutils-aarch64-linux-gnu',
  [RUST_COMPILER]: 'rustc',
};

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

/** Not optimised, so that all variables are there; names by RFC 2603. */
const RUST_FLAGS = [
  '--edition=2021',
  `--target=${RUST_TARGET}`,
  '--crate-type=lib',
  '--emit=obj',
  '-g',
  '-Cpanic=abort',
  '-Crelocation-model=static',
  '-Ccodegen-units=1',
  '-Coverflow-checks=off',
  '-Csymbol-mangling-version=v0',
  `--remap-path-prefix=${root}=.`,
];

/** Without a linker script: the program is where RAM has the boot loader's images, its entry is `_start`. */
const RUST_LINK_FLAGS = [
  '-nostdlib',
  '-static',
  '--gc-sections',
  '--omagic',
  '--no-warn-rwx-segments',
  '--build-id=none',
  '-Ttext=0x40080000',
];

function run(tool, args) {
  const result = spawnSync(tool, args, { cwd: root, encoding: 'utf8' });
  if (result.error) throw new Error(`Cannot run ${tool}: install Debian's package ${PACKAGES[tool]}.`);
  if (result.status !== 0) throw new Error(result.stderr);
  if (result.stderr) console.error(result.stderr);
}

const compile = args => run(COMPILER, args);

/** The folder with the core library of Debian's rustc for A64. */
function rustLibrary() {
  const cache = join(root, '.cache/rust');
  const folder = join(cache, ownSuite(), 'unpacked/libstd-rust-dev/usr');
  if (!existsSync(join(folder, 'lib/rustlib', RUST_TARGET)))
    new Suite(cache, ownSuite(), 'arm64').unpack('libstd-rust-dev');
  return folder;
}

/** Builds the guest that is one file of Rust. */
function buildRust({ name, rust }, output, scratch) {
  run(RUST_COMPILER, ['--version']);
  const object = join(scratch, `${name}.o`);
  run(RUST_COMPILER, [...RUST_FLAGS, `--crate-name=${name}`, `--sysroot=${rustLibrary()}`, rust, '-o', object]);
  run(LINKER, [...RUST_LINK_FLAGS, object, '-o', output]);
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
      if (guest.rust) buildRust(guest, output, scratch);
      else build(guest, output, scratch);
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

/**
 * Reports of QEMU 10 that are kept beside their programs: Debian's own QEMU has no nested virtualization. To make them
 * anew, with QEMU 10 from the suite's backports:
 *
 *   npm run guests:record
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { takeQemu } from '../../scripts/qemu.mjs';
import { PROGRAMS } from './programs.ts';

const guests = dirname(fileURLToPath(import.meta.url));
const reportOf = (name: string): string => join(guests, `${name}.qemu10.txt`);

function command(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: 60_000 });
  if (error) throw new Error(`${program} could not be started: ${error.message}.`);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}\n${stdout}`);
  return stdout;
}

/** Builds a program of this folder. */
export function buildGuest(name: string, image: string): void {
  const link = ['-nostdlib', '-static', '-Wl,--build-id=none', '-T', join(guests, 'guest.ld')];
  command('aarch64-linux-gnu-gcc', ['-g', ...link, join(guests, `${name}.S`), '-o', image]);
}

export const keptReport = (name: string): string => readFileSync(reportOf(name), 'utf8');

function record(): void {
  const folder = mkdtempSync(join(tmpdir(), 'hyperstep-'));
  try {
    for (const { name, kept } of PROGRAMS) {
      if (!kept) continue;
      const image = join(folder, `${name}.elf`);
      buildGuest(name, image);
      const machine = ['-M', 'virt,gic-version=3,virtualization=on', '-cpu', 'max', '-m', '128M', '-nic', 'none'];
      const quiet = ['-display', 'none', '-monitor', 'none', '-serial', 'stdio', '-semihosting'];
      writeFileSync(reportOf(name), command(takeQemu(), [...machine, ...quiet, '-kernel', image]));
      console.log(`${name}: what QEMU printed is kept.`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) record();

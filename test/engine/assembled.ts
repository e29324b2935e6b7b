/** Runs a few lines of assembly on a whole machine, for tests of what instructions do there. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTarget } from '../../simulator/machine.ts';
import type { MachineConfig, StopReason, Target } from '../../simulator/target.ts';

const LOAD_ADDRESS = 0x40080000;

function run(program: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  assert.equal(error, undefined, `${program} could not be started: ${error?.message}.`);
  assert.equal(status, 0, stderr);
}

/** Assembles with Debian's binutils for AArch64. Code starts at LOAD_ADDRESS; `.bss` is not loaded. */
export function assemble(source: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'hyperstep-'));
  try {
    const path = (name: string): string => join(folder, name);
    writeFileSync(path('a.s'), `.arch armv8.6-a+crypto\n${source}\n`);
    run('aarch64-linux-gnu-as', [path('a.s'), '-o', path('a.o')]);
    run('aarch64-linux-gnu-ld', [
      '-Ttext',
      `0x${LOAD_ADDRESS.toString(16)}`,
      '-e',
      '0',
      path('a.o'),
      '-o',
      path('a.elf'),
    ]);
    run('aarch64-linux-gnu-objcopy', ['-O', 'binary', path('a.elf'), path('a.bin')]);
    return new Uint8Array(readFileSync(path('a.bin')));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A machine with the program loaded. The end of a program is `hlt #0xf000` with X0 = 0x18. */
export function machineFor(source: string, config: Partial<MachineConfig> = {}): Target {
  return createTarget({
    image: assemble(source),
    imageName: 'test.bin',
    cpu: 'max',
    features: [],
    gic: 3,
    pes: 1,
    memory: 64 * 2 ** 20,
    el: 2,
    loadAddress: LOAD_ADDRESS,
    semihosting: true,
    ...config,
  });
}

/** Runs to the end of the program; fails when it does not end. */
export function runToEnd(target: Target): void {
  const stop: StopReason = target.run({ instructions: 10_000_000 });
  assert.equal(
    stop.kind,
    'semihosting',
    `PC 0x${target.pes[0].pc.toString(16)}: ${JSON.stringify(stop, (_, v) => (typeof v === 'bigint' ? `0x${v.toString(16)}` : v))}`,
  );
}

/** Runs a program to its end, and reads registers and symbols of it. */
export function runAssembly(source: string, config: Partial<MachineConfig> = {}): Target {
  const target = machineFor(source, config);
  runToEnd(target);
  return target;
}

/** `end` ends the program; `value register, number` loads any number; `set name, number` writes a system register. */
export const MACROS = `
    .macro end
    mov     x0, #0x18
    adr     x1, exit_block
    hlt     #0xf000
    .endm
    .macro set name, value
    ldr     x0, =\\value
    msr     \\name, x0
    .endm
    b       main
    .balign 8
exit_block:
    .quad   0x20026, 0
    .balign 0x800
vectors_el2:
    .irp offset, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    .balign 0x80
    mrs     x28, esr_el2
    b       on_el2
    .endr
    .balign 0x800
vectors_el1:
    .irp offset, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    .balign 0x80
    mrs     x27, esr_el1
    b       on_el1
    .endr
`;

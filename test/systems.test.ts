/** The programs of the guest in every system, with both versions of the GIC: nothing but the cost depends on the design. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WORKLOADS } from '../simulator/hypervisors/systems.ts';
import { createTarget } from '../simulator/machine.ts';
import { addressOf, patch, readImage } from './systems/image.ts';

const SYSTEMS = [
  'kvm-arm/split',
  'kvm-arm/split-asm',
  'kvm-arm/split-vgic-old',
  'kvm-arm/vhe',
  'kvm-arm/vhe-opt',
  'kvm-arm/vhe-opt-vgic-old',
  'type1/type1',
];
/** Values of `guest_program`, kvm-arm/guest/guest-main.c. */
const PROGRAM = { measurements: 0, workloads: 1, processes: 2, storm: 3, checks: 4 };
const EC_FP = 0x07;

interface Run {
  readonly console: string;
  /** How often an FP or AdvSIMD instruction trapped. */
  readonly fpTraps: number;
}

/** Runs a program of the guest to its end; the image may be changed before. */
function run(system: string, gic: 2 | 3, program: number, change?: (image: Uint8Array) => void): Run {
  const image = readImage(`${system}.elf`);
  patch(image, 'guest_program', program);
  change?.(image);
  const machine = { cpu: 'max', features: [], pes: 2, el: 2, memory: 32 << 20, semihosting: false } as const;
  const target = createTarget({ ...machine, gic, image, imageName: system });
  let console = '';
  let fpTraps = 0;
  target.onConsole = bytes => {
    console += new TextDecoder().decode(bytes);
  };
  target.onException = event => {
    if (event.kind === 'taken' && event.ec === EC_FP) fpTraps++;
  };
  assert.equal(target.run({ instructions: 20_000_000 }).kind, 'poweroff', `${system} does not end:\n${console}`);
  return { console, fpTraps };
}

for (const gic of [2, 3] as const) {
  describe(`with GICv${gic}`, () => {
    for (const system of SYSTEMS) {
      test(`${system} answers PSCI, does every load from a device, keeps FP registers, and reflects an undefined one`, () => {
        const { console, fpTraps } = run(system, gic, PROGRAM.checks);
        assert.match(console, /^checks: 19, failed: 0\r$/m, console);
        assert.match(console, /^FP registers kept\r$/m);
        assert.ok(fpTraps > 0, 'the first use of an FP register traps');
      });

      test(`${system} runs two processes that a timer tick switches`, () => {
        const { console } = run(system, gic, PROGRAM.processes);
        for (const number of [0, 1]) {
          const line = `process ${number}: ASID ${number + 1}, 6 ticks, counted in a page of its own`;
          assert.ok(console.includes(line), console);
        }
      });

      test(`${system} comes through a storm of interrupts between its vCPUs`, () => {
        assert.match(run(system, gic, PROGRAM.storm).console, /^exits of vCPU 1: .* interrupt\r$/m);
      });
    }
  });
}

for (const [system, gic] of [
  ['kvm-arm/split-vgic-old', 2],
  ['kvm-arm/vhe-opt', 2],
  ['type1/type1', 3],
] as const) {
  test(`${system} runs every workload with GICv${gic}`, () => {
    const { console } = run(system, gic, PROGRAM.workloads);
    const measured = [...console.matchAll(/^(\S+) +iterations \d+ ticks \d+ cycles \d+/gm)].map(match => match[1]);
    assert.deepEqual(measured, WORKLOADS);
  });
}

for (const system of ['kvm-arm/vhe-opt', 'type1/type1']) {
  test(`${system} measures all operations with GICv2`, () => {
    const { console } = run(system, 2, PROGRAM.measurements);
    const measured = [...console.matchAll(/^(\S+) +iterations \d+ ticks \d+ cycles \d+/gm)].map(match => match[1]);
    assert.deepEqual(measured, ['hypercall', 'io-kernel', 'io-user', 'virtual-ipi', 'eoi', 'timer']);
  });
}

test('FP registers stay with the guest through exits that the redesign handles, not through those of split mode', () => {
  const traps = ['kvm-arm/split', 'kvm-arm/vhe-opt'].map(system => run(system, 3, PROGRAM.checks).fpTraps);
  assert.ok(traps[0] > traps[1], traps.join(' and '));
});

/** Exceptions from the first HVC of a hypercall to the instruction behind it. */
function hypercallOf(system: string, gic: 2 | 3): { taken: number; instructions: number } {
  const image = readImage(`${system}.elf`);
  const machine = { cpu: 'max', features: [], pes: 1, el: 2, memory: 32 << 20, semihosting: false } as const;
  const target = createTarget({ ...machine, gic, image, imageName: system });
  const runTo = (address: bigint) => {
    const id = target.addBreakpoint({ kind: 'instruction', address, pe: 0 });
    assert.equal(target.run({ instructions: 20_000_000, stepOff: true }).kind, 'breakpoint');
    target.removeBreakpoint(id);
  };
  runTo(addressOf(image, 'bench_begin'));
  runTo(addressOf(image, 'guest_hypercall'));
  let taken = 0;
  target.onException = event => {
    if (event.kind === 'taken') taken++;
  };
  const before = target.instructions;
  runTo(addressOf(image, 'guest_hypercall') + 4n);
  return { taken, instructions: target.instructions - before };
}

test('an exit is shortest in the hypervisor of type 1, and one exception', () => {
  for (const gic of [2, 3] as const) {
    const [split, redesign, type1] = ['kvm-arm/split', 'kvm-arm/vhe-opt', 'type1/type1'].map(one =>
      hypercallOf(one, gic),
    );
    assert.deepEqual([split.taken, redesign.taken, type1.taken], [2, 1, 1]);
    assert.ok(type1.instructions < redesign.instructions && redesign.instructions < split.instructions);
  }
});

for (const system of SYSTEMS) {
  test(`${system} reports a guest that accesses what is not there, and ends`, () => {
    // MOVK X0, #0xb00, LSL #16 instead of #0xa00: I/O in user space now goes where no device is.
    const { console } = run(system, 3, PROGRAM.measurements, image => patch(image, 'io_user', 0xf2a16000, 4));
    assert.match(console, /The guest cannot go on: ESR 0x.*address 0x000000000b000008/);
  });
}

/**
 * Nested virtualization: the host of simulator/hypervisors/nested with unmodified guest hypervisors of
 * simulator/hypervisors/kvm-arm, on each of the machines that help. A trap is an exception that a guest takes to EL2.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ElfFile } from '../debug-adapter/symbols/elf.ts';
import { systemNamed } from '../simulator/hypervisors/systems.ts';
import { createTarget } from '../simulator/machine.ts';
import { levelOf, nestedReport, nestedTraps } from '../simulator/node/nested-trace.ts';
import type { PeView, Target } from '../simulator/target.ts';

const FOLDER = new URL('../simulator/hypervisors/', import.meta.url);
const LIMIT = 400_000_000;
const OPERATIONS = ['hypercall', 'io-kernel', 'io-user', 'virtual-ipi', 'eoi', 'timer'];
const MACHINES = {
  nv: { cpu: 'armv8.3-a', features: [] },
  neve: { cpu: 'armv8.3-a', features: ['+neve'] },
  nv2: { cpu: 'armv8.4-a', features: [] },
} as const;
type Machine = keyof typeof MACHINES;
const NAMES = Object.keys(MACHINES) as Machine[];

function read(file: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(file, FOLDER)));
}

function symbolOf(image: Uint8Array, name: string): bigint {
  const symbol = new ElfFile(image, name).symbols().find(candidate => candidate.name === name);
  assert.ok(symbol, `There is no symbol ${name}.`);
  return symbol.value;
}

/** A guest hypervisor whose guest measures each operation `iterations` times. */
function guestHypervisor(name: string, iterations: number): Uint8Array {
  const image = read(`kvm-arm/${name}.elf`);
  const benches = symbolOf(image, 'benches');
  const { segments } = new ElfFile(image, name);
  const segment = segments.find(
    ({ virtualAddress, fileSize }) => benches >= virtualAddress && benches < virtualAddress + BigInt(fileSize),
  );
  assert.ok(segment);
  const view = new DataView(image.buffer, image.byteOffset + segment.offset);
  // Name, function, iterations, whether it needs a second vCPU: 8 bytes each.
  for (let index = 0; index < OPERATIONS.length; index++) {
    view.setBigUint64(Number(benches - segment.virtualAddress) + 32 * index + 16, BigInt(iterations), true);
  }
  return image;
}

function load(machine: Machine, initrd: Uint8Array | undefined, pes = 1, gic: 2 | 3 = 3): Target {
  const config = { ...MACHINES[machine], imageName: 'nested', gic, pes, memory: 128 << 20, el: 2 } as const;
  return createTarget({ ...config, image: read('nested/nested.elf'), semihosting: false, initrd });
}

interface Run {
  readonly console: string;
  /** Traps of each operation, on average: on PE 0, and on all. */
  readonly traps: ReadonlyMap<string, readonly [number, number]>;
}

function run(machine: Machine, name: string, pes: number): Run {
  const image = guestHypervisor(name, 2);
  const target = load(machine, image, pes);
  const begin = target.addBreakpoint({ kind: 'instruction', address: symbolOf(image, 'bench_begin'), pe: 0 });
  target.addBreakpoint({ kind: 'instruction', address: symbolOf(image, 'bench_end'), pe: 0 });
  let console = '';
  target.onConsole = bytes => {
    console += new TextDecoder().decode(bytes);
  };
  const traps = new Map<string, readonly [number, number]>();
  let counts = [0, 0];
  let operation = '';
  let iterations = 1;
  target.onException = event => {
    if (event.kind !== 'taken' || event.to !== 2 || event.from === 2) return;
    if (levelOf(target.pes[event.pe], event.from).nesting === 0) return;
    counts[event.pe]++;
  };
  for (let stepOff = false; ; stepOff = true) {
    const stop = target.run({ instructions: LIMIT, stepOff });
    if (stop.kind !== 'breakpoint') {
      assert.equal(stop.kind, 'poweroff', `${name} on ${machine} did not come to its end:\n${console}`);
      return { console, traps };
    }
    const [pe] = target.pes;
    if (stop.ids.includes(begin)) {
      operation = OPERATIONS[Number(pe.readRegister('X0'))];
      iterations = Number(pe.readRegister('X1'));
      counts = [0, 0];
    } else {
      traps.set(operation, [counts[0] / iterations, (counts[0] + counts[1]) / iterations]);
    }
  }
}

const runs = new Map<string, Run>();

/** A run with one PE in split mode and two in the others, once for all tests. */
function runOf(machine: Machine, name: string, pes = 2): Run {
  const key = `${machine} ${name} ${pes}`;
  const known = runs.get(key) ?? run(machine, name, pes);
  runs.set(key, known);
  return known;
}

function trapsOf(machine: Machine, name: string, operation: string): number {
  const counts = runOf(machine, name).traps.get(operation);
  assert.ok(counts, `${name} on ${machine} has not measured ${operation}.`);
  return counts[0];
}

for (const machine of NAMES) {
  for (const name of ['split-4.10', 'vhe-4.10']) {
    test(`the guest of ${name} comes to its end on ${machine}, with timer and interrupts between its vCPUs`, () => {
      const { console } = runOf(machine, name);
      assert.match(console, /Nested virtualization by /);
      assert.match(console, name.startsWith('split') ? /host kernel at EL1.*\r?\n.*\r?\n.*EL1/ : /host kernel at EL2/);
      const measured = [...console.matchAll(/^(\S+) +iterations \d+ ticks \d+ cycles \d+/gm)].map(match => match[1]);
      assert.deepEqual(measured, OPERATIONS);
      assert.match(console, /FP registers kept/);
    });

    test(`the guest of ${name} completes an interrupt without a trap on ${machine}`, () => {
      assert.equal(trapsOf(machine, name, 'eoi'), 0);
    });
  }
}

test('the designs that were not made for it run as guest hypervisors too', () => {
  for (const name of ['split', 'vhe-opt', 'split-asm', 'vhe-opt-vgic-old']) {
    const { console } = runOf('nv2', name, 1);
    assert.match(console, /^timer +iterations 2/m, name);
    assert.match(console, /FP registers kept/, name);
  }
});

test('a hypercall of a nested guest is as many traps as was published', () => {
  const within = (actual: number, published: number) =>
    assert.ok(Math.abs(actual / published - 1) <= 0.15, `${actual} traps, ${published} were published`);
  within(trapsOf('nv', 'split-4.10', 'hypercall'), 126);
  within(trapsOf('neve', 'split-4.10', 'hypercall'), 15);
});

test('each machine spares traps that the one before has, and VHE spares them on FEAT_NV', () => {
  for (const operation of ['hypercall', 'io-kernel', 'io-user', 'virtual-ipi']) {
    for (const name of ['split-4.10', 'vhe-4.10']) {
      const [nv, neve, nv2] = NAMES.map(machine => trapsOf(machine, name, operation));
      assert.ok(nv > 4 * neve && neve > nv2, `${operation} of ${name}: ${nv}, ${neve}, ${nv2}`);
    }
    assert.ok(trapsOf('nv', 'vhe-4.10', operation) < trapsOf('nv', 'split-4.10', operation), operation);
  }
});

test('a redesigned guest hypervisor takes two traps for a hypercall with FEAT_NV2: in and out', () => {
  assert.equal(runOf('nv2', 'vhe-opt', 1).traps.get('hypercall')?.[0], 2);
});

test('the trace of a nested hypercall has a line for each trap', () => {
  for (const machine of NAMES) {
    const row = systemNamed(`nested/${machine === 'nv' ? 'armv8.3' : machine}`);
    const traps = nestedTraps(row, 'hypercall');
    assert.equal(traps.length, trapsOf(machine, 'split-4.10', 'hypercall'));
    const lines = nestedReport(row, 'hypercall', traps).trimEnd().split('\n');
    assert.equal(lines.length, 1 + traps.length);
    assert.match(lines[0], new RegExp(`: ${traps.length} traps to L0`));
    assert.match(
      lines[1],
      /^ +1 +L2 EL1 +guest_hypercall\+0x\S+ +HVC #0x0 .*inject_sync: on to L1 vEL2 at hyp_vectors/,
    );
    assert.match(
      lines.at(-1) ?? '',
      /L1 vEL2 +guest_eret +ERET +HCR_EL2.NV is 1 +emulate_eret: on to L2 EL1 at guest_hyp/,
    );
    for (const { because, cause } of traps) assert.ok(because !== '' || cause.startsWith('HVC'), cause);
  }
});

/** A machine at a breakpoint of a symbol of the guest hypervisor's file, or of the host's. */
function stopAt(machine: Machine, places: readonly [string, string][], file = 'split-4.10') {
  const initrd = guestHypervisor(file, 1);
  const target = load(machine, initrd);
  for (const [whose, name] of places) {
    const address = symbolOf(whose === 'host' ? read('nested/nested.elf') : initrd, name);
    const id = target.addBreakpoint({ kind: 'instruction', address });
    assert.equal(target.run({ instructions: LIMIT, stepOff: true }).kind, 'breakpoint', name);
    target.removeBreakpoint(id);
  }
  return target;
}

test('a PE tells which level runs, by HCR_EL2.NV and the VMID', () => {
  const level = (pe: PeView) => levelOf(pe, pe.el);
  assert.deepEqual(level(stopAt('nv', [['guest', 'host_main']]).pes[0]), { nesting: 1, el: 1 });
  assert.deepEqual(level(stopAt('nv', [['guest', 'hyp_stage1_enable']]).pes[0]), { nesting: 1, el: 2 });
  assert.deepEqual(level(stopAt('nv', [['guest', 'vmm_main']]).pes[0]), { nesting: 1, el: 0 });
  assert.deepEqual(level(stopAt('nv', [['guest', 'guest_main']]).pes[0]), { nesting: 2, el: 1 });
  assert.deepEqual(level(stopAt('nv', [['host', 'handle_exit']]).pes[0]), { nesting: 0, el: 1 });
  assert.deepEqual(level(stopAt('nv', [['guest', 'vmm_main']], 'vhe-4.10').pes[0]), { nesting: 1, el: 0 });
});

test('virtual EL2 is EL1 with the registers of EL2 as EL1 wants them', () => {
  for (const machine of NAMES) {
    // Behind hyp_stage1_enable the MMU of virtual EL2 is on.
    const [pe] = stopAt(machine, [
      ['guest', 'guest_main'],
      ['guest', 'hypercall'],
      ['guest', 'save_el1_state'],
    ]).pes;
    assert.equal(pe.el, 1);
    assert.equal(pe.readRegister('SCTLR_EL1') & 1n, 1n, machine);
    assert.equal((pe.readRegister('TCR_EL1') >> 23n) & 1n, 1n, `${machine}: TTBR1_EL1 is not in use`);
    assert.equal((pe.readRegister('TCR_EL1') >> 32n) & 7n, 2n, `${machine}: IPS is what PS was`);
    assert.notEqual(pe.readRegister('HCR_EL2') & (1n << 43n), 0n, `${machine}: NV1`);
  }
  const [vhe] = stopAt(
    'nv',
    [
      ['guest', 'guest_main'],
      ['guest', 'hypercall'],
      ['guest', 'save_el1_state'],
    ],
    'vhe-4.10',
  ).pes;
  assert.equal(vhe.readRegister('HCR_EL2') & (1n << 43n), 0n, 'NV1 is for those without E2H');
});

test('a nested guest has a stage 2 that is neither its hypervisor’s nor the host’s', () => {
  const target = stopAt('nv2', [['guest', 'guest_main']]);
  const [pe] = target.pes;
  const walk = pe.walk(0x8000_0000n, 'EL1&0');
  assert.ok(walk !== undefined);
  // The guest is at 0x40400000 of the guest hypervisor, whose RAM is at 0x44000000 of the machine.
  assert.equal(pe.physicalAddress({ kind: 'va' }, 0x8000_0000n), 0x4440_0000n);
});

test('a nested guest that accesses nothing is reported by its own hypervisor, with the address that it used', () => {
  const image = guestHypervisor('split-4.10', 1);
  const { segments } = new ElfFile(image, 'split-4.10');
  const place = symbolOf(image, 'io_user');
  const segment = segments.find(
    ({ virtualAddress, fileSize }) => place >= virtualAddress && place < virtualAddress + BigInt(fileSize),
  );
  assert.ok(segment);
  // MOVK X0, #0xb00, LSL #16 instead of #0xa00: I/O in user space now goes where no device is.
  const offset = segment.offset + Number(place - segment.virtualAddress) + 4;
  new DataView(image.buffer, image.byteOffset).setUint32(offset, 0xf2a16000, true);
  assert.match(consoleOf(load('nv', image)), /The guest cannot go on: ESR 0x.*address 0x000000000b000008/);
});

/** What a machine says until it turns itself off. */
function consoleOf(target: Target): string {
  let console = '';
  target.onConsole = bytes => {
    console += new TextDecoder().decode(bytes);
  };
  assert.equal(target.run({ instructions: LIMIT }).kind, 'poweroff', console);
  return console;
}

const GUEST_RAM = 0x4000_0000n;
const GUEST_RAM_PA = 0x4400_0000n;

/** Reads or writes a virtual EL2 register of vCPU 0, by its offset in the page. */
function pageOf(target: Target) {
  const [pe] = target.pes;
  const base = symbolOf(read('nested/nested.elf'), 'pages');
  return {
    read(offset: number): bigint {
      const bytes = pe.read({ kind: 'pa' }, base + BigInt(offset), 8);
      assert.ok(bytes);
      return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
    },
    write(offset: number, value: bigint): void {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigUint64(0, value, true);
      pe.write({ kind: 'pa' }, base + BigInt(offset), bytes);
    },
  };
}

test('maintenance of the nested interface is an interrupt of the guest hypervisor', () => {
  for (const machine of NAMES) {
    const image = guestHypervisor('split-4.10', 1);
    const target = stopAt(machine, [
      ['guest', 'guest_main'],
      ['guest', 'hypercall'],
      ['host', 'load_nested_list_registers'],
    ]);
    // ICH_HCR_EL2.{NPIE, En}: an interrupt as long as no list register is pending.
    pageOf(target).write(0x4c0, 9n);
    const address = symbolOf(image, 'gic_drop_priority');
    target.addBreakpoint({ kind: 'instruction', address });
    assert.equal(target.run({ instructions: LIMIT }).kind, 'breakpoint');
    assert.equal(target.pes[0].readRegister('X0'), 25n, machine);
    assert.equal(levelOf(target.pes[0], 1).nesting, 1);
  }
});

/** Takes the memory away from the nested guest in the tables of its hypervisor, which maintains the TLB or does not. */
function withoutMemory(machine: Machine, maintained: boolean): string {
  const target = stopAt(machine, [
    ['guest', 'guest_main'],
    ['guest', 'hypercall'],
    ['guest', 'save_el1_state'],
  ]);
  const [pe] = target.pes;
  const root = (pageOf(target).read(0x20) & 0xffff_ffff_f000n) - GUEST_RAM + GUEST_RAM_PA;
  pe.write({ kind: 'pa' }, root + 16n, new Uint8Array(8)); // the third gigabyte
  if (maintained) {
    const [back, link] = [pe.pc, pe.readRegister('X30')];
    pe.writeRegister('X30', back);
    pe.pc = symbolOf(guestHypervisor('split-4.10', 1), 'flush_all_guests');
    const id = target.addBreakpoint({ kind: 'instruction', address: back });
    assert.equal(target.run({ instructions: LIMIT }).kind, 'breakpoint');
    target.removeBreakpoint(id);
    pe.writeRegister('X30', link);
  }
  return consoleOf(target);
}

test('a change of virtual stage 2 is seen when the guest hypervisor maintains the TLB, and faults go to it', () => {
  for (const machine of NAMES) {
    // Without it the guest comes as far as it was before, and further: what the shadow has stays.
    assert.match(withoutMemory(machine, false), /^hypercall +iterations/m);
    // An instruction abort from a lower level, translation fault of level 1, perhaps on the walk of stage 1.
    assert.match(withoutMemory(machine, true), /The guest cannot go on: ESR 0x0+820000[08]5, PC 0x0+8000/);
  }
});

test('time has the offsets of both hypervisors', () => {
  for (const machine of NAMES) {
    const target = stopAt(machine, [['guest', 'host_main']]);
    const [pe] = target.pes;
    const outer = pe.readRegister('CNTVOFF_EL2');
    assert.ok(outer > 0n, machine);
    const nested = stopAt(machine, [['guest', 'guest_main']]);
    const inner = pageOf(nested).read(0x60);
    assert.ok(inner > 0n, machine);
    assert.equal(nested.pes[0].readRegister('CNTVOFF_EL2'), outer + inner, machine);
  }
});

test('a list register of the guest hypervisor is in the machine while its guest runs', () => {
  for (const machine of NAMES) {
    const target = stopAt(machine, [
      ['guest', 'timer'],
      ['guest', 'guest_interrupt'],
    ]);
    const [pe] = target.pes;
    const virtual = pageOf(target).read(0x400);
    const state = 3n << 62n;
    assert.equal(virtual & 0xffff_ffffn, 27n, machine);
    assert.equal((virtual >> 61n) & 1n, 1n, `${machine}: forwarded`);
    assert.equal(pe.readRegister('ICH_LR0_EL2') & ~state, virtual & ~state, machine);
  }
});

test('what cannot be nested is refused in words', () => {
  const nested = read('nested/nested.elf');
  assert.match(consoleOf(load('nv', nested)), /FEAT_NV\.[\s\S]*is itself the guest of one that gives it none/);
  assert.match(consoleOf(load('nv', undefined)), /There is no guest hypervisor to run: give its ELF file as initrd\./);
  assert.match(consoleOf(load('nv', new Uint8Array(200).fill(1))), /the initrd is not an ELF file for AArch64/);
  assert.match(consoleOf(load('nv2', read('kvm-arm/split.elf'), 1, 2)), /needs the virtual interface of GICv3/);
});

/** The designs of KVM/ARM in miniature, each with its guest that measures: what they print, and what an exit is there. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ElfFile } from '../debug-adapter/symbols/elf.ts';
import { createTarget } from '../simulator/machine.ts';
import type { Target } from '../simulator/target.ts';
import { patch, readImage } from './systems/image.ts';

const LIMIT = 200_000_000;
const OPERATIONS = ['hypercall', 'io-kernel', 'io-user', 'virtual-ipi', 'eoi', 'timer'];

/** What one operation of the guest cost, on average over the measurement. */
interface Cost {
  /** Exceptions taken on the measuring PE, and returns from them. */
  readonly taken: number;
  readonly returns: number;
  /** Exceptions by class, or by type for an interrupt, on all PEs. */
  readonly classes: ReadonlyMap<string, number>;
  readonly instructions: number;
}

interface Run {
  readonly console: string;
  readonly costs: ReadonlyMap<string, Cost>;
}

function load(system: string, image: Uint8Array, pes: number, el: 1 | 2 = 2): Target {
  const config = { imageName: system, cpu: 'max', features: [], gic: 3, memory: 128 << 20 } as const;
  return createTarget({ ...config, image, pes, el, semihosting: false });
}

/** What a machine says until it turns itself off, or whatever else its end should be. */
function consoleOf(target: Target, end = 'poweroff'): string {
  let console = '';
  target.onConsole = bytes => {
    console += new TextDecoder().decode(bytes);
  };
  assert.equal(target.run({ instructions: LIMIT }).kind, end, console);
  return console;
}

function read(system: string): Uint8Array {
  return readImage(`kvm-arm/${system}.elf`);
}

/** Every access to a system register from one hypercall of the guest to the next, sorted. */
function accessesOfHypercall(system: string): string[] {
  const image = read(system);
  const target = load(system, image, 1);
  const symbols = new ElfFile(image, system).symbols();
  const pe = target.pes[0];
  const runTo = (name: string) => {
    const address = symbols.find(symbol => symbol.name === name)?.value;
    assert.ok(address !== undefined, `There is no symbol ${name}.`);
    const id = target.addBreakpoint({ kind: 'instruction', address, pe: 0 });
    assert.equal(target.run({ instructions: LIMIT, stepOff: true }).kind, 'breakpoint');
    target.removeBreakpoint(id);
  };
  runTo('bench_begin');
  runTo('hypercall');
  const start = pe.pc;
  const accesses: string[] = [];
  do {
    const word = pe.read({ kind: 'va' }, pe.pc, 4);
    assert.ok(word, `Nothing can be read at PC ${pe.pc.toString(16)}.`);
    const text = target.disassemble(new DataView(word.buffer, word.byteOffset).getUint32(0, true), pe.pc) ?? '';
    const access = /^(mrs|msr)\b.*?([a-z]\w*_el\d+)/i.exec(text);
    if (access) accesses.push(`${access[1]} ${access[2]}`.toLowerCase());
    assert.ok(accesses.length < 1000, 'The guest does not come back.');
    target.run({ instructions: 1, stepOff: true });
  } while (pe.pc !== start);
  return accesses.sort();
}

/** Runs a system to its end, and counts between the guest's calls of bench_begin and bench_end. */
function run(system: string, { pes = 1, steps }: { pes?: number; steps?: number } = {}): Run {
  const image = read(system);
  if (steps !== undefined) patch(image, 'optimisations', steps);
  const target = load(system, image, pes);
  const symbols = new ElfFile(image, system).symbols();
  const breakpointAt = (name: string) => {
    const address = symbols.find(symbol => symbol.name === name)?.value;
    assert.ok(address !== undefined, `There is no symbol ${name}.`);
    return target.addBreakpoint({ kind: 'instruction', address, pe: 0 });
  };
  const begin = breakpointAt('bench_begin');

  let console = '';
  target.onConsole = bytes => {
    console += new TextDecoder().decode(bytes);
  };
  breakpointAt('bench_end');
  const costs = new Map<string, Cost>();
  let taken = 0;
  let returns = 0;
  let classes = new Map<string, number>();
  let operation = '';
  let iterations = 0;
  let start = 0;
  target.onException = event => {
    if (event.pe === 0) event.kind === 'taken' ? taken++ : returns++;
    if (event.kind === 'return') return;
    const name = event.class ?? event.type;
    classes.set(name, (classes.get(name) ?? 0) + 1);
  };
  for (let stepOff = false; ; stepOff = true) {
    const stop = target.run({ instructions: LIMIT - target.instructions, stepOff });
    if (stop.kind !== 'breakpoint') {
      assert.equal(stop.kind, 'poweroff', `${system} did not come to its end:\n${console}`);
      return { console, costs };
    }
    const pe = target.pes[0];
    if (stop.ids.includes(begin)) {
      operation = OPERATIONS[Number(pe.readRegister('X0'))];
      iterations = Number(pe.readRegister('X1'));
      [taken, returns, start, classes] = [0, 0, target.instructions, new Map()];
    } else {
      const each = (count: number) => count / iterations;
      costs.set(operation, {
        taken: each(taken),
        returns: each(returns),
        classes: new Map([...classes].map(([name, count]) => [name, each(count)])),
        instructions: each(target.instructions - start),
      });
    }
  }
}

const SYSTEMS = ['split', 'split-asm', 'split-vgic-old', 'vhe', 'vhe-opt', 'vhe-opt-vgic-old'];
const runs = new Map<string, Run>();

/** The run of a system on one PE, once for all tests. */
function runOf(system: string): Run {
  const known = runs.get(system) ?? run(system);
  runs.set(system, known);
  return known;
}

function costOf(system: string, operation: string): Cost {
  const cost = runOf(system).costs.get(operation);
  assert.ok(cost, `${system} has not measured ${operation}.`);
  return cost;
}

for (const system of SYSTEMS) {
  test(`${system} measures everything in order and turns the machine off`, () => {
    const { console } = runOf(system);
    const measured = [...console.matchAll(/^(\S+) +iterations \d+ ticks \d+ cycles \d+/gm)].map(match => match[1]);
    assert.deepEqual(
      measured,
      OPERATIONS.filter(operation => operation !== 'virtual-ipi'),
    );
    assert.match(console, /FP registers kept/);
    assert.match(console, system.startsWith('split') ? /host kernel at EL1/ : /host kernel at EL2/);
    assert.match(console, system.endsWith('vgic-old') ? /VGIC old/ : /VGIC new/);
  });

  test(`an EOI is no exit in ${system}`, () => {
    assert.deepEqual([costOf(system, 'eoi').taken, costOf(system, 'eoi').returns], [0, 0]);
  });

  test(`a hypercall and I/O in the kernel are one trap each from the guest in ${system}`, () => {
    assert.equal(costOf(system, 'io-kernel').classes.get('DAbortLower'), 1);
    assert.equal(costOf(system, 'hypercall').classes.get('HVC64'), system.startsWith('split') ? 2 : 1);
  });

  test(`I/O in user space comes back by one SVC in ${system}`, () => {
    assert.equal(costOf(system, 'io-user').classes.get('SVC64'), 1);
    assert.equal(costOf(system, 'io-user').returns - costOf(system, 'io-kernel').returns, 1);
  });
}

test('split mode enters EL2 twice for each exit, a host at EL2 once', () => {
  for (const operation of ['hypercall', 'io-kernel']) {
    for (const system of SYSTEMS) {
      const times = system.startsWith('split') ? 2 : 1;
      const { taken, returns } = costOf(system, operation);
      assert.deepEqual([taken, returns], [times, times], `${operation} in ${system}`);
    }
  }
});

test('the world switch by hand moves the same registers as the one in C', () => {
  const inC = accessesOfHypercall('split');
  assert.ok(inC.length > 150, `${inC.length} accesses`);
  assert.deepEqual(accessesOfHypercall('split-asm'), inC);
});

test('the redesign moves no EL1, timer or GIC state for a hypercall', () => {
  const accesses = accessesOfHypercall('vhe-opt');
  assert.deepEqual(
    accesses.filter(access => /_el12$|_el02$|ich_|icc_|vttbr|hcr_el2|cptr|cnt/.test(access)),
    [],
  );
});

test('the redesign takes most of the instructions out of an exit', () => {
  for (const operation of ['hypercall', 'io-kernel', 'io-user']) {
    const instructions = ['split', 'vhe', 'vhe-opt'].map(system => costOf(system, operation).instructions);
    const [split, vhe, optimised] = instructions;
    assert.ok(optimised < vhe && vhe < split, `${operation}: ${instructions.join(', ')}`);
  }
  assert.ok(costOf('vhe-opt', 'hypercall').instructions < costOf('vhe', 'hypercall').instructions / 2);
});

test('each step of the redesign works alone, and makes a hypercall no longer', () => {
  const without = run('vhe-opt', { steps: 0 }).costs.get('hypercall') as Cost;
  for (let step = 0; step < 10; step++) {
    const { console, costs } = run('vhe-opt', { steps: 1 << step });
    assert.match(console, /^timer +iterations 4/m, `step ${step}`);
    assert.match(console, /FP registers kept/, `step ${step}`);
    const cost = costs.get('hypercall') as Cost;
    assert.ok(cost.instructions < without.instructions, `step ${step}: ${cost.instructions}`);
  }
});

for (const system of SYSTEMS) {
  test(`an interrupt from one vCPU to the other reaches it in ${system}`, () => {
    const { console, costs } = run(system, { pes: 2 });
    assert.match(console, /^virtual-ipi +iterations 64/m);
    const cost = costs.get('virtual-ipi') as Cost;
    assert.equal(cost.classes.get('SysReg'), 1, 'the write of ICC_SGI1R_EL1 traps');
    assert.ok((cost.classes.get('irq') ?? 0) >= 2, 'a physical interrupt fetches the other out, a virtual one comes');
  });
}

test('a start at EL1 is refused in words', () => {
  assert.match(consoleOf(load('split', read('split'), 1, 1), 'deadlock'), /KVM\/ARM needs EL2 .* not at EL1/);
});

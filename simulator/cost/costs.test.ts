import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createTarget } from '../machine.ts';
import { elfSymbols } from '../node/elf-symbols.ts';
import type { MachineConfig, Target } from '../target.ts';
import { profileNamed, profiles } from './index.ts';
import { type CostEvent, costEvents } from './profile.ts';

const BASE = 0x4008_0000;

/** A machine with words of code at BASE, and others at offsets from there. */
function machineWith(
  words: readonly number[],
  more: Partial<MachineConfig> = {},
  at = new Map<number, number>(),
): Target {
  const image = new Uint8Array(0x2000);
  const view = new DataView(image.buffer);
  for (const [index, word] of words.entries()) view.setUint32(index * 4, word, true);
  for (const [offset, word] of at) view.setUint32(offset, word, true);
  return createTarget({
    image,
    imageName: 'test',
    cpu: 'max',
    features: [],
    gic: 3,
    pes: 1,
    memory: 16 << 20,
    el: 2,
    loadAddress: BASE,
    semihosting: false,
    ...more,
  });
}

function sum(profile: string, events: readonly CostEvent[]): number {
  const { costs } = profileNamed(profile);
  return events.reduce((total, event) => total + costs[event].cycles, 0);
}

const MOV_X0_42 = 0xd2800540;
const MUL_X1_X0_X0 = 0x9b007c01;
const UDIV_X1_X0_X0 = 0x9ac00801;
const LDP_X4_X5_SP = 0xa94017e4;
const STR_X0_SP = 0xf90003e0;
const MRS_X2_MIDR_EL1 = 0xd5380002;
const MSR_TPIDR_EL2_X0 = 0xd51cd040;
const MSR_SCTLR_EL2_X2 = 0xd51c1002;
const MRS_X2_SCTLR_EL2 = 0xd53c1002;
const MRS_X3_ICH_VTR_EL2 = 0xd53ccb23;
const TLBI_ALLE2 = 0xd50c871f;
const DSB_SY = 0xd5033f9f;
const ISB = 0xd5033fdf;
const LDADD_X0_X1_SP = 0xf82003e1;
const HVC = 0xd4000002;
const ERET = 0xd69f03e0;
const B_SELF = 0x14000000;
const MRS_X6_PMCCNTR = 0xd53b9d06;

test('every event of every profile has a cost, a basis and a source', () => {
  for (const { costs, frequency, caveat } of profiles) {
    assert.deepEqual(Object.keys(costs).sort(), [...costEvents].sort());
    for (const { cycles, source } of Object.values(costs)) {
      assert.ok(cycles > 0 && source.endsWith('.'));
      // Sums of multiples of 1/16 are exact.
      assert.equal(cycles * 16, Math.round(cycles * 16));
    }
    assert.ok(frequency > 1e9 && caveat.endsWith('.'));
  }
});

for (const { name } of profiles) {
  test(`a program costs the sum of its events by ${name}`, () => {
    const program: readonly (readonly [number, readonly CostEvent[]])[] = [
      [MOV_X0_42, ['integer']],
      [MUL_X1_X0_X0, ['multiply']],
      [UDIV_X1_X0_X0, ['divide']],
      [STR_X0_SP, ['store']],
      [LDP_X4_X5_SP, ['load']],
      [LDADD_X0_X1_SP, ['atomic']],
      [MRS_X2_MIDR_EL1, ['readId']],
      [MSR_TPIDR_EL2_X0, ['writeEl2']],
      [MRS_X2_SCTLR_EL2, ['readEl2']],
      [MSR_SCTLR_EL2_X2, ['writeEl2']],
      [MRS_X3_ICH_VTR_EL2, ['readVirtualInterface']],
      [TLBI_ALLE2, ['tlbi']],
      [DSB_SY, ['dsb']],
      [ISB, ['isb']],
      [B_SELF, ['branch']],
    ];
    const target = machineWith(
      program.map(([word]) => word),
      { profile: name },
    );
    target.pes[0].writeRegister('SP', BigInt(BASE + 0x1000));
    let expected = 0;
    for (const [index, [word, events]] of program.entries()) {
      target.run({ instructions: 1 });
      expected += sum(name, events);
      const where = `after instruction ${index}, ${target.disassemble(word, 0n)}`;
      assert.equal(target.pes[0].cycles, expected, where);
      assert.equal(target.cycles, expected, where);
    }
    assert.equal(target.pes[0].accesses, 6);
  });
}

test('an exception and its return cost what the profile says, and the instructions that make them nothing', () => {
  const target = machineWith([HVC, B_SELF], { profile: 'x-gene' }, new Map([[0xa00, ERET]]));
  target.pes[0].writeRegister('VBAR_EL2', BigInt(BASE + 0x800));
  target.run({ instructions: 1 });
  assert.equal(target.pes[0].cycles, sum('x-gene', ['exceptionEntry']));
  target.run({ instructions: 1 });
  assert.equal(target.pes[0].cycles, sum('x-gene', ['exceptionEntry', 'exceptionReturn']));
  assert.equal(target.pes[0].pc, BigInt(BASE + 4));
});

test('an access that traps costs its exception, not the access', () => {
  // MSR SCTLR_EL1 at EL1 with HCR_EL2.TVM.
  const target = machineWith([ERET, 0xd5181000], { profile: 'x-gene' });
  const pe = target.pes[0];
  pe.writeRegister('HCR_EL2', (1n << 31n) | (1n << 26n));
  pe.writeRegister('SPSR_EL2', 0x3c5n);
  pe.writeRegister('ELR_EL2', BigInt(BASE + 4));
  target.run({ instructions: 2 });
  assert.equal(pe.el, 2);
  assert.equal(pe.cycles, sum('x-gene', ['exceptionReturn', 'exceptionEntry']));
});

test('a walk that ends in a fault costs each time, and the instruction that aborts costs itself', () => {
  // The MMU is on with tables that have the gigabyte of the code alone: the load aborts, and then the fetch of the vector.
  const block = new Map([[0x1000 + (BASE >>> 30) * 8, ((BASE >>> 30) << 30) | 0x701]]);
  const target = machineWith([MSR_SCTLR_EL2_X2, LDP_X4_X5_SP], { profile: 'x-gene' }, block);
  const pe = target.pes[0];
  pe.writeRegister('TTBR0_EL2', BigInt(BASE + 0x1000));
  pe.writeRegister('TCR_EL2', 0x80800019n);
  pe.writeRegister('VBAR_EL2', 0xc0000000n);
  pe.writeRegister('X2', 0x30c50831n);
  target.run({ instructions: 3 });
  assert.equal(pe.cycles, sum('x-gene', ['writeEl2', 'load', 'walk', 'exceptionEntry', 'walk', 'exceptionEntry']));
});

test('PMCCNTR_EL0 counts the modelled cycles of its PE', () => {
  const target = machineWith([MUL_X1_X0_X0, MUL_X1_X0_X0, MRS_X6_PMCCNTR, B_SELF], { profile: 'seattle' });
  const pe = target.pes[0];
  pe.writeRegister('PMCNTENSET_EL0', 1n << 31n);
  pe.writeRegister('PMCCFILTR_EL0', 1n << 27n);
  pe.writeRegister('PMCR_EL0', 1n);
  target.run({ instructions: 3 });
  // The read is charged before it reads.
  assert.equal(pe.readRegister('X6'), BigInt(sum('seattle', ['multiply', 'multiply', 'readPmu'])));
});

test('the counter goes by the frequency of the profile', () => {
  const target = machineWith([B_SELF], { profile: 'seattle' });
  target.run({ instructions: 32_000 });
  assert.equal(target.pes[0].readRegister('CNTPCT_EL0'), 1000n); // 2.0 GHz by 62.5 MHz
});

test('without a profile a cycle is an instruction', () => {
  const target = machineWith([MUL_X1_X0_X0, ISB, B_SELF]);
  target.run({ instructions: 100 });
  assert.equal(target.pes[0].cycles, 100);
});

test('a profile that there is not is refused in words', () => {
  assert.throws(
    () => machineWith([B_SELF], { profile: 'cray' }),
    /^Error: There is no cost profile "cray"; there are /,
  );
});

/** A workload of simulator/bench with few rounds, run to its end. */
function switchWorkload(profile: string | undefined): { target: Target; console: string } {
  const image = new Uint8Array(readFileSync(new URL('../bench/switch.elf', import.meta.url)));
  const at = elfSymbols(image).get('bench_rounds')?.offset as number;
  new DataView(image.buffer).setBigUint64(at, 200n, true);
  const config = {
    image,
    imageName: 'switch',
    cpu: 'max',
    features: [],
    gic: 3,
    pes: 1,
    memory: 64 << 20,
    el: 2,
  } as const;
  const target = createTarget({ ...config, semihosting: false, ...(profile === undefined ? {} : { profile }) });
  let console = '';
  target.onConsole = bytes => {
    console += new TextDecoder().decode(bytes);
  };
  assert.equal(target.run({ instructions: 100_000_000 }).kind, 'poweroff');
  return { target, console };
}

/** Registers and PSTATE, without what goes by the time. */
function fingerprint(target: Target): readonly string[] {
  return target.pes.map(pe => {
    const names = pe.systemRegisters().filter(({ name, readable }) => readable && !/^(CNT|PM|RNDR)/.test(name));
    const all = [
      'PC',
      'SP',
      'PSTATE',
      ...Array.from({ length: 31 }, (_, n) => `X${n}`),
      ...names.map(({ name }) => name),
    ];
    return all.map(name => `${name}=${pe.readRegister(name).toString(16)}`).join(' ');
  });
}

test('a program does the same with a profile as without', () => {
  const without = switchWorkload(undefined);
  const withCosts = switchWorkload('seattle');
  assert.equal(withCosts.console, without.console);
  assert.equal(withCosts.target.instructions, without.target.instructions);
  assert.deepEqual(fingerprint(withCosts.target), fingerprint(without.target));
  assert.ok(withCosts.target.cycles > without.target.cycles);
});

test('going back and forth again gives the cycles and the state of every PE as they were', () => {
  const image = new Uint8Array(readFileSync(new URL('../hypervisors/kvm-arm/vhe-opt.elf', import.meta.url)));
  const target = createTarget({
    image,
    imageName: 'vhe-opt',
    cpu: 'max',
    features: [],
    gic: 3,
    pes: 2,
    memory: 128 << 20,
    el: 2,
    profile: 'seattle',
    semihosting: false,
  });
  target.record({ interval: 60_000 });
  const state = () => [target.pes.map(pe => pe.cycles), fingerprint(target)];
  const seen = Array.from({ length: 12 }, () => {
    target.run({ instructions: 41_000 });
    return { moment: target.moment, state: state() };
  });
  for (const index of [7, 2, 11, 5, 0, 9]) {
    target.goTo(seen[index].moment);
    assert.deepEqual(state(), seen[index].state);
  }
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { Machine } from '../machine.ts';
import type { ExceptionLog } from './exception-log.ts';
import { recordWorldSwitch, type WorldSwitchRecording, worldSwitches } from './world-switch.ts';

function machineOf(system: string): Machine {
  const image = readFileSync(new URL(`../hypervisors/${system}.elf`, import.meta.url));
  const rest = { cpu: 'max', features: [], gic: 3, pes: 1, memory: 64 * 2 ** 20, el: 2, semihosting: false } as const;
  const machine = new Machine({ image, imageName: system, ...rest });
  machine.record({ interval: 100_000 });
  machine.logExceptions({});
  return machine;
}

let machine: Machine;
let recorded: WorldSwitchRecording;
before(() => {
  machine = machineOf('first-light/first-light');
  machine.run({ instructions: 5_000_000 });
  const [, wanted] = machine.worldSwitches(0, machine.instructions, 10);
  recorded = machine.recordWorldSwitch(wanted, pc => (pc & 4n ? 'even' : 'odd'));
});

test('switches are exits with the entry after them, newest first, none after now', () => {
  const log = machine.exceptionLog as ExceptionLog;
  const found = worldSwitches(log, 0, machine.instructions, 100);
  assert.ok(found.length > 3);
  for (const { exit, entry } of found) {
    assert.ok(exit.guest && exit.to === 2 && entry.guest && entry.from === 2 && entry.number > exit.number);
  }
  const order = found.map(one => one.exit.number);
  assert.deepEqual(
    order,
    order.toSorted((a, b) => b - a),
  );
  const early = worldSwitches(log, 0, found[1].exit.instructions, 100);
  assert.deepEqual(early.slice(0, 5), found.slice(2, 7));
});

test('the machine stands where it stood', () => {
  const fresh = machineOf('first-light/first-light');
  fresh.run({ instructions: 5_000_000 });
  assert.deepEqual(machine.moment, fresh.moment);
  for (const name of ['PC', 'SP', 'X0', 'HCR_EL2', 'ELR_EL2', 'CNTVCT_EL0'])
    assert.equal(machine.pes[0].readRegister(name), fresh.pes[0].readRegister(name), name);
});

test('stays at each level add up to the whole', () => {
  const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
  assert.equal(sum(recorded.segments.map(one => one.cycles)), recorded.cycles);
  assert.equal(sum(recorded.segments.map(one => one.instructions)), recorded.instructions);
  for (const { parts } of recorded.segments)
    for (const { name } of parts) assert.ok(['even', 'odd'].includes(name), name);
});

test('accesses come in order, with what the register held', () => {
  assert.ok(recorded.accesses.length > 0);
  const order = recorded.accesses.map(one => one.instructions);
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
  for (const one of recorded.accesses) {
    assert.equal(one.instruction.startsWith(one.old === undefined ? 'mrs' : 'msr'), true, one.instruction);
    if (one.old !== undefined) assert.equal(one.needless === 'same', one.old === one.value);
  }
});

test('the exception syndrome is read, the guest is switched in by its return', () => {
  assert.ok(recorded.accesses.some(one => one.register === 'ESR_EL2' && one.old === undefined));
  assert.equal(recorded.vmid, 1);
});

// A switch by hand, in a replay that the test plays.
const MRS_X0 = 0xd5300000; // the register does not matter here
const MSR_X0 = 0xd5100000;
const STR_X0 = 0xf9000020; // str x0, [x1]
const STR_X0_8 = 0xf9000420; // str x0, [x1, #8]
const LDR_X0 = 0xf9400020; // ldr x0, [x1]
const MOV_X0 = 0xd2800000; // mov x0, #0

function play(words: readonly (readonly [word: number, register?: string, value?: bigint, old?: bigint])[]) {
  const event = (number: number, instructions: number, kind: number, from: number, to: number) =>
    ({
      number,
      instructions,
      cycles: instructions,
      kind,
      from,
      to,
      class: 4,
      syndrome: 0,
      guest: true,
      vmid: 1,
    }) as never;
  const exit = event(0, 0, 0, 1, 2);
  const entry = event(1, words.length, 4, 2, 1);
  const log = { pes: [{ event: (number: number) => [exit, entry][number] }] } as never;
  return recordWorldSwitch(
    {
      log,
      disassemble: () => '',
      describe: () => 'HVC',
      retrace: (_pe, _from, visitor) => {
        const step = (n: number) => ({
          word: words[n]?.[0] ?? 0,
          pc: BigInt(n * 4),
          level: 2 as const,
          guest: false,
          instructions: n,
          cycles: n,
          register: () => 0x1000n,
        });
        visitor.before(step(0));
        visitor.exception(0, 1, 2);
        for (const [n, [, name, value, old]] of words.entries()) {
          visitor.before(step(n));
          if (name) {
            const common = { pe: 0, name, value: value ?? 0n, pc: 0n };
            visitor.accessed(old === undefined ? { ...common, write: false } : { ...common, write: true, old });
          }
          visitor.after(step(n + 1));
        }
      },
    },
    { pe: 0, exit, entry },
    () => 'f',
  ).accesses.map(({ kind, register, needless }) => [kind, register, needless]);
}

test('a value that goes to memory is saved, one that comes from there is restored', () => {
  const found = play([
    [MRS_X0, 'A', 1n],
    [STR_X0],
    [LDR_X0],
    [MSR_X0, 'A', 1n, 2n],
    [MRS_X0, 'B', 1n],
    [MOV_X0],
    [STR_X0],
    [MSR_X0, 'C', 0n, 0n],
  ]);
  assert.deepEqual(found, [
    ['save', 'A', undefined],
    ['restore', 'A', undefined],
    ['read', 'B', undefined],
    ['write', 'C', 'same'],
  ]);
});

test('a save that is overwritten before anything loads it is needless', () => {
  const found = play([[MRS_X0, 'A'], [STR_X0], [MRS_X0, 'B'], [STR_X0_8], [LDR_X0], [MOV_X0], [STR_X0], [STR_X0_8]]);
  assert.deepEqual(found, [
    ['save', 'A', undefined],
    ['save', 'B', 'unused'],
  ]);
});

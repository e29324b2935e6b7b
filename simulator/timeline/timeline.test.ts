import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { RAM } from '../engine/layout.ts';
import { Machine } from '../machine.ts';
import type { StopReason } from '../target.ts';

const FIRST_LIGHT = new URL('../hypervisors/first-light/first-light.elf', import.meta.url);
const MEMORY = 64 * 2 ** 20;

function firstLight(): Machine {
  return new Machine({
    image: readFileSync(FIRST_LIGHT),
    imageName: 'first-light.elf',
    cpu: 'max',
    features: [],
    gic: 3,
    pes: 1,
    memory: MEMORY,
    el: 2,
    semihosting: false,
  });
}

/** A number that stands for RAM and every register. */
function fingerprint(machine: Machine): string {
  let hash = 0x811c9dc5;
  const words = machine.engine.u32;
  for (let at = RAM >> 2; at < (RAM + MEMORY) >> 2; at++) hash = Math.imul(hash ^ words[at], 0x01000193);
  const [pe] = machine.pes;
  const names = pe.systemRegisters().filter(register => register.readable);
  const registers = [
    'PC',
    'SP',
    'PSTATE',
    ...Array.from({ length: 31 }, (_, n) => `X${n}`),
    ...names.map(({ name }) => name),
  ];
  return `${hash >>> 0} ${machine.instructions} ${registers.map(name => `${name}=${pe.readRegister(name).toString(16)}`).join(' ')}`;
}

/** Reverse continue to its end. */
function reverse(machine: Machine): StopReason {
  const search = machine.reverseContinue();
  for (;;) {
    const step = search.next();
    if (step.done) return step.value;
  }
}

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test('going back to any moment of a run gives the state that it had then', () => {
  const machine = firstLight();
  machine.record({ interval: 30_000 });
  const next = random(1);
  const seen: { moment: Machine['moment']; state: string }[] = [];
  for (;;) {
    const stop = machine.run({ instructions: 1 + Math.floor(next() * 40_000) });
    seen.push({ moment: machine.moment, state: fingerprint(machine) });
    if (stop.kind === 'poweroff') break;
    assert.equal(stop.kind, 'limit');
  }
  assert.ok(seen.length > 8, 'the run is long enough to go back in');
  for (let visit = 0; visit < 12; visit++) {
    const { moment, state } = seen[Math.floor(next() * seen.length)];
    machine.goTo(moment);
    assert.equal(fingerprint(machine), state);
  }
});

test('a run that was taken back goes on to the same end', () => {
  const machine = firstLight();
  machine.record({ interval: 30_000 });
  let output = '';
  machine.onConsole = bytes => {
    output += String.fromCharCode(...bytes);
  };
  const finish = () => {
    while (machine.run({ instructions: 1_000_000 }).kind === 'limit');
  };
  machine.run({ instructions: 150_000 });
  const middle = machine.moment;
  output = '';
  finish();
  const [firstOutput, firstEnd] = [output, fingerprint(machine)];
  machine.goTo(middle);
  output = '';
  finish();
  assert.equal(output, firstOutput);
  assert.equal(fingerprint(machine), firstEnd);
});

test('recording does not change a run', () => {
  const [plain, recorded] = [firstLight(), firstLight()];
  recorded.record({ interval: 50_000 });
  for (const machine of [plain, recorded]) while (machine.run({ instructions: 777_777 }).kind === 'limit');
  assert.equal(fingerprint(recorded), fingerprint(plain));
});

test('saved pages stay within their limit, and every moment can still be returned to', () => {
  const machine = firstLight();
  const limit = 64 * 4096;
  machine.record({ interval: 20_000, limit });
  machine.run({ instructions: 300_000 });
  const [moment, state] = [machine.moment, fingerprint(machine)];
  while (machine.run({ instructions: 1_000_000 }).kind === 'limit');
  const recording = machine.recording;
  assert.ok(recording && recording.bytes <= limit, `${recording?.bytes} bytes are kept`);
  machine.goTo(moment);
  assert.equal(fingerprint(machine), state);
});

test('typed input is replayed where it came in', () => {
  // The guest does not listen, so what is compared is the receiver of the PL011.
  const machine = firstLight();
  machine.record({ interval: 50_000 });
  machine.run({ instructions: 100_000 });
  machine.sendConsole(Uint8Array.of(0x41, 0x42));
  machine.run({ instructions: 100_000 });
  const [moment, uart] = [machine.moment, JSON.stringify(machine.board.uart.snapshot())];
  machine.goTo({ ...moment, instructions: 50_000 });
  assert.notEqual(JSON.stringify(machine.board.uart.snapshot()), uart);
  machine.run({ instructions: 150_000 });
  assert.equal(JSON.stringify(machine.board.uart.snapshot()), uart);
});

test('going back without a recording is refused with a sentence', () => {
  const machine = firstLight();
  assert.throws(() => machine.goTo(machine.moment), /This run is not recorded/);
});

test('reverse continue finds the last breakpoint before now, and then the one before it', () => {
  const machine = firstLight();
  machine.record({ interval: 30_000 });
  const exits: number[] = [];
  machine.addBreakpoint({ kind: 'exception', match: event => event.kind === 'taken' && event.class === 'HVC64' });
  for (;;) {
    const stop = machine.run({ instructions: 1_000_000 });
    if (stop.kind === 'poweroff') break;
    if (stop.kind === 'exception') exits.push(machine.instructions);
  }
  assert.ok(exits.length >= 3);
  for (const expected of exits.reverse()) {
    const stop = reverse(machine);
    assert.equal(stop.kind, 'exception');
    assert.equal(machine.instructions, expected);
  }
  assert.equal(reverse(machine).kind, 'limit');
  assert.equal(machine.instructions, 0);
});

test('an instruction breakpoint is found backwards with the PE standing at it', () => {
  const machine = firstLight();
  machine.record({ interval: 30_000 });
  machine.run({ instructions: 100_000 });
  const address = machine.pes[0].pc;
  machine.run({ instructions: 30_000 });
  machine.addBreakpoint({ kind: 'instruction', address });
  const stop = reverse(machine);
  assert.equal(stop.kind, 'breakpoint');
  assert.equal(machine.pes[0].pc, address);
  assert.ok(machine.instructions >= 100_000 && machine.instructions < 130_000);
});

test('a search that is given up leaves the machine where it was', () => {
  const machine = firstLight();
  machine.record({ interval: 30_000 });
  machine.run({ instructions: 200_000 });
  const before = fingerprint(machine);
  const search = machine.reverseContinue();
  search.next();
  search.next();
  search.return({ kind: 'limit' });
  assert.equal(fingerprint(machine), before);
});

/** Goes back to the last stop at one of the breakpoints. */
function back(machine: Machine, ...only: number[]): StopReason {
  const search = machine.reverseContinue(only);
  for (;;) {
    const step = search.next();
    if (step.done) return step.value;
  }
}

test('what a debugger changes is replayed where it was changed', () => {
  const machine = firstLight();
  machine.record({ interval: 30_000 });
  machine.run({ instructions: 100_000 });
  const [pe] = machine.pes;
  const changed = machine.moment;
  pe.writeRegister('X27', 0x1234n);
  pe.writeRegister('TPIDR_EL2', 0x5678n);
  pe.write({ kind: 'pa' }, 0x43ff_fff0n, Uint8Array.of(1, 2, 3, 4));
  const after = fingerprint(machine);
  machine.run({ instructions: 20_000 });
  const later = [machine.moment, fingerprint(machine)] as const;
  machine.goTo({ ...changed, instructions: 40_000 });
  assert.notEqual(pe.readRegister('TPIDR_EL2'), 0x5678n);
  machine.goTo(later[0]);
  assert.equal(fingerprint(machine), later[1]);
  machine.goTo(changed);
  assert.equal(fingerprint(machine), after);
});

test('a change in the past begins another future', () => {
  const machine = firstLight();
  machine.record({ interval: 30_000 });
  machine.run({ instructions: 50_000 });
  const middle = machine.moment;
  machine.run({ instructions: 50_000 });
  machine.sendConsole(Uint8Array.of(0x41));
  machine.goTo(middle);
  machine.pes[0].writeRegister('TPIDR_EL2', 7n);
  assert.equal(machine.recording?.end.instructions, middle.instructions);
  machine.run({ instructions: 40_000 });
  machine.goTo(middle);
  assert.equal(machine.pes[0].readRegister('TPIDR_EL2'), 7n);
});

test('the last instruction that wrote a general register is found, and no other breakpoint stops the search', () => {
  const machine = firstLight();
  machine.record({ interval: 30_000 });
  // The truth: every instruction one by one, and what X0 was before and after it.
  const [pe] = machine.pes;
  machine.run({ instructions: 100_000 });
  let [last, value] = [0, pe.readRegister('X0')];
  while (machine.instructions < 110_000) {
    machine.run({ instructions: 1 });
    const now = pe.readRegister('X0');
    if (now !== value) last = machine.instructions - 1;
    value = now;
  }
  assert.ok(last > 0, 'X0 is written in that stretch');
  machine.addBreakpoint({ kind: 'exception', match: () => true });
  const stop = back(machine, machine.addBreakpoint({ kind: 'register', name: 'X0' }));
  assert.equal(stop.kind, 'breakpoint');
  // A write of the same value counts as well.
  assert.ok(machine.instructions >= last, `${machine.instructions} and ${last}`);
  const before = machine.instructions;
  machine.run({ instructions: 1, stepOff: true });
  assert.equal(machine.instructions, before + 1);
  assert.equal(pe.readRegister('X0'), value);
});

test('every change of a general register is foreseen by the instruction that makes it', () => {
  const machine = firstLight();
  const [pe] = machine.pes;
  const names = [...Array.from({ length: 31 }, (_, n) => `X${n}`), 'SP'];
  const hits = new Set<string>();
  for (const name of names) {
    machine.addBreakpoint({
      kind: 'register',
      name,
      match: () => {
        hits.add(name);
        return false;
      },
    });
  }
  let before = names.map(name => pe.readRegister(name));
  let level = pe.el;
  for (let count = 0; count < 30_000; count++) {
    hits.clear();
    machine.run({ instructions: 1 });
    const now = names.map(name => pe.readRegister(name));
    // An exception or its return changes which SP is in use.
    const same = pe.el === level;
    for (const [n, name] of names.entries()) {
      if (now[n] !== before[n] && (same || name !== 'SP')) assert.ok(hits.has(name), `${name} at ${count}`);
    }
    [before, level] = [now, pe.el];
  }
});

test('going to a moment can be given up on the way', () => {
  const machine = firstLight();
  machine.record({ interval: 30_000 });
  machine.run({ instructions: 200_000 });
  const end = machine.moment;
  const way = machine.travel({ ...end, instructions: 100 });
  while (!way.next().done);
  assert.equal(machine.instructions, 100);
  machine.goTo({ ...end, instructions: 10 ** 9 });
  assert.ok(machine.instructions < 10 ** 9, 'the guest powers itself off before that');
});

// The two engines against each other: programs of drawn instructions in loops, with branches over some of them, loads and
// stores, run interpreted and compiled to the same state. Single instructions are compared with QEMU elsewhere.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Decoder } from '../../simulator/arch/instructions/decoder.ts';
import { fpSimdRows } from '../../simulator/arch/instructions/fp-simd.ts';
import { instructionRows } from '../../simulator/arch/instructions/index.ts';
import { integerRows } from '../../simulator/arch/instructions/integer.ts';
import { type InstructionRow, parsePattern } from '../../simulator/arch/instructions/row.ts';
import { drawCounts, TwoTiers } from '../../simulator/engine/compiler/compare-tiers.ts';
import { lowerings } from '../../simulator/engine/semantics/index.ts';
import { isAccess } from '../differential/draw-integer.ts';
import { random } from '../differential/random.ts';

const START = 0x40200000;
const BLOCK = 120;
const ROUNDS = 150;

/** Rows that go somewhere else, change the system, or ask for more than their registers. */
const LEFT_OUT =
  /^(B|BL|B_cond|CBN?Z|TBN?Z|BR|BLR|RET|UDF|SVC|HVC|SMC|BRK|HLT|DCPS\d|DRPS|ERET|SYSL?|MSR.*|MRS|WF.*|.*_lit|PRFM.*|PRFUM|BTI|ISB|SEVL?|YIELD|.*AA|.*AB|.*AAZ|.*ABZ|LDRA.*|PAC.*|AUT.*|XPAC.*|CFINV|LDG.*|STG.*)$/;
/** No base with writeback, so that the window stays where it is, and no register offsets, which are not known. */
const MOVING = /_(pre|post|reg)$/;

const drawable = [...integerRows, ...fpSimdRows].filter(
  ({ id }) => lowerings[id] && !LEFT_OUT.test(id) && !MOVING.test(id),
);
const decoder = new Decoder(instructionRows);

/** Base of loads and stores, and the counter of rounds: set anew before each use. */
const BASE = 28;
const COUNTER = 27;

const adr = (rd: number, distance: number): number =>
  (0x10000000 | ((distance & 3) << 29) | (((distance >> 2) & 0x7ffff) << 5) | rd) >>> 0;
const ldr = (rt: number, rn: number): number => (0xf9400000 | (rn << 5) | rt) >>> 0;
const str = (rt: number, rn: number): number => (0xf9000000 | (rn << 5) | rt) >>> 0;
const subtractOne = (rd: number): number => (0xd1000400 | (rd << 5) | rd) >>> 0;
const cbnz = (rt: number, words: number): number => (0xb5000000 | ((words & 0x7ffff) << 5) | rt) >>> 0;
const movz = (rd: number, imm: number, shift: number): number =>
  (0xd2800000 | ((shift / 16) << 21) | ((imm & 0xffff) << 5) | rd) >>> 0;
const movk = (rd: number, imm: number, shift: number): number => (movz(rd, imm, shift) | 0x20000000) >>> 0;
const msr = (rt: number, register: number): number => (0xd5180000 | (register << 5) | rt) >>> 0;
const CPACR_EL1 = 0x4082;
const FPCR = 0x5a20;

/** A word of a row that may stand anywhere; undefined when another one has to be drawn. */
function draw(row: InstructionRow, next: () => number): number | undefined {
  const { mask, value, fields } = parsePattern(row.bits);
  let word = ((next() & ~mask) | value) >>> 0;
  const base = fields.find(({ name }) => name === 'Rn');
  const first = decoder.decode(word);
  if (first?.row !== row) return undefined;
  const memory = isAccess(lowerings[row.id](first.fields)?.handler ?? '');
  if (memory && base) word = ((word & ~(31 << base.shift)) | (BASE << base.shift)) >>> 0;
  const decoded = decoder.decode(word);
  if (decoded?.row !== row) return undefined;
  const lowered = lowerings[row.id](decoded.fields);
  if (!lowered || /^(undefined|unimplemented)$/.test(lowered.handler)) return undefined;
  if (memory) {
    const { fields: f } = decoded;
    // Post-indexed structures have a register of their own for the distance.
    if (/^(LD|ST)[1-4]/.test(row.id) && /post/.test(row.id)) return undefined;
    // The result of an exclusive store may not be one of its operands.
    if (f.Rs !== undefined && [f.Rt, f.Rt2, f.Rn].includes(f.Rs)) return undefined;
    const offset = Number(lowered.imm ?? 0n);
    if (offset < -0x8000 || offset > 0x8000) return undefined;
    if (/^(LDAPU|STLU)R/.test(row.id) && offset % 8) return undefined;
  }
  return word;
}

/** Words of a program: registers and FPCR from the seed, a block in a loop, and the end. */
function programOf(seed: number): Uint32Array {
  const next = random(seed);
  const words: number[] = [];
  const setRegister = (rd: number) => {
    for (const shift of [0, 16, 32, 48]) words.push((shift ? movk : movz)(rd, next() % 3 ? next() : 0xffff, shift));
  };
  words.push(movz(0, 0x30, 16), msr(0, CPACR_EL1), 0xd5033fdf);
  setRegister(1);
  words.push(movz(2, (next() & 0x1f) << 3, 16), msr(2, FPCR));
  for (let n = 0; n < 31; n++) setRegister(n);
  for (let n = 0; n < 32; n++) words.push((0x9e670000 | ((n % 29) << 5) | n) >>> 0); // FMOV Dn, Xm
  const loop = words.length;
  // Behind the code: the counter, and the middle of the window, aligned for every ordered access.
  const counterAt = (loop + BLOCK * 4 + 67) & ~3;
  const windowAt = counterAt + 0x4000;
  while (words.length < loop + BLOCK * 3) {
    const row = drawable[next() % drawable.length];
    const word = draw(row, next);
    if (word === undefined) continue;
    // Sometimes over the next one: B.cond, CBZ or TBZ.
    if (next() % 6 === 0) {
      const over = 3 << 5;
      const choices = [
        0x54000000 | over | (next() & 13),
        0x34000000 | over | (next() % 28),
        0x36000000 | over | (next() % 28),
      ];
      words.push(choices[next() % 3] >>> 0, adr(BASE, (windowAt - words.length - 1) * 4), word);
    } else {
      words.push(adr(BASE, (windowAt - words.length) * 4), word);
    }
  }
  words.push(adr(BASE, (counterAt - words.length) * 4), ldr(COUNTER, BASE), subtractOne(COUNTER), str(COUNTER, BASE));
  words.push(cbnz(COUNTER, loop - words.length));
  words.push(0x14000000); // B .
  const image = new Uint32Array(windowAt + 0x4000);
  image.set(words);
  image[counterAt] = ROUNDS;
  for (let n = counterAt + 2; n < image.length; n++) image[n] = next();
  return image;
}

for (const seed of [1, 2, 3, 4]) {
  test(`a program of drawn instructions has the same state interpreted and compiled, drawn from ${seed}`, () => {
    const image = new Uint8Array(programOf(seed).buffer);
    const tiers = new TwoTiers({
      ...{ image, imageName: 'sequence', loadAddress: START, cpu: 'max', features: ['+wfxt'], gic: 3, pes: 1 },
      ...{ memory: 32 * 2 ** 20, el: 1, semihosting: false },
    });
    for (const count of drawCounts(seed)) {
      tiers.run(count);
      if (tiers.interpreting.instructions > ROUNDS * BLOCK * 3) break;
    }
    tiers.compareMemory();
    const [esr, elr] = ['ESR_EL1', 'ELR_EL1'].map(name => tiers.interpreting.pes[0].readRegister(name));
    assert.equal(esr, 0n, `the program took an exception at 0x${elr.toString(16)}: ESR_EL1 is 0x${esr.toString(16)}`);
    assert.ok((tiers.compiling.engine.compiler?.statistics.regions ?? 0) > 0, 'nothing was compiled');
  });
}

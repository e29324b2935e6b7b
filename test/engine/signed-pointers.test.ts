import assert from 'node:assert/strict';
import { test } from 'node:test';
import { integerRows } from '../../simulator/arch/instructions/integer.ts';
import { integerHandlers, integerLowerings } from '../../simulator/engine/semantics/integer-index.ts';
import {
  type Case,
  EngineUnderTest,
  type Outcome,
  type State,
  WINDOW,
  windowAddress,
  wordAddress,
} from '../differential/single-instructions.ts';

const engine = new EngineUnderTest(integerRows, integerHandlers, integerLowerings);
for (const [n, key] of ['APIA', 'APIB', 'APDA', 'APDB', 'APGA'].entries()) {
  engine.setRegister(`${key}KeyLo_EL1`, 0x1111111111111111n * BigInt(n + 1));
}
engine.setRegister('SCTLR_EL1', (1n << 31n) | (1n << 30n) | (1n << 27n) | (1n << 13n));
engine.setRegister('TCR_EL1', 16n | (16n << 16n));

const SP = 0x40f0n;

/** X0 to X30 hold numbers of their own, SP and the window are known. */
function state(changes: Readonly<Record<number, bigint>> = {}): State {
  return {
    x: Array.from({ length: 31 }, (_, n) => changes[n] ?? 0x1000n + BigInt(n)),
    sp: SP,
    nzcv: 0,
    v: Array.from({ length: 64 }, () => 0n),
    window: new Uint8Array(WINDOW).fill(0x77),
  };
}
function run(words: readonly number[], changes: Readonly<Record<number, bigint>> = {}): Outcome {
  const cases: Case[] = [{ name: words.map(word => word.toString(16)).join(), words, before: state(changes) }];
  return engine.run(cases)[0];
}

const register = (opcode: number, rn: number, rd: number): number => 0xdac10000 | (opcode << 10) | (rn << 5) | rd;
const pac = (key: number, rn: number, rd: number): number => register(key, rn, rd) >>> 0;
const aut = (key: number, rn: number, rd: number): number => register(4 + key, rn, rd) >>> 0;
const pacz = (key: number, rd: number): number => register(8 + key, 31, rd) >>> 0;
const autz = (key: number, rd: number): number => register(12 + key, 31, rd) >>> 0;
const hint = (number: number): number => (0xd503201f | (number << 5)) >>> 0;

test('each key signs a register and authenticates it, with a register, SP or zero as modifier', () => {
  const signed = new Set<bigint>();
  for (const key of [0, 1, 2, 3]) {
    for (const [sign, authenticate] of [
      [pac(key, 2, 1), aut(key, 2, 1)],
      [pac(key, 31, 1), aut(key, 31, 1)],
      [pacz(key, 1), autz(key, 1)],
    ]) {
      const value = run([sign]).x[1];
      assert.notEqual(value, 0x1001n);
      signed.add(value);
      assert.equal(run([sign, authenticate]).x[1], 0x1001n);
    }
  }
  assert.equal(signed.size, 12);
});

test('the forms in the hint space sign X30 with SP or zero, and X17 with X16', () => {
  assert.equal(run([hint(25)]).x[30], run([pac(0, 31, 30)]).x[30]); // PACIASP
  assert.equal(run([hint(27)]).x[30], run([pac(1, 31, 30)]).x[30]); // PACIBSP
  assert.equal(run([hint(24)]).x[30], run([pacz(0, 30)]).x[30]); // PACIAZ
  assert.equal(run([hint(26)]).x[30], run([pacz(1, 30)]).x[30]); // PACIBZ
  assert.equal(run([hint(8)]).x[17], run([pac(0, 16, 17)]).x[17]); // PACIA1716
  assert.equal(run([hint(10)]).x[17], run([pac(1, 16, 17)]).x[17]); // PACIB1716
  for (const [sign, authenticate, n] of [
    [25, 29, 30],
    [27, 31, 30],
    [24, 28, 30],
    [26, 30, 30],
    [8, 12, 17],
    [10, 14, 17],
  ]) {
    assert.equal(run([hint(sign), hint(authenticate)]).x[n], 0x1000n + BigInt(n));
  }
  assert.equal(run([hint(25), hint(7)]).x[30], 0x101en); // XPACLRI
});

test('XPACI and XPACD strip', () => {
  assert.equal(run([pac(0, 2, 1), 0xdac143e1]).x[1], 0x1001n);
  assert.equal(run([pac(2, 2, 1), 0xdac147e1]).x[1], 0x1001n);
});

test('branches authenticate their target', () => {
  const target = wordAddress(0) + 12n;
  const next = wordAddress(0) + 8n;
  const branches: [sign: number, branch: number, link: boolean][] = [
    [pac(0, 2, 1), 0xd71f0822, false], // BRAA X1, X2
    [pac(1, 2, 1), 0xd71f0c22, false], // BRAB X1, X2
    [pacz(0, 1), 0xd61f083f, false], // BRAAZ X1
    [pacz(1, 1), 0xd61f0c3f, false],
    [pac(0, 2, 1), 0xd73f0822, true], // BLRAA X1, X2
    [pac(1, 31, 1), 0xd73f0c3f, true], // BLRAB X1, SP
    [pacz(0, 1), 0xd63f083f, true],
    [pacz(1, 1), 0xd63f0c3f, true],
  ];
  for (const [sign, branch, link] of branches) {
    const after = run([sign, branch], { 1: target });
    assert.ok(after.branched, branch.toString(16));
    assert.equal(after.x[30], link ? next : 0x101en);
  }
  assert.ok(run([hint(25), 0xd65f0bff], { 30: target }).branched); // PACIASP, RETAA
  assert.ok(run([hint(27), 0xd65f0fff], { 30: target }).branched); // PACIBSP, RETAB
});

test('LDRAA and LDRAB load from a signed base, and write back the address without its code', () => {
  const base = windowAddress(0) + 64n;
  const value = 0x7777777777777777n;
  const forms: [key: number, word: number, writeback: bigint | undefined][] = [
    [2, 0xf8201423, undefined], // LDRAA X3, [X1, #8]
    [3, 0xf8a01423, undefined], // LDRAB X3, [X1, #8]
    [2, 0xf8201c23, 8n], // LDRAA X3, [X1, #8]!
    [3, 0xf8fffc23, -8n], // LDRAB X3, [X1, #-8]!
  ];
  for (const [key, word, writeback] of forms) {
    const signed = run([pacz(key, 1)], { 1: base }).x[1];
    const after = run([pacz(key, 1), word], { 1: base });
    assert.equal(after.x[3], value, word.toString(16));
    assert.equal(after.x[1], writeback === undefined ? signed : base + writeback);
  }
});

test('PACGA takes SP as its second operand', () => {
  const pacga = (rm: number): number => (0x9ac03001 | (rm << 16) | (2 << 5)) >>> 0;
  assert.equal(run([pacga(31)]).x[1], run([pacga(5)], { 5: SP }).x[1]);
  assert.notEqual(run([pacga(31)]).x[1], run([pacga(5)]).x[1]);
});

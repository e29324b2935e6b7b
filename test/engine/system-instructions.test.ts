// What the machine does with system instructions where QEMU 7.2 is no oracle.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTarget } from '../../simulator/machine.ts';
import type { Target } from '../../simulator/target.ts';

const RAM = 0x4000_0000;
const ERET = 0xd69f03e0;
const VECTORS = 0x4008_0000n;
const RW = 1n << 31n;

/** A machine that returns from EL2 to these instructions at EL1, or at another level. */
function guest(words: readonly number[], registers: Record<string, bigint> = {}, features: string[] = []): Target {
  const target = createTarget({
    image: new Uint8Array(Uint32Array.from([ERET, ...words]).buffer),
    imageName: 'guest',
    loadAddress: RAM,
    cpu: 'max',
    features,
    gic: 3,
    pes: 1,
    memory: 16 << 20,
    el: 2,
    semihosting: false,
  });
  const values = {
    HCR_EL2: RW,
    SPSR_EL2: 0x3c5n,
    ELR_EL2: BigInt(RAM) + 4n,
    VBAR_EL2: VECTORS,
    VBAR_EL1: VECTORS,
    ...registers,
  };
  for (const [name, value] of Object.entries(values)) target.pes[0].writeRegister(name, value);
  target.run({ instructions: 1 + words.length });
  return target;
}

const register = (target: Target, name: string) => target.pes[0].readRegister(name);

test('HCR_EL2.TIDCP traps implementation defined encodings, which are UNDEFINED without', () => {
  const mrs = 0xd538f005; // MRS X5, S3_0_C15_C0_0
  const sys = 0xd50bb007; // SYS #3, C11, C0, #0, X7
  const trapped = guest([mrs], { HCR_EL2: RW | (1n << 20n) });
  assert.equal(trapped.pes[0].el, 2);
  assert.equal(register(trapped, 'ESR_EL2'), 0x62303ca1n);
  assert.equal(register(guest([sys], { HCR_EL2: RW | (1n << 20n) }), 'ESR_EL2'), 0x6210ece0n);
  const plain = guest([mrs]);
  assert.equal(plain.pes[0].el, 1);
  assert.equal(register(plain, 'ESR_EL1'), 0x02000000n);
});

test('reserved ID registers read as zero', () => {
  const mrs = 0xd53803e5; // MRS X5, S3_0_C0_C3_7
  assert.equal(register(guest([mrs]), 'X5'), 0n);
});

test('DCZID_EL0.DZP tells where DC ZVA would trap', () => {
  const mrs = 0xd53b00e5; // MRS X5, DCZID_EL0
  assert.equal(register(guest([mrs]), 'X5'), 4n);
  assert.equal(register(guest([mrs], { HCR_EL2: RW | (1n << 28n) }), 'X5'), 0x14n);
  assert.equal(register(guest([mrs], { SPSR_EL2: 0x3c0n }), 'X5'), 0x14n, 'EL0 without SCTLR_EL1.DZE');
});

test('SP_EL0 is UNDEFINED while it is the stack pointer in use', () => {
  const mrs = 0xd5384105; // MRS X5, SP_EL0
  assert.equal(register(guest([mrs], { SPSR_EL2: 0x3c4n }), 'ESR_EL1'), 0x02000000n);
  assert.equal(register(guest([mrs], { SP_EL0: 0x1230n }), 'X5'), 0x1230n);
});

test('cache maintenance by VA aborts where nothing is mapped, and needs to write for DC IVAC alone', () => {
  // Stage 2 without any table: its walk begins in zeros.
  const stage2 = { HCR_EL2: RW | 1n, VTCR_EL2: 0x8002_3559n, VTTBR_EL2: 0x4020_0000n, VBAR_EL2: VECTORS };
  const target = createTarget({
    image: new Uint8Array(Uint32Array.from([ERET, 0xd50b7e26]).buffer), // DC CIVAC, X6
    imageName: 'guest',
    loadAddress: RAM,
    cpu: 'max',
    features: [],
    gic: 3,
    pes: 1,
    memory: 16 << 20,
    el: 2,
    semihosting: false,
  });
  const [pe] = target.pes;
  // One gigabyte of RAM, readable and not writable, and nothing else.
  pe.write({ kind: 'pa' }, 0x4020_0008n, new Uint8Array(BigUint64Array.from([0x4000_0000n | 0x47dn]).buffer));
  const values = { ...stage2, SPSR_EL2: 0x3c5n, ELR_EL2: BigInt(RAM) + 4n, X6: 0x8000_0040n };
  for (const [name, value] of Object.entries(values)) pe.writeRegister(name, value);
  target.run({ instructions: 2 });
  assert.equal(pe.el, 2);
  assert.equal(pe.readRegister('ESR_EL2'), 0x9200_0145n);
  assert.equal(pe.readRegister('FAR_EL2'), 0x8000_0040n);
  assert.equal(pe.readRegister('HPFAR_EL2'), 0x8000_00n);
});

test('a fetch that aborts is an instruction of its own', () => {
  // UDF, to a vector where nothing can be fetched.
  const target = guest([0], { VBAR_EL1: 0xf000_0000_0000n });
  assert.equal(target.instructions, 2);
  assert.equal(register(target, 'ESR_EL1'), 0x02000000n);
  target.run({ instructions: 3 });
  assert.equal(target.instructions, 5);
  assert.notEqual(register(target, 'ESR_EL1'), 0x02000000n);
});

test('list registers are as many as the features say', () => {
  const mrs = 0xd53ccb25; // MRS X5, ICH_VTR_EL2
  const counts = [[], ['+lrs8'], ['+lrs16']].map(features => {
    const target = guest([mrs], { SPSR_EL2: 0x3c9n }, features);
    return [Number(register(target, 'X5') & 0x1fn) + 1, target.listRegisters(0).length];
  });
  assert.deepEqual(counts, [
    [4, 4],
    [8, 8],
    [16, 16],
  ]);
});

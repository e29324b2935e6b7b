import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MACROS, runAssembly } from './assembled.ts';

/** Enters EL1 with a state of the controls, runs `body` there, and ends at the first exception to EL2 or EL1. */
const atEl1 = (hcr: string, sctlr: string, body: string): string => `${MACROS}
main:
    adr     x0, vectors_el2
    msr     vbar_el2, x0
    adr     x0, vectors_el1
    msr     vbar_el1, x0
    set     hcr_el2, ${hcr}
    set     sctlr_el1, ${sctlr}
    set     apiakeylo_el1, 0x123456789
    mov     x0, #0x3c5
    msr     spsr_el2, x0
    adr     x0, 1f
    msr     elr_el2, x0
    eret
1:  mov     x5, #0x4000
    mov     x6, #1
${body}
    hvc     #1
on_el1:
on_el2:
    end
`;
const RW = 0x80000000n;
const API = 1n << 41n;
const APK = 1n << 40n;
const ENABLED = '0x30d00800 | 1 << 31';
const hex = (value: bigint): string => `0x${value.toString(16)}`;

test('HCR_EL2.API traps authentication that SCTLR_EL1 has switched on, and no other', () => {
  for (const body of [
    'pacia x5, x6',
    'autia x5, x6',
    'paciasp',
    'braa x5, x6',
    'ldraa x5, [x6]',
    'retaa',
    'pacga x5, x6, x6',
  ]) {
    const isOff = /ldra/.test(body); // EnDA stays 0
    const { pes } = runAssembly(atEl1(hex(RW | APK), ENABLED, body));
    if (isOff) assert.notEqual(pes[0].readRegister('X28') >> 26n, 0x09n, body);
    else assert.equal(hex(pes[0].readRegister('X28')), hex((0x09n << 26n) | (1n << 25n)), body);
  }
  const off = runAssembly(atEl1(hex(RW | APK), '0x30d00800', 'pacia x5, x6')).pes[0];
  assert.equal(off.readRegister('ESR_EL2'), (0x16n << 26n) | (1n << 25n) | 1n);
  assert.equal(off.readRegister('X5'), 0x4000n);
  const stripped = runAssembly(atEl1(hex(RW | APK), ENABLED, 'xpaci x5')).pes[0];
  assert.equal(stripped.readRegister('ESR_EL2') >> 26n, 0x16n);
  const allowed = runAssembly(atEl1(hex(RW | APK | API), ENABLED, 'pacia x5, x6')).pes[0];
  assert.equal(allowed.readRegister('ESR_EL2') >> 26n, 0x16n);
  assert.notEqual(allowed.readRegister('X5'), 0x4000n);
});

test('ERETAA returns to an authenticated address, and HCR_EL2.NV traps it as ERETAA', () => {
  const back = `
    mov     sp, x5
    adr     x5, 2f
    mov     x6, sp
    pacia   x5, x6
    msr     elr_el1, x5
    mov     x6, #0x3c5
    msr     spsr_el1, x6
    mov     x7, #1
    eretaa
    mov     x7, #2
2:  hvc     #2`;
  const returned = runAssembly(atEl1(hex(RW | API | APK), ENABLED, back)).pes[0];
  assert.equal(returned.readRegister('X28'), (0x16n << 26n) | (1n << 25n) | 2n);
  assert.equal(returned.readRegister('X7'), 1n);
  const trapped = runAssembly(atEl1(hex(RW | API | APK | (1n << 42n)), ENABLED, 'eretab')).pes[0];
  assert.equal(trapped.readRegister('X28'), (0x1an << 26n) | (1n << 25n) | 3n);
});

test('FEAT_FPAC faults at the authentication that fails, with the key in the syndrome', () => {
  const wrong = 'pacia x5, x6\n add x6, x6, #1\n autia x5, x6\n mov x7, #7';
  const hcr = hex(RW | API | APK);
  const faulted = runAssembly(atEl1(hcr, ENABLED, wrong)).pes[0];
  assert.equal(faulted.readRegister('X27'), (0x1cn << 26n) | (1n << 25n));
  assert.notEqual(faulted.readRegister('X7'), 7n);
  const without = runAssembly(atEl1(hcr, ENABLED, wrong), { features: ['-fpac'] }).pes[0];
  assert.equal(without.readRegister('X7'), 7n);
  assert.notEqual(without.readRegister('X5'), 0x4000n);
  for (const features of [[], ['-fpac'], ['-pauth2']]) {
    const right = runAssembly(atEl1(hcr, ENABLED, 'pacia x5, x6\n mov x8, x5\n autia x5, x6'), { features }).pes[0];
    assert.equal(right.readRegister('X5'), 0x4000n);
    assert.notEqual(right.readRegister('X8'), 0x4000n);
    assert.equal(right.readRegister('X28') >> 26n, 0x16n);
  }
});

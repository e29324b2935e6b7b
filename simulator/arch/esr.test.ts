import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeEsr, describeFaultStatus, exceptionClasses } from './esr.ts';

const text = (esr: bigint) => describeEsr(esr).text;
const field = (esr: bigint, name: string) => describeEsr(esr).fields.find(one => one.name === name);

test('a hypervisor call shows its immediate', () => {
  const syndrome = describeEsr(0x5a00_4a48n);
  assert.equal(syndrome.class, 'HVC64');
  assert.equal(syndrome.ec, 0x16);
  assert.equal(syndrome.text, 'HVC #0x4a48');
});

test('a trapped access is named with its register or instruction', () => {
  assert.equal(text(0x6232_1c01n | (3n << 5n)), 'trapped MRS of S3_0_C7_C0_1 to X3');
  assert.equal(text(0x6230_0021n), 'trapped MRS of MIDR_EL1 to X1');
  assert.equal(text(0x6230_03e0n | (1n << 10n)), 'trapped MSR of SCTLR_EL1 from XZR');
  assert.equal(text(0x6212_2046n), 'trapped TLBI VAE1IS with X2');
  assert.equal(text(0x6210_2006n), 'trapped TLBI VMALLE1IS');
  assert.equal(text(0x6230_0404n), 'trapped MSR of ZCR_EL1 from X0');
});

test('an abort has its fault status, direction and origin', () => {
  assert.equal(text(0x93c0_8046n), 'data abort from a lower level: translation fault, level 2, write');
  assert.equal(
    text(0x8200_008fn),
    'instruction abort from a lower level: permission fault, level 3, of a stage 1 walk',
  );
  assert.equal(
    text(0x9600_2007n),
    'data abort from the same level: translation fault, level 3, read, to the page of VNCR_EL2',
  );
  assert.equal(field(0x93c0_8046n, 'SAS')?.meaning, '8 bytes');
  assert.equal(field(0x93c0_8046n, 'DFSC')?.value, 6n);
});

test('WFI and ERET are told from their variants', () => {
  assert.equal(text(0x07e0_0000n), 'trapped WFI');
  assert.equal(text(0x07e0_0001n), 'trapped WFE');
  assert.equal(text(0x6a00_0000n), 'trapped ERET');
  assert.equal(text(0x6a00_0003n), 'trapped ERETAB');
});

test('fault status codes have their level', () => {
  assert.equal(describeFaultStatus(0b000100), 'translation fault, level 0');
  assert.equal(describeFaultStatus(0b010101), 'synchronous external abort on a walk, level 1');
  assert.equal(describeFaultStatus(0b101011), 'translation fault, level -1');
  assert.equal(describeFaultStatus(0b111111), 'reserved fault status 0x3f');
});

test('every syndrome is decoded, reserved ones too', () => {
  for (let ec = 0n; ec < 64n; ec++) {
    for (const iss of [0n, 0x1ffffffn, 0x0aaaaaan]) {
      const syndrome = describeEsr((ec << 26n) | iss);
      assert.equal(syndrome.ec, Number(ec));
      assert.ok(syndrome.text.length > 0);
    }
  }
  assert.equal(describeEsr(0x3fn << 26n).class, 'EC 0x3f');
});

test('no two classes have a name or a number in common', () => {
  assert.equal(new Set(exceptionClasses.map(row => row.name)).size, exceptionClasses.length);
  assert.equal(new Set(exceptionClasses.map(row => row.ec)).size, exceptionClasses.length);
});

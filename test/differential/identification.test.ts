// The PEs with a name of Arm's against the same ones of QEMU: what their ID registers say, and which registers and system
// instructions they have not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFeatures } from '../../simulator/arch/features.ts';
import {
  byName,
  isImplemented,
  type RegisterRow,
  registers,
  resetValue,
} from '../../simulator/arch/registers/index.ts';
import { bareCases } from './access-cases.ts';
import { answersHere, answersOf, valuesOf } from './accesses.ts';
import { identificationDifferences, modelDifferences } from './known-differences.ts';

const QEMU = 'qemu-system-aarch64';
const MODELS = ['cortex-a57', 'cortex-a72'];

const isIdentification = (row: RegisterRow): boolean =>
  row.op0 === 3 && row.op1 === 0 && row.crn === 0 && row.crm <= 7 && row.read !== undefined && row.name !== 'MPIDR_EL1';
const identification = registers.filter(
  row => isIdentification(row) || /^(CTR_EL0|DCZID_EL0|CLIDR_EL1|AIDR_EL1|PMCR_EL0|ICH_VTR_EL2)$/.test(row.name),
);

for (const cpu of MODELS) {
  test(`the ID registers of ${cpu} are those of QEMU`, () => {
    const features = createFeatures(cpu);
    const rows = identification.filter(row => isImplemented(row, features));
    const theirs = valuesOf(QEMU, cpu, rows);
    const here = valuesOf(undefined, cpu, rows);
    assert.ok(rows.length > 30);
    const wrong = rows
      .map(({ name }) => ({ name, mask: identificationDifferences.find(one => one.registers.test(name))?.same ?? -1n }))
      .filter(({ name, mask }) => (((here.get(name) ?? 0n) ^ (theirs.get(name) ?? 1n)) & mask) !== 0n)
      .map(({ name }) => `${name}: here 0x${here.get(name)?.toString(16)}, QEMU 0x${theirs.get(name)?.toString(16)}`);
    assert.deepEqual(wrong, []);
    // The table says what the machine shows.
    for (const name of ['ID_AA64MMFR0_EL1', 'ID_AA64ISAR0_EL1', 'ID_AA64PFR0_EL1'])
      assert.equal(resetValue(byName(name) as RegisterRow, features, 0), here.get(name));
  });

  test(`${cpu} has the registers and system instructions that QEMU's has, and no others`, () => {
    const cases = bareCases();
    const theirs = answersOf(QEMU, cases, cpu);
    const here = answersHere(cases, cpu);
    const wrong = cases
      .filter(one => here.get(one.name) !== theirs.get(one.name) && !modelDifferences.some(row => row.applies(one)))
      .map(({ name }) => `${name}: here ${here.get(name)}, QEMU ${theirs.get(name)}`);
    assert.deepEqual(wrong, []);
  });
}

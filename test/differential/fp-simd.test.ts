import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fpSimdRows } from '../../simulator/arch/instructions/fp-simd.ts';
import { fpSimdLowerings } from '../../simulator/engine/semantics/fp-simd.ts';
import { compareAll, fpSimdFamily } from './compare.ts';
import { sample } from './sample.ts';
import { findQemu } from './single-instructions.ts';

const program = findQemu();

test('every floating-point and SIMD row has semantics', () => {
  const rows = fpSimdRows.map(row => row.id);
  assert.deepEqual(new Set(rows).size, rows.length);
  assert.deepEqual(Object.keys(fpSimdLowerings).sort(), [...rows].sort());
});

test('floating-point and SIMD instructions do what they do under QEMU', {
  skip: program ? false : 'qemu-aarch64 is missing.',
}, () => {
  assert.deepEqual(compareAll(program as string, fpSimdFamily, sample.fpSimdCases, sample.seed).slice(0, 50), []);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareAll, integerFamily } from './compare.ts';
import { sample } from './sample.ts';
import { findQemu } from './single-instructions.ts';

const program = findQemu();

test('integer instructions do what they do under QEMU', { skip: program ? false : 'qemu-aarch64 is missing.' }, () => {
  const found = compareAll(program as string, integerFamily, sample.integerCases, sample.seed + 1);
  assert.deepEqual(found.slice(0, 50), []);
});

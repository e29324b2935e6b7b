import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { coverage, coverageFile } from './coverage.ts';

test('docs/coverage.md is what the tables say', () => {
  assert.ok(existsSync(coverageFile), 'There is no docs/coverage.md: run npm run docs:coverage.');
  assert.equal(readFileSync(coverageFile, 'utf8'), coverage(), 'Run npm run docs:coverage and commit what it writes.');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Code, ModuleBuilder } from './module.ts';

test('a branch hint names the function and points at its if', () => {
  const module = new ModuleBuilder();
  const type = module.type(['i32'], ['i32']);
  const code = new Code();
  code.get(0).rarely().if('i32').i32(1).else().i32(2).end().end();
  module.function({ type, locals: ['i32', 'i64'], code, exported: 'choose' });
  const compiled = new WebAssembly.Module(module.build());
  const [section] = WebAssembly.Module.customSections(compiled, 'metadata.code.branch_hint');
  // One function, number 0, with one hint: offset, size 1, not likely. Declarations of two locals take 5 bytes.
  assert.deepEqual([...new Uint8Array(section)], [1, 0, 1, 5 + 2, 1, 0]);
  const { choose } = new WebAssembly.Instance(compiled).exports as { choose(value: number): number };
  assert.deepEqual([choose(0), choose(1)], [2, 1]);
});

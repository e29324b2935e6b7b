import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fpSimdRows } from './fp-simd.ts';
import { extract, parsePattern } from './row.ts';
import { expandFloat, expandImmediate, floatValue } from './simd/move.ts';

const patterns = fpSimdRows.map(row => ({ row, pattern: parsePattern(row.bits) }));

test('every row has an id of its own and a sentence', () => {
  assert.equal(new Set(fpSimdRows.map(row => row.id)).size, fpSimdRows.length);
  for (const row of fpSimdRows) assert.match(row.does, /^[A-Z][^.]*(\.\d[^.]*)*\.$/, row.id);
});

test('no word belongs to two rows', () => {
  // A multiplicative generator is enough to fill the fields.
  let word = 1;
  const found = new Set<string>();
  for (const own of patterns) {
    for (let i = 0; i < 24; i++) {
      word = Math.imul(word, 0x915f77f5) + 0x3c6ef35f;
      const drawn = ((word & ~own.pattern.mask) | own.pattern.value) >>> 0;
      const owners = patterns.filter(({ row, pattern }) => {
        if ((drawn & pattern.mask) >>> 0 !== pattern.value) return false;
        return !row.when || row.when(extract(pattern, drawn));
      });
      if (owners.length > 1) found.add(owners.map(({ row }) => row.id).join(' and '));
    }
  }
  assert.deepEqual([...found], []);
});

test('floating-point immediates expand to their values in every precision', () => {
  const view = new DataView(new ArrayBuffer(8));
  for (let imm8 = 0; imm8 < 256; imm8++) {
    view.setBigUint64(0, expandFloat(imm8, 64));
    assert.equal(view.getFloat64(0), floatValue(imm8));
    view.setUint32(0, Number(expandFloat(imm8, 32)));
    assert.equal(view.getFloat32(0), floatValue(imm8));
  }
  assert.equal(expandFloat(0x70, 16), 0x3c00n);
});

test('modified immediates are replicated as AdvSIMDExpandImm says', () => {
  assert.equal(expandImmediate(0, 0, 0xab), 0x000000ab000000abn);
  assert.equal(expandImmediate(6, 0, 0xab), 0xab000000ab000000n);
  assert.equal(expandImmediate(10, 0, 0xab), 0xab00ab00ab00ab00n);
  assert.equal(expandImmediate(12, 0, 0xab), 0x0000abff0000abffn);
  assert.equal(expandImmediate(13, 0, 0xab), 0x00abffff00abffffn);
  assert.equal(expandImmediate(14, 0, 0xab), 0xababababababababn);
  assert.equal(expandImmediate(14, 1, 0xa5), 0xff00ff0000ff00ffn);
});

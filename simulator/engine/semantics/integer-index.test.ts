import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Decoder } from '../../arch/instructions/decoder.ts';
import { integerRows } from '../../arch/instructions/integer.ts';
import { parsePattern } from '../../arch/instructions/row.ts';
import { random } from '../core-tests/harness.ts';
import { integerHandlers, integerLowerings } from './integer-index.ts';

/** Rows whose semantics are those of the system: exceptions, waiting, PSTATE and system registers. */
const ofTheSystem = new Set(
  (
    'UDF SVC HVC SMC BRK HLT DCPS1 DCPS2 DCPS3 ERET DRPS WFE WFI WFET WFIT SEV SEVL ISB ' +
    'MSR_SPSel MSR_DAIFSet MSR_DAIFClr MSR_UAO MSR_PAN MSR_SSBS MSR_DIT SYS SYSL MSR MRS'
  ).split(' '),
);

test('every row has a lowering here or belongs to the system', () => {
  const ids = integerRows.map(row => row.id);
  assert.deepEqual(
    ids.filter(id => !integerLowerings[id] && !ofTheSystem.has(id)),
    [],
  );
  assert.equal(new Set(ids).size, ids.length, 'A row id is used twice.');
  assert.deepEqual(
    Object.keys(integerLowerings).filter(id => !ids.includes(id)),
    [],
  );
});

/** Words of a row whose fields are mostly at values where lowerings make a difference. */
function wordsOf(bits: string): Set<number> {
  const { value, fields } = parsePattern(bits);
  const next = random(1);
  const words = new Set<number>();
  for (let i = 0; i < 4000; i++) {
    let word = value;
    for (const field of fields) {
      const choices = [0, -1, 7, 8, 15, 16, 31, 32];
      const value = next(2) ? choices[next(choices.length)] : next(2 ** 32);
      word |= (value & field.mask) << field.shift;
    }
    words.add(word >>> 0);
  }
  return words;
}

test('every lowering names a handler, and its operands fit a record', () => {
  const decoder = new Decoder(integerRows);
  const used = new Set<string>();
  for (const row of integerRows.filter(row => integerLowerings[row.id])) {
    for (const word of wordsOf(row.bits)) {
      const decoded = decoder.decode(word);
      if (decoded?.row !== row) continue;
      const lowered = integerLowerings[row.id](decoded.fields);
      assert.ok(lowered, `${row.id} ${word.toString(16)} has no record.`);
      assert.ok(integerHandlers[lowered.handler], `${row.id} names ${lowered.handler}, which is no handler.`);
      used.add(lowered.handler);
      for (const operand of [lowered.rd, lowered.rn, lowered.rm]) assert.ok((operand ?? 0) >>> 16 === 0);
      assert.ok(lowered.ra === undefined || lowered.imm === undefined, `${row.id} has both ra and an immediate.`);
    }
  }
  assert.deepEqual(
    Object.keys(integerHandlers).filter(name => !used.has(name)),
    [],
  );
});

test('a row that is narrower than another one is found first', () => {
  const decoder = new Decoder(integerRows);
  const rowsOfFixedWords: Record<string, number> = {
    PACIASP: 0xd503233f,
    NOP: 0xd503201f,
    HINT: 0xd50328ff,
    SB: 0xd50330ff,
    CASP: 0x08207c82,
    STXR: 0x88007c41,
    MSR_DAIFSet: 0xd50342df,
  };
  for (const [id, word] of Object.entries(rowsOfFixedWords)) assert.equal(decoder.decode(word)?.row.id, id);
});

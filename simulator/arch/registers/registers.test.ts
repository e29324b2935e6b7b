import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFeatures, featureNames, notModelled } from '../features.ts';
import {
  byEncoding,
  byName,
  encodingKey,
  fieldsOf,
  genericName,
  instructionByName,
  instructions,
  laterRegister,
  layoutOf,
  type RegisterRow,
  registers,
  resetValue,
  sanitize,
  storageOf,
} from './index.ts';
import { fieldSource, parseFields } from './notation.ts';

const max = createFeatures('max');

/** Every layout that a row has. */
function layoutsOf(row: RegisterRow) {
  const bit = row.options.whenSet?.bit;
  return [
    layoutOf(row),
    layoutOf(row, { e2h: true }),
    ...(bit === undefined ? [] : [layoutOf(row, {}, 1n << BigInt(bit))]),
  ];
}

test('every layout covers 64 bits, and no two fields overlap', () => {
  for (const row of registers) {
    for (const layout of layoutsOf(row)) {
      let next = 63;
      for (const field of layout) {
        assert.equal(field.msb, next, `${row.name}.${field.name} begins at bit ${field.msb}, not at ${next}`);
        assert.ok(field.lsb <= field.msb, `${row.name}.${field.name}`);
        next = field.lsb - 1;
      }
      assert.equal(next, -1, row.name);
    }
  }
});

test('no field name occurs twice in a layout', () => {
  for (const row of registers) {
    for (const layout of layoutsOf(row)) {
      const names = layout.map(field => field.name).filter(name => !name.startsWith('RES'));
      assert.equal(new Set(names).size, names.length, row.name);
    }
  }
});

test('names are unique, and encodings too but for registers that share one by design', () => {
  assert.equal(new Set(registers.map(row => row.name)).size, registers.length);
  const seen = new Map<number, string>();
  for (const row of [...registers, ...instructions]) {
    if (row.kind === 'register' && row.options.shadowed) continue;
    const key = encodingKey(row.op0, row.op1, row.crn, row.crm, row.op2);
    assert.equal(seen.get(key), undefined, `${row.name} has the encoding of ${seen.get(key)}`);
    seen.set(key, row.name);
    assert.equal(laterRegister(row.op0, row.op1, row.crn, row.crm, row.op2), undefined, row.name);
  }
});

test('every encoding is in range, and op1 agrees with the level of the name', () => {
  for (const row of [...registers, ...instructions]) {
    assert.ok(row.op0 >= 1 && row.op0 <= 3 && row.op1 <= 7 && row.crn <= 15 && row.crm <= 15 && row.op2 <= 7, row.name);
  }
  const op1: Readonly<Record<string, readonly number[]>> = { 1: [0, 1, 2, 7], 2: [4], 3: [6], 12: [5], '02': [5] };
  for (const row of registers) {
    // A stack pointer belongs to the next higher level.
    if (row.name.startsWith('SP_')) continue;
    const level = /_EL(\d+)$/.exec(row.name)?.[1];
    if (level !== undefined && op1[level]) assert.ok(op1[level].includes(row.op1), row.name);
  }
});

test('no two registers share an offset in the page of VNCR_EL2', () => {
  const seen = new Map<number, string>();
  for (const row of registers) {
    const { vncr, neve } = row.options;
    for (const offset of [vncr, neve && 'offset' in neve ? neve.offset : undefined]) {
      if (offset === undefined) continue;
      assert.equal(seen.get(offset), undefined, `${row.name} and ${seen.get(offset)} at 0x${offset.toString(16)}`);
      assert.ok(offset % 8 === 0 && offset < 0x1000, row.name);
      seen.set(offset, row.name);
    }
  }
});

test('names in rows mean registers, and features in rows are known', () => {
  const known = new Set<string>([...featureNames, ...Object.keys(notModelled)]);
  const derived = new Set(['cortexa57', 'el1highest', 'el2highest']);
  const check = (feature: string | undefined, where: string) => {
    for (const one of feature?.split('|') ?? []) assert.ok(known.has(one) || derived.has(one), `${one} in ${where}`);
  };
  for (const row of registers) {
    const { e2h, nv2, storage, virtual, writes, neve } = row.options;
    for (const name of [
      e2h,
      nv2,
      storage,
      virtual,
      writes,
      row.alias,
      neve?.kind === 'el1' ? neve.register : undefined,
    ]) {
      if (name !== undefined) assert.ok(byName(name), `${name} in ${row.name}`);
    }
    check(row.options.feature, row.name);
    for (const field of layoutOf(row)) check(field.feature, `${row.name}.${field.name}`);
    assert.equal(storageOf(storageOf(row)), storageOf(row), row.name);
  }
  for (const row of instructions) check(row.feature, row.name);
});

test('every field of an ID register that a feature sets exists', () => {
  for (const cpu of ['max', 'cortex-a57']) {
    const features = createFeatures(cpu, cpu === 'max' ? featureNames.map(name => `+${name}`) : []);
    const fields = new Set(
      registers.filter(row => row.group === 'ID').flatMap(row => layoutOf(row).map(f => `${row.name}.${f.name}`)),
    );
    for (const field of features.idFields) assert.ok(fields.has(field), field);
  }
});

test('every encoding of the feature ID space reads as something', () => {
  for (let crm = 1; crm <= 7; crm++) {
    for (let op2 = 0; op2 <= 7; op2++) assert.equal(byEncoding(3, 0, 0, crm, op2)?.kind, 'register');
  }
});

test('registers are found by name in any case, by generic name and by encoding', () => {
  assert.equal(byName('hcr_el2')?.name, 'HCR_EL2');
  assert.equal(byName('S3_4_C1_C1_0')?.name, 'HCR_EL2');
  assert.equal(byName('s3_0_c0_c4_2')?.name, 'S3_0_C0_C4_2');
  assert.equal(byName('S3_7_C9_C9_9'), undefined);
  assert.equal(byName('nothing'), undefined);
  assert.equal(byEncoding(3, 4, 1, 1, 0)?.name, 'HCR_EL2');
  assert.equal(instructionByName('tlbi  vae1is')?.name, 'TLBI VAE1IS');
  assert.equal(genericName(3, 4, 1, 1, 0), 'S3_4_C1_C1_0');
  // A read finds the receiving side of the debug channel, a write the sending one.
  assert.equal((byEncoding(2, 3, 0, 5, 0) as RegisterRow).options.writes, 'DBGDTRTX_EL0');
});

test('registers of extensions that are not modelled have a name', () => {
  assert.deepEqual(laterRegister(3, 0, 1, 2, 0), { name: 'ZCR_EL1', extension: 'the Scalable Vector Extension' });
  assert.equal(laterRegister(3, 0, 1, 0, 0), undefined);
});

test('second names have the storage of the first', () => {
  assert.equal(storageOf(byName('SCTLR_EL12') as RegisterRow).name, 'SCTLR_EL1');
  assert.equal(storageOf(byName('CNTV_CTL_EL02') as RegisterRow).name, 'CNTV_CTL_EL0');
  assert.equal(storageOf(byName('PMCNTENCLR_EL0') as RegisterRow).name, 'PMCNTENSET_EL0');
  assert.equal(storageOf(byName('ICV_PMR_EL1') as RegisterRow).name, 'ICV_PMR_EL1');
});

test('fields are decoded with meanings, in the layout that E2H chooses', () => {
  const cptr = byName('CPTR_EL2') as RegisterRow;
  const value = (fields: readonly { name: string; value: bigint }[], name: string) =>
    fields.find(field => field.name === name)?.value;
  assert.equal(value(fieldsOf(cptr, 1n << 10n), 'TFP'), 1n);
  assert.equal(value(fieldsOf(cptr, 3n << 20n, { e2h: true }), 'FPEN'), 3n);
  assert.equal(value(fieldsOf(cptr, 3n << 20n), 'FPEN'), undefined);
  const spsr = fieldsOf(byName('SPSR_EL2') as RegisterRow, 0x3c5n);
  assert.equal(spsr.at(-1)?.meaning, 'EL1h');
  const par = byName('PAR_EL1') as RegisterRow;
  assert.equal(value(fieldsOf(par, 0x80fn), 'FST'), 7n);
  assert.equal(value(fieldsOf(par, 0x80en), 'PA'), 0n);
});

test('fields of absent features are not shown and cannot be written', () => {
  const old = createFeatures('armv8.0-a');
  const hcr = byName('HCR_EL2') as RegisterRow;
  assert.equal(
    fieldsOf(hcr, 0n, { features: old }).some(field => field.name === 'E2H'),
    false,
  );
  const everything = (1n << 64n) - 1n;
  assert.equal(sanitize(hcr, everything, { features: old }) & (1n << 34n), 0n);
  assert.equal(sanitize(hcr, everything, { features: max }) & (1n << 34n), 1n << 34n);
  // RW is fixed, since EL1 has no AArch32; TID0 is RES0.
  assert.equal(sanitize(hcr, 0n, { features: max }), 1n << 31n);
  // SPAN is RES1 without FEAT_PAN.
  const sctlr = byName('SCTLR_EL1') as RegisterRow;
  assert.equal((sanitize(sctlr, 0n, { features: old }) >> 23n) & 1n, 1n);
  assert.equal((sanitize(sctlr, 0n, { features: max }) >> 23n) & 1n, 0n);
});

test('resets are RES1 bits and what the PE model says', () => {
  const at = (name: string, features = max, pe = 0) => resetValue(byName(name) as RegisterRow, features, pe);
  assert.equal(at('SCTLR_EL2'), 0x30c5_0830n);
  assert.equal(at('SCTLR_EL1', createFeatures('armv8.0-a')), 0x30d0_0980n);
  assert.equal(at('CPTR_EL2'), 0x33ffn);
  assert.equal(at('MPIDR_EL1', max, 17), 0x8000_0101n);
  assert.equal(at('VMPIDR_EL2', max, 17), 0x8000_0101n);
  assert.equal(at('MIDR_EL1', createFeatures('cortex-a72')), 0x411f_d080n);
  assert.equal(at('ID_AA64MMFR2_EL1') & (0xfn << 24n), 2n << 24n);
  assert.equal(at('ID_AA64MMFR2_EL1', createFeatures('max', ['-nv2'])) & (0xfn << 24n), 1n << 24n);
  assert.equal(at('ID_AA64PFR0_EL1', createFeatures('armv8.0-a', ['-el3'])) & 0xffffn, 0x0111n);
  assert.equal(at('ID_AA64DFR0_EL1', createFeatures('armv8.0-a')) & 0xfn, 6n);
});

test('a malformed field line is refused with a sentence', () => {
  assert.throws(() => parseFields('31-30 NAME', 'X'), /"31-30 NAME" of X does not follow/);
  assert.notEqual(fieldSource('HCR_EL2'), '');
});

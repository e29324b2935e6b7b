import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { nodeFiles } from '../node-files.ts';
import { compile } from '../testing/compile.ts';
import { type ByteSource, Bytes, newPages, Recent, sourceOf } from './bytes.ts';
import { AT, TAG } from './dwarf/constants.ts';
import { DwarfReader } from './dwarf/reader.ts';
import { loadSymbols, type SymbolTable } from './index.ts';

const program = compile('large.S', []);
after(program.remove);

/** The symbols of the large program, and how many bytes of the file were read for them. */
async function open(): Promise<{ table: SymbolTable; size: number; read: () => number }> {
  const file = await nodeFiles.open(program.path);
  let bytes = 0;
  const counted: ByteSource = {
    size: file.size,
    read: (offset, length) => {
      bytes += length;
      return file.read(offset, length);
    },
  };
  return { table: loadSymbols(counted, 'large'), size: file.size, read: () => bytes };
}

test('of a large image a function, its scope and its line cost a small part of the file', async () => {
  const { table, size, read } = await open();
  assert.ok(size > 40_000_000);
  const address = table.symbol('function217')!;
  assert.equal(table.functionAt(address + 4n)?.name, 'function217');
  assert.equal(table.unitAt(address)?.name, 'unit217.c');
  assert.deepEqual(
    table.scopesAt(address).map(({ name }) => name),
    ['function217'],
  );
  assert.ok(read() < size / 50, `${read()} of ${size} bytes were read`);
});

test('types and variables that are used near an address do not cost the names of the others', async () => {
  const { table, size, read } = await open();
  const unit = table.unitAt(table.symbol('function3')!)!;
  const names = [...unit.root.children()].map(die => die.name);
  assert.deepEqual(names, ['kind3_t', 'variable3', 'function3', undefined]);
  assert.ok(read() < size / 50, `${read()} of ${size} bytes were read`);
});

test('a name of another unit is found by one walk over the file, and the next one without', async () => {
  const { table, size, read } = await open();
  const [variable] = table.entriesNamed('variable318');
  assert.equal(variable.tag, TAG.variable);
  assert.equal(variable.type?.name, 'kind318_t');
  const walked = read();
  assert.ok(walked >= size / 2);
  assert.deepEqual(
    table.entriesNamed('kind5_t').map(die => [die.tag, die.number(AT.byteSize)]),
    [[TAG.baseType, 4]],
  );
  assert.deepEqual(table.entriesNamed('kind320_t'), []);
  assert.ok(read() - walked < size / 50);
});

test('the walk over names goes on where it was left', async () => {
  const { table, read } = await open();
  const steps = table.index.build();
  const parts = [steps.next(), steps.next(), steps.next()].map(step => step.value as number);
  assert.ok(parts[0] > 0 && parts[0] < parts[1] && parts[1] < parts[2] && parts[2] < 0.02);
  steps.return();
  const before = read();
  assert.equal(table.index.complete, false);
  assert.equal(table.entriesNamed('variable0').length, 1);
  assert.equal(table.index.complete, true);
  assert.ok(read() - before < 42_000_000, 'no unit is read twice');
});

test('pages of a large section are kept up to a limit, and what lies across two of them is whole', () => {
  const data = Uint8Array.from({ length: 6 * 2 ** 20 }, (_, index) => (index * 7 + (index >> 8)) & 0xff);
  let reads = 0;
  const source: ByteSource = {
    size: data.length,
    read: (offset, length) => {
      reads++;
      return data.slice(offset, offset + length);
    },
  };
  const bytes = new Bytes(source, 0, data.length, newPages());
  const whole = new DwarfReader(data);
  const paged = new DwarfReader(bytes);
  for (let offset = 2 ** 16 - 9; offset < 2 ** 16 + 3; offset++) {
    whole.offset = offset;
    paged.offset = offset;
    assert.equal(paged.u64(), whole.u64());
    assert.deepEqual(paged.block(200), whole.block(200));
  }
  const before = reads;
  new DwarfReader(bytes, 100).u64();
  assert.equal(reads, before, 'a page that is kept is not read again');
  assert.throws(() => new DwarfReader(bytes, data.length - 4).u64(), RangeError);
  paged.offset = Number.NaN;
  assert.throws(() => paged.u8(), RangeError);
});

test('what was used last is kept, and the weight stays below the limit', () => {
  const made: number[] = [];
  const recent = new Recent<number, number>(10, weight => weight);
  const get = (key: number, weight: number): number =>
    recent.get(key, () => {
      made.push(key);
      return weight;
    });
  get(1, 4);
  get(2, 4);
  get(1, 4);
  get(3, 4);
  assert.equal(recent.weight, 8);
  get(1, 4);
  get(2, 4);
  assert.deepEqual(made, [1, 2, 3, 2]);
  get(4, 100);
  assert.equal(recent.weight, 100, 'one that is too heavy is kept alone');
});

test('a file that ends within its headers is refused in words', () => {
  const bytes = program.bytes.subarray(0, 100);
  assert.throws(() => loadSymbols(sourceOf(bytes), 'cut'), /^Error: cut is truncated: its .* outside of the 100 bytes/);
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { compile, marker, programPath, runTool } from '../testing/compile.ts';
import { AT } from './dwarf/constants.ts';
import { evaluateLocation } from './dwarf/expression.ts';
import { typeOf } from './dwarf/types.ts';
import { loadSymbols } from './index.ts';

/** The compiler's word for it, which older ones do not know: the sections are compressed afterwards. */
const ZSTD = '-gz=zstd';

const VARIANTS: readonly (readonly string[])[] = [
  ['-gdwarf-4', '-O0'],
  ['-gdwarf-4', '-O2'],
  ['-gdwarf-5', '-O0'],
  ['-gdwarf-5', '-O2'],
  ['-gdwarf-5', '-O0', '-gz'],
  ['-gdwarf-4', '-O2', '-gz'],
  ['-gdwarf-5', '-O2', ZSTD],
];

for (const flags of VARIANTS) {
  describe(`symbols of a program compiled with ${flags.join(' ')}`, () => {
    const program = compile(
      'lines.c',
      flags.filter(flag => flag !== ZSTD),
    );
    after(program.remove);
    if (flags.includes(ZSTD)) runTool('aarch64-linux-gnu-objcopy', ['--compress-debug-sections=zstd', program.path]);
    const symbols = loadSymbols(new Uint8Array(readFileSync(program.path)), 'program.elf');
    const source = programPath('lines.c');

    test('agree with readelf on every function', () => {
      const expected = runTool('aarch64-linux-gnu-readelf', ['-sW', program.path])
        .split('\n')
        .map(line => line.trim().split(/\s+/))
        .filter(columns => columns[3] === 'FUNC')
        .map(columns => [columns[7], BigInt(`0x${columns[1]}`), Number(columns[2])] as const);
      assert.ok(expected.length >= 3);
      for (const [name, address, size] of expected) {
        assert.equal(symbols.symbol(name), address);
        assert.deepEqual(symbols.functionAt(address + BigInt(size) - 4n), {
          name,
          address,
          size,
          offset: BigInt(size) - 4n,
        });
      }
    });

    test('agree with objdump on every row of the line table', () => {
      const rows = runTool('aarch64-linux-gnu-objdump', ['--dwarf=decodedline', program.path])
        .split('\n')
        .map(line => line.trim().split(/\s+/))
        .filter(columns => columns[0] === 'lines.c' && columns[2]?.startsWith('0x'))
        .map(columns => ({ line: columns[1] === '-' ? 0 : Number(columns[1]), address: BigInt(columns[2]) }));
      assert.ok(rows.length > 20);
      // At one address the last row counts; that of a view before it covers no byte.
      const last = new Map(rows.map(row => [row.address, row.line]));
      for (const [address, line] of last) {
        const found = symbols.lineAt(address);
        assert.equal(found?.line ?? 0, line, `line at 0x${address.toString(16)}`);
        if (line !== 0) assert.equal(found?.path, source);
      }
    });

    test('find every place where a function is inlined', () => {
      const places = symbols.inlinedPlaces('square');
      assert.equal(places.length, 2);
      for (const place of places) {
        const scopes = symbols.scopesAt(place).map(({ name, inlined }) => `${name} ${inlined}`);
        assert.ok(scopes.includes('square true'), scopes.join());
      }
      assert.deepEqual(symbols.addressesNamed('square'), []);
      assert.deepEqual(symbols.inlinedPlaces('nothing'), []);
    });

    test('find the address of a line and slide from a line without code', () => {
      const line = marker('lines.c', 'add-body');
      const found = symbols.addressesOf(source, line);
      assert.equal(found.length, 1);
      assert.equal(found[0].line, line);
      const inside = symbols.functionAt(found[0].address);
      assert.equal(inside?.name, 'add');
      assert.ok(symbols.addressesOf(source, 1)[0].line > 1);
      assert.deepEqual(symbols.addressesOf('/nowhere/else.c', 3), []);
      assert.deepEqual(symbols.addressesOf(`/moved/away/lines.c`, line), found);
    });

    test('give the inlined function as a scope of its own, called from the right line', () => {
      const address = symbols.symbol('distance')!;
      const { size } = symbols.functionAt(address)!;
      const inlined = [];
      for (let pc = address; pc < address + BigInt(size); pc += 4n) {
        inlined.push(...symbols.scopesAt(pc).filter(scope => scope.inlined));
      }
      assert.ok(inlined.length > 0);
      for (const scope of inlined) {
        assert.equal(scope.name, 'square');
        assert.equal(scope.callLine, marker('lines.c', 'call'));
        assert.equal(scope.callPath, source);
      }
    });

    test('describe types, bit-fields and enumerations', () => {
      const type = typeOf(symbols.entriesNamed('origin')[0].type);
      assert.equal(type.name, 'struct point');
      assert.deepEqual(
        type
          .members?.()
          .map(member => [member.name, member.type.name, member.offset, member.bitOffset, member.bitSize]),
        [
          ['x', 'int', 0, undefined, undefined],
          ['y', 'int', 4, undefined, undefined],
          ['flag', 'unsigned int', flags[0] === '-gdwarf-4' ? 8 : 0, 64, 3],
          ['level', 'unsigned int', flags[0] === '-gdwarf-4' ? 8 : 0, 67, 5],
        ],
      );
      const paint = typeOf(symbols.entriesNamed('paint')[0].type);
      assert.deepEqual(
        paint.enumerators?.map(one => [one.name, one.value]),
        [
          ['RED', 0n],
          ['GREEN', 5n],
          ['BLUE', 6n],
        ],
      );
      const table = typeOf(symbols.entriesNamed('table')[0].type);
      assert.deepEqual([table.kind, table.name, table.size, table.count], ['array', 'int[4]', 16, 4]);
    });

    test('place a global variable where the symbol table has it', () => {
      const expression = symbols.entriesNamed('table')[0].expression(AT.location, 0n);
      assert.ok(expression);
      const location = evaluateLocation(expression, { register: () => undefined, read: () => undefined, bias: 0n });
      assert.deepEqual(location, { kind: 'memory', address: symbols.symbol('table') });
    });

    test('unwind from a function body to the caller by CFI', () => {
      const [{ address }] = symbols.addressesOf(source, marker('lines.c', 'call'));
      const stack = new Map<bigint, bigint>();
      const sp = 0x50000000n;
      for (let slot = 0n; slot < 32n; slot++) stack.set(sp + slot * 8n, 0x1000n + slot);
      const frame = symbols.frames.unwind(address, {
        register: number => (number === 31 || number === 29 ? sp : number === 30 ? 0x99n : BigInt(number)),
        read: at => {
          const value = stack.get(at);
          return value === undefined ? undefined : new Uint8Array(new BigUint64Array([value]).buffer);
        },
        bias: 0n,
      });
      assert.ok(frame !== undefined && frame.cfa >= sp && frame.cfa < sp + 0x100n);
      assert.equal(frame.registers.get(31), frame.cfa);
      // The return address is either still in x30 or the word that the prologue stored.
      assert.ok(frame.returnAddress === 0x99n || stack.has(sp + (frame.returnAddress! - 0x1000n) * 8n));
    });
  });
}

test('a bias moves every address of a table', () => {
  const program = compile('lines.c', ['-gdwarf-5', '-O0']);
  try {
    const plain = loadSymbols(program.bytes, 'plain');
    const moved = loadSymbols(program.bytes, 'moved', { bias: 0xffff000000000000n });
    const address = plain.symbol('add')!;
    assert.equal(moved.symbol('add'), address + 0xffff000000000000n);
    assert.equal(moved.lineAt(address + 0xffff000000000000n)?.line, plain.lineAt(address)?.line);
    assert.equal(moved.scopesAt(address + 0xffff000000000000n)[0].name, 'add');
    const line = marker('lines.c', 'add-body');
    assert.equal(
      moved.addressesOf(programPath('lines.c'), line)[0].address,
      plain.addressesOf(programPath('lines.c'), line)[0].address + 0xffff000000000000n,
    );
  } finally {
    program.remove();
  }
});

test('of types with one name, defined in another unit, that of the same namespace is meant', () => {
  const program = compile('opaque.cpp', ['-g', programPath('opaque-parts.cpp')]);
  try {
    const symbols = loadSymbols(program.bytes, 'program.elf');
    const pointed = ['first', 'second'].map(name => {
      const type = typeOf(symbols.entriesNamed(name)[0]?.type);
      const target = type.target?.();
      return [type.name, target?.name, target?.size];
    });
    assert.deepEqual(pointed, [
      ['left::Thing *', 'left::Thing', 4],
      ['right::Thing *', 'right::Thing', 32],
    ]);
  } finally {
    program.remove();
  }
});

test('a function is meant with the template arguments of its class alone', () => {
  const program = compile('opaque.cpp', ['-g', programPath('opaque-parts.cpp')]);
  try {
    const symbols = loadSymbols(program.bytes, 'program.elf');
    for (const name of ['Box<int>::with<long>', 'Box<int>::with', 'Box::with', 'with'])
      assert.equal(symbols.addressesNamed(name).length, 1, name);
    assert.equal(symbols.addressesNamed('Box<char>::with').length, 0);
  } finally {
    program.remove();
  }
});

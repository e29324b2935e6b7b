import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PeView } from '../simulator/target.ts';
import { ATE } from './symbols/dwarf/constants.ts';
import { type Member, pointerTo, type Type } from './symbols/dwarf/types.ts';
import { childCount, formatValue, memberOf, membersOf, sliceOf, type Value } from './values.ts';

const U8: Type = { kind: 'base', name: 'u8', size: 1, encoding: ATE.unsigned };
const U32: Type = { kind: 'base', name: 'u32', size: 4, encoding: ATE.unsigned };
const USIZE: Type = { kind: 'base', name: 'usize', size: 8, encoding: ATE.unsigned };

function struct(name: string, size: number, members: readonly Member[], more: Partial<Type> = {}): Type {
  return { kind: 'struct', name, size, members: () => members, ...more };
}

/** A PE whose memory has these bytes at 0x1000, and nothing else. */
function memory(...bytes: readonly number[]): PeView {
  const read = (_space: unknown, address: bigint, length: number): Uint8Array | undefined => {
    const at = Number(address - 0x1000n);
    return at >= 0 && at + length <= bytes.length ? Uint8Array.from(bytes.slice(at, at + length)) : undefined;
  };
  return { read, regime: 'EL1&0' } as unknown as PeView;
}

const at = (type: Type, address = 0x1000n): Value => ({ type, place: { space: { kind: 'va' }, address } });

/** As `enum Exit { Halt, Hypercall(u32), Abort { address: u32, write: u8 } }` of Rust is described. */
const EXIT = struct('Exit', 12, [], {
  variants: () => ({
    discriminant: { name: '', type: U8, offset: 0 },
    forms: [
      { value: 0n, member: { name: 'Halt', type: struct('Halt', 12, []), offset: 0 } },
      {
        value: 1n,
        member: {
          name: 'Hypercall',
          type: struct('Hypercall', 12, [{ name: '__0', type: U32, offset: 4 }]),
          offset: 0,
        },
      },
      {
        member: {
          name: 'Abort',
          type: struct('Abort', 12, [
            { name: 'address', type: U32, offset: 4 },
            { name: 'write', type: U8, offset: 8 },
          ]),
          offset: 0,
        },
      },
    ],
  }),
});

test('an enumeration with data shows the form that it has, and that one only', () => {
  const bytes = [0, 0, 0, 5, 0, 0, 0, 9, 0, 0, 0];
  const shown = (discriminant: number): [string, readonly string[]] => {
    const pe = memory(discriminant, ...bytes);
    return [formatValue(pe, at(EXIT)), membersOf(pe, at(EXIT)).map(({ name }) => name)];
  };
  assert.deepEqual(shown(0), ['Halt', ['Halt']]);
  assert.deepEqual(shown(1), ['Hypercall(5)', ['Hypercall']]);
  assert.deepEqual(shown(7), ['Abort { ... }', ['Abort']]);
  const pe = memory(1, ...bytes);
  const form = memberOf(pe, at(EXIT), 'Hypercall');
  assert.equal(form && memberOf(pe, form, '__0')?.scalar, 5n);
  assert.equal(memberOf(pe, at(EXIT), 'Abort'), undefined);
});

test('a slice is an array of its length, and a str is its text', () => {
  const slice = (name: string): Type =>
    struct(name, 16, [
      { name: 'data_ptr', type: pointerTo(U8), offset: 0 },
      { name: 'length', type: USIZE, offset: 8 },
    ]);
  const pe = memory(0x10, 0x10, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0x65, 0x6c, 0x32);
  assert.equal(formatValue(pe, at(slice('&str'))), '"el2"');
  assert.equal(formatValue(pe, at(slice('&[u8]'))), '[u8; 3]');
  assert.deepEqual(childCount(pe, at(slice('&mut [u8]'))), { named: 0, indexed: 3 });
  assert.deepEqual(sliceOf(pe, at(slice('&[u8]')))?.place, { space: { kind: 'va' }, address: 0x1010n });
  assert.equal(sliceOf(pe, at(slice('Slice'))), undefined);
});

test('members of a base class are those of the class', () => {
  const base = struct('Base', 4, [{ name: 'id', type: U32, offset: 0 }]);
  const derived = struct('Derived', 8, [
    { name: 'Base', type: base, offset: 0, isBase: true },
    { name: 'more', type: U32, offset: 4 },
  ]);
  const pe = memory(1, 0, 0, 0, 2, 0, 0, 0);
  assert.equal(memberOf(pe, at(derived), 'id')?.scalar, 1n);
  assert.equal(memberOf(pe, at(derived), 'more')?.scalar, 2n);
  assert.equal(memberOf(pe, at(derived), 'none'), undefined);
});

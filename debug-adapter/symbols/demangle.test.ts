import assert from 'node:assert/strict';
import { test } from 'node:test';
import { demangle, displayName } from './demangle.ts';

/** Symbol, what frames show, and all of it where that is more. Spellings are those of `c++filt`. */
const CPP: readonly (readonly [string, string, string?])[] = [
  ['_Z4mainv', 'main', 'main()'],
  ['_ZNK6shapes6Circle4areaEi', 'shapes::Circle::area', 'shapes::Circle::area(int) const'],
  ['_ZN6shapes6CircleC2Ei', 'shapes::Circle::Circle', 'shapes::Circle::Circle(int)'],
  ['_ZN6shapes6CircleD0Ev', 'shapes::Circle::~Circle', 'shapes::Circle::~Circle()'],
  [
    '_ZN6shapes6largerIcEET_RKNS_4PairIS1_EE',
    'shapes::larger<char>',
    'char shapes::larger<char>(shapes::Pair<char> const&)',
  ],
  ['_ZN12_GLOBAL__N_16hiddenERi', '(anonymous namespace)::hidden', '(anonymous namespace)::hidden(int&)'],
  ['_ZTVN6shapes6CircleE', 'vtable for shapes::Circle'],
  ['_ZZ3foovE1x', 'foo()::x'],
  ['_ZZ4mainENKUliE_clEi', 'main::{lambda(int)#1}::operator()', 'main::{lambda(int)#1}::operator()(int) const'],
  ['_Z1fPFivE', 'f', 'f(int (*)())'],
  ['_Z1fRA3_iM1Ai', 'f', 'f(int (&) [3], int A::*)'],
  ['_ZN1AplERKS_', 'A::operator+', 'A::operator+(A const&)'],
  ['_ZN1AcviEv', 'A::operator int', 'A::operator int()'],
  ['_Z1fIJidEEvDpT_', 'f<int, double>', 'void f<int, double>(int, double)'],
  ['_Z1gILi5ELb1EEvv', 'g<5, true>', 'void g<5, true>()'],
  [
    '_ZNSt6vectorIiSaIiEE9push_backEOi',
    'std::vector<int, std::allocator<int> >::push_back',
    'std::vector<int, std::allocator<int> >::push_back(int&&)',
  ],
  ['_ZL6staticv.cold', 'static [clone .cold]', 'static() [clone .cold]'],
];

const RUST: readonly (readonly [string, string])[] = [
  ['_ZN4core3fmt9Formatter3pad17h0123456789abcdefE', 'core::fmt::Formatter::pad'],
  [
    '_ZN51_$LT$vgic..Redistributor$u20$as$u20$vgic..Frame$GT$4read17h0123456789abcdefE',
    '<vgic::Redistributor as vgic::Frame>::read',
  ],
  ['_RNvNtCs1234_7mycrate3foo3bar', 'mycrate::foo::bar'],
  ['_RINvNtC3std3mem8align_ofjE', 'std::mem::align_of::<usize>'],
  ['_RNCNvC1a4main0B3_', 'a::main::{closure#0}'],
  ['_RNvXCs6_1aNtB2_2SqNtB2_5Shape4area', '<a::Sq as a::Shape>::area'],
  ['_RINvC1a3genSThEE', 'a::gen::<[(u8,)]>'],
  ['_RINvC1a3genFKCOaAtj3_EnE', 'a::gen::<extern "C" fn(*mut i8, [u16; 3]) -> i128>'],
];

test('names of C++ are written as the language has them', () => {
  for (const [symbol, name, full = name] of CPP) assert.deepEqual([symbol, demangle(symbol)], [symbol, { name, full }]);
});

test('names of Rust are written without their hashes, old and new', () => {
  for (const [symbol, name] of RUST) assert.equal(demangle(symbol)?.name, name, symbol);
});

test('what is no mangled name, or cannot be read, stays as it is', () => {
  for (const symbol of [
    'main',
    '_Z',
    '_ZN',
    '_ZN3fo',
    '_Z3fooX',
    '_R',
    '_RNv',
    '_ZS_',
    '_ZNS5_E',
    '_Zli',
    '__Zero',
    '',
  ]) {
    assert.equal(demangle(symbol), undefined, symbol);
    assert.equal(displayName(symbol), symbol);
  }
});

test('a damaged name costs neither the debugger nor its time', () => {
  const names = [...CPP, ...RUST].map(([symbol]) => symbol);
  for (const symbol of names) {
    for (let at = 2; at < symbol.length; at++) {
      assert.doesNotThrow(() => demangle(symbol.slice(0, at)));
      for (const letter of 'SIETN_B9')
        assert.doesNotThrow(() => demangle(symbol.slice(0, at) + letter + symbol.slice(at + 1)));
    }
  }
  assert.equal(demangle(`_Z1f${'P'.repeat(5000)}i`), undefined);
  const grown = `_Z1f1aI${'S0_S1_'.repeat(200)}E`;
  assert.doesNotThrow(() => demangle(grown));
});

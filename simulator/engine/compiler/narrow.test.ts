import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bind, c64, type Expr, op, type Stmt, setX, w, x, zeroExtend } from '../ir.ts';
import { handlers } from '../semantics/integer.ts';
import { Narrowing } from './narrow.ts';

const simplify = (body: readonly Stmt[], narrow: readonly string[]): readonly Stmt[] => {
  const narrowing = new Narrowing(operand => narrow.includes(operand));
  return body.map(statement => narrowing.statement(statement));
};
const products = (body: readonly Stmt[]): number =>
  JSON.stringify(body, (_, value) => (typeof value === 'bigint' ? `${value}` : value)).split('i64.mul').length - 1;
const valueWritten = (body: readonly Stmt[]): Expr => {
  const last = body.at(-1);
  assert.equal(last?.s, 'setX');
  return (last as Extract<Stmt, { s: 'setX' }>).value;
};

test('UMULH of a narrow factor needs two of the four products of halves', () => {
  assert.equal(products(handlers.umulh.body), 4);
  assert.equal(products(simplify(handlers.umulh.body, ['rn'])), 2);
  assert.equal(products(simplify(handlers.umulh.body, ['rm'])), 2);
  assert.equal(products(simplify(handlers.umulh.body, ['rn', 'rm'])), 1);
});

test('a narrow register is not extended again', () => {
  const body = [setX('rd', zeroExtend(w('rn')))];
  assert.deepEqual(valueWritten(simplify(body, ['rn'])), x('rn'));
  assert.deepEqual(simplify(body, []), body);
});

test('what is narrow follows from operations and loads, through temporaries', () => {
  const narrowing = new Narrowing(operand => operand === 'rn');
  const [shifted, compute] = bind(op('i64.shr_u', x('rm'), c64(32)));
  narrowing.statement(compute);
  assert.ok(narrowing.isNarrow(shifted));
  assert.ok(narrowing.isNarrow(op('i64.and', x('rm'), x('rn'))));
  assert.ok(narrowing.isNarrow(op('i64.xor', x('rn'), shifted)));
  assert.ok(!narrowing.isNarrow(op('i64.or', x('rn'), x('rm'))));
  assert.ok(!narrowing.isNarrow(op('i64.add', x('rn'), x('rn'))));
  assert.ok(!narrowing.isNarrow(op('i64.shr_u', x('rm'), c64(64))), 'a shift by 64 shifts by nothing');
});

/**
 * Condition flags of compiled code. An instruction that sets flags leaves what they come from: a kind and two operands.
 * Most are never asked for, or only by one branch right after, which then compares the operands.
 */

import { emitAll, emitNzcv } from '../emit.ts';
import { FunctionEnvironment, Imports, LocalPool } from '../interpreter.ts';
import { c32, type Expr, type FlagKind, flags, type Local, local, op, setNzcv, use, when } from '../ir.ts';
import { LAZY_A, LAZY_B, LAZY_KIND } from '../layout.ts';
import { Scope } from '../scope.ts';
import { ModuleBuilder } from '../wasm/module.ts';

/** Kinds as a number in a local: the flags are in the PE's state, come from an operation, or are NZCV themselves. */
export const IN_STATE = 0;
const operations: readonly FlagKind[] = ['add32', 'add64', 'sub32', 'sub64', 'logic32', 'logic64'];
export const NZCV = operations.length + 1;
export const kindNumber = (kind: FlagKind): number => operations.indexOf(kind) + 1;

const kind = local('i32');
const a = local('i64');
const b = local('i64');
const parameters: readonly Local[] = [kind, a, b];

class FlagFunction extends FunctionEnvironment {
  protected override readonly pool = new LocalPool(parameters.length);

  override local(temporary: Local): number {
    const parameter = parameters.indexOf(temporary);
    return parameter >= 0 ? parameter : super.local(temporary);
  }

  get locals() {
    return this.pool.types;
  }
}

/** Functions of compiled code, and of the interpreter that runs it. */
export interface FlagFunctions {
  /** Writes the flags to the PE's state, from what a region has left: LAZY_KIND is not IN_STATE, and becomes it. */
  settleFlags(): void;
  /** NZCV in bits 3:0 of a kind and two operands. */
  nzcvOf(kind: number, a: bigint, b: bigint): number;
}

export function flagFunctions(memory: WebAssembly.Memory): FlagFunctions {
  const module = new ModuleBuilder();
  const imports = new Imports(module);
  module.importMemory('env', 'memory');
  const write = new FlagFunction(imports);
  const isKind = (number: number): Expr => op('i32.eq', use(kind), c32(number));
  for (const name of operations) {
    const operand = (value: Local) => (name.endsWith('64') ? use(value) : op('i32.wrap_i64', use(value)));
    emitAll([when(isKind(kindNumber(name)), [flags(name, operand(a), operand(b))])], write);
  }
  emitAll([when(isKind(NZCV), [setNzcv(op('i32.wrap_i64', use(a)))])], write);
  write.scope.code.end();
  const args = parameters.map(parameter => parameter.type);
  const writeIndex = module.function({ type: module.type(args, []), locals: write.locals, code: write.scope.code });
  const settle = new Scope().code;
  settle.i32(0).load('i32', LAZY_KIND).i32(0).load('i64', LAZY_A).i32(0).load('i64', LAZY_B).call(writeIndex);
  settle.i32(0).i32(IN_STATE).store('i32', LAZY_KIND).end();
  module.function({ type: module.type([], []), locals: [], code: settle, exported: 'settleFlags' });
  const read = new FlagFunction(imports);
  for (const index of parameters.keys()) read.scope.code.get(index);
  read.scope.code.call(writeIndex);
  emitNzcv(read);
  read.scope.code.end();
  module.function({ type: module.type(args, ['i32']), locals: read.locals, code: read.scope.code, exported: 'nzcvOf' });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.build()), { env: { memory } });
  return instance.exports as unknown as FlagFunctions;
}

/** A comparison that answers a condition from the operands of an operation. */
export interface Comparison {
  /** With both operands, or of the first one or of their sum or difference with zero. */
  readonly of: 'both' | 'first' | 'add' | 'sub';
  /** The comparison at the width of the operation. */
  readonly by: string;
}

// By condition code 0 to 13: eq ne hs lo mi pl vs vc hi ls ge lt gt le. An empty place: only NZCV tell.
const comparisons: Record<string, readonly string[]> = {
  sub: 'both eq|both ne|both ge_u|both lt_u|sub lt_s|sub ge_s|||both gt_u|both le_u|both ge_s|both lt_s|both gt_s|both le_s'.split(
    '|',
  ),
  logic: 'first eq|first ne|||first lt_s|first ge_s|||||first ge_s|first lt_s|first gt_s|first le_s'.split('|'),
  add: 'add eq|add ne|||add lt_s|add ge_s||||||||'.split('|'),
};

/** By operation and condition code. */
const answers = new Map(
  operations.map(name => [
    name,
    comparisons[name.replace(/\d+$/, '')].map(text => {
      const [of, by] = text.split(' ');
      return by ? ({ of, by } as Comparison) : undefined;
    }),
  ]),
);

/** How a condition code is answered from the operands of an operation; undefined where only NZCV tell. */
export function comparisonFor(kind: FlagKind, code: number): Comparison | undefined {
  return answers.get(kind)?.[code];
}

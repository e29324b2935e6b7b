/**
 * Conditions as functions: what only looks at registers and at values of an event is asked a million times a second, so
 * it is turned into closures once. Everything else is left to the evaluator; both give the same values.
 */

import type { Node } from './parse.ts';

export type Getter = () => bigint;

/** What names mean to a condition. */
export interface Bindings {
  /** A register of the live PE, by `$name`. */
  register(name: string): Getter | undefined;
  /** A plain name: a value of the event or a register; undefined for a C variable or an unknown name. */
  name(name: string): Getter | undefined;
  /** A dotted name such as `from.el`, or a field of a register. */
  member(object: string, field: string): Getter | undefined;
}

/** Wraps around at 64 bits and keeps the sign, as the evaluator does. */
const wrap = (value: bigint): bigint => (value < 0n ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value));

const BINARY: Readonly<Record<string, (a: Getter, b: Getter) => Getter>> = {
  '==': (a, b) => () => (a() === b() ? 1n : 0n),
  '!=': (a, b) => () => (a() !== b() ? 1n : 0n),
  '<': (a, b) => () => (a() < b() ? 1n : 0n),
  '>': (a, b) => () => (a() > b() ? 1n : 0n),
  '<=': (a, b) => () => (a() <= b() ? 1n : 0n),
  '>=': (a, b) => () => (a() >= b() ? 1n : 0n),
  '&&': (a, b) => () => (a() !== 0n && b() !== 0n ? 1n : 0n),
  '||': (a, b) => () => (a() !== 0n || b() !== 0n ? 1n : 0n),
  '&': (a, b) => () => wrap(a() & b()),
  '|': (a, b) => () => wrap(a() | b()),
  '^': (a, b) => () => wrap(a() ^ b()),
  '+': (a, b) => () => wrap(a() + b()),
  '-': (a, b) => () => wrap(a() - b()),
  '*': (a, b) => () => wrap(a() * b()),
  '<<': shift((value, by) => value << by),
  '>>': shift((value, by) => value >> by),
};

function shift(apply: (value: bigint, by: bigint) => bigint): (a: Getter, b: Getter) => Getter {
  return (a, b) => () => {
    const by = b();
    return by < 0n || by > 127n ? 0n : wrap(apply(a(), by));
  };
}

const UNARY: Readonly<Record<string, (a: Getter) => Getter>> = {
  '!': a => () => (a() === 0n ? 1n : 0n),
  '-': a => () => wrap(-a()),
  '~': a => () => BigInt.asUintN(64, ~a()),
  '+': a => a,
};

/** The condition as a function; undefined when it needs the evaluator. */
export function compileCondition(node: Node, bindings: Bindings): Getter | undefined {
  switch (node.kind) {
    case 'number': {
      const value = wrap(node.value);
      return () => value;
    }
    case 'register':
      return bindings.register(node.name);
    case 'name':
      return bindings.name(node.name);
    case 'member':
      return !node.arrow && (node.object.kind === 'name' || node.object.kind === 'register')
        ? bindings.member(node.object.name, node.name)
        : undefined;
    case 'unary': {
      const operand = compileCondition(node.operand, bindings);
      return operand && UNARY[node.operator]?.(operand);
    }
    case 'binary': {
      const left = compileCondition(node.left, bindings);
      const right = left && compileCondition(node.right, bindings);
      return right && BINARY[node.operator]?.(left, right);
    }
    case 'conditional': {
      const [test, yes, no] = [node.test, node.yes, node.no].map(one => compileCondition(one, bindings));
      return test && yes && no && (() => (test() !== 0n ? yes() : no()));
    }
    default:
      return undefined;
  }
}

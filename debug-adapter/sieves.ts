/**
 * Sieves: what of an exception, or of a write to a register, the machine compares by itself. They are narrowed by what a
 * condition says, so that it is asked only where it may hold.
 */

import { exceptionClasses } from '../simulator/arch/esr.ts';
import type { ExceptionLevel, ExceptionSieve, WantedValue } from '../simulator/target.ts';
import type { Node } from './expressions/parse.ts';

export const LEVELS: readonly ExceptionLevel[] = [0, 1, 2, 3];
/** Types of all but returns. */
export const TAKEN = ['sync', 'irq', 'fiq', 'serror'] as const;
/** As conditions number them. */
export const EXCEPTION_TYPES = [...TAKEN, 'eret'] as const;
/** Exceptions and returns between two levels. */
export const CHANGES_LEVEL: readonly ExceptionSieve[] = LEVELS.map(level => ({
  from: [level],
  to: LEVELS.filter(other => other !== level),
}));

/** ESR_ELx.EC of an SError, the only other type with a class. */
const EC_SERROR = 0x2f;

/** What a name of an exception has to be for a sieve, as rows. */
const COMPARED: Readonly<Record<string, (value: number) => ExceptionSieve>> = {
  'from.el': value => ({ from: LEVELS.filter(level => level === value) }),
  'to.el': value => ({ to: LEVELS.filter(level => level === value) }),
  type: value => ({ types: EXCEPTION_TYPES.filter((_, index) => index === value) }),
  class: ofClass,
  'esr.ec': ofClass,
};

/** 0 is what interrupts and returns have too. */
function ofClass(value: number): ExceptionSieve {
  if (value === 0 || value === EC_SERROR) return {};
  return { types: ['sync'], classes: value < 64 ? [value] : [] };
}

/** The same sieves, less what a condition rules out. */
export function narrowed(
  sieves: readonly ExceptionSieve[] | undefined,
  condition: Node | undefined,
): readonly ExceptionSieve[] | undefined {
  const said = condition === undefined ? [] : comparisons(condition);
  if (said.length === 0) return sieves;
  return (sieves ?? [{}]).map(sieve => said.reduce(both, sieve));
}

function both(a: ExceptionSieve, b: ExceptionSieve): ExceptionSieve {
  const common = <T>(one: readonly T[] | undefined, other: readonly T[] | undefined): readonly T[] | undefined =>
    one && other ? one.filter(value => other.includes(value)) : (one ?? other);
  const parts = {
    types: common(a.types, b.types),
    classes: common(a.classes, b.classes),
    from: common(a.from, b.from),
    to: common(a.to, b.to),
  };
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined));
}

/** What all has to hold: comparisons of a name with a constant that are joined by `&&`. */
function comparisons(node: Node): readonly ExceptionSieve[] {
  if (node.kind !== 'binary') return [];
  if (node.operator === '&&') return [...comparisons(node.left), ...comparisons(node.right)];
  if (node.operator !== '==') return [];
  const name = nameOf(node.left) ?? nameOf(node.right);
  const value = constantOf(node.left) ?? constantOf(node.right);
  return name === undefined || value === undefined || !Object.hasOwn(COMPARED, name) ? [] : [COMPARED[name](value)];
}

function nameOf(node: Node): string | undefined {
  if (node.kind === 'name') return constantOf(node) === undefined ? node.name : undefined;
  if (node.kind === 'member' && node.object.kind === 'name') return `${node.object.name}.${node.name}`;
  return undefined;
}

function constantOf(node: Node): number | undefined {
  if (node.kind === 'number') return Number(node.value);
  if (node.kind !== 'name') return undefined;
  const upper = node.name.toUpperCase();
  const type = EXCEPTION_TYPES.findIndex(one => one.toUpperCase() === upper);
  return type >= 0 ? type : exceptionClasses.find(({ name }) => name.toUpperCase() === upper)?.ec;
}

/** A value without which a condition of a register's writes does not hold, where it has `value == constant` or the like. */
export function wantedValue(condition: Node | undefined): WantedValue | undefined {
  if (condition?.kind !== 'binary') return undefined;
  const { operator, left, right } = condition;
  if (operator === '&&') return wantedValue(left) ?? wantedValue(right);
  if (operator !== '==') return undefined;
  const [of, constant] = left.kind === 'number' ? [right, left] : [left, right];
  const bits = bitsOf(of);
  if (bits === undefined || constant.kind !== 'number') return undefined;
  const value = constant.value << bits.shift;
  // What cannot be equal is left to the condition.
  return (value & bits.mask) === value ? { mask: bits.mask, value } : undefined;
}

const ALL_BITS = BigInt.asUintN(64, -1n);

/** Which bits of the value that was written an expression is made of: all, those of a mask, or those from one on. */
function bitsOf(node: Node): { readonly mask: bigint; readonly shift: bigint } | undefined {
  if (node.kind === 'name') return node.name === 'value' ? { mask: ALL_BITS, shift: 0n } : undefined;
  if (node.kind !== 'binary' || node.right.kind !== 'number') return undefined;
  const bits = bitsOf(node.left);
  const { value } = node.right;
  if (bits === undefined) return undefined;
  if (node.operator === '&') return { mask: bits.mask & (value << bits.shift), shift: bits.shift };
  if (node.operator !== '>>' || bits.shift + value > 63n) return undefined;
  const shift = bits.shift + value;
  return { mask: bits.mask & (ALL_BITS << shift), shift };
}

/**
 * What is known of the upper halves of registers. A value is narrow if its upper 32 bits are 0, as instructions on W
 * registers leave them. Products of halves, extensions and shifts that such values make trivial are left out: V8 does not
 * see it, since it knows nothing of what is in a local.
 */

import { c64, type Expr, type Local, type Operand, type Stmt } from '../ir.ts';

const LOW = 0xffff_ffffn;
const ZERO = c64(0);

const isConstant = (e: Expr, value: bigint): boolean => e.k === 'const' && e.type === 'i64' && e.value === value;
const isZero = (e: Expr): boolean => isConstant(e, 0n);

/** The statements of one instruction, made simpler by what is known of the registers that it reads. */
export class Narrowing {
  readonly #locals = new Map<Local, { narrow: boolean; zero: boolean }>();
  /** Something has become simpler. */
  simpler = false;

  constructor(readonly isNarrowRegister: (operand: Operand) => boolean) {}

  statement(s: Stmt): Stmt {
    switch (s.s) {
      case 'let': {
        const value = this.#fold(s.value);
        this.#locals.set(s.local, { narrow: this.isNarrow(value), zero: isZero(value) });
        return { ...s, value };
      }
      case 'setX':
        return { ...s, value: this.#fold(s.value) };
      case 'load':
        this.#locals.set(s.local, { narrow: s.bytes <= 4 && !s.signed, zero: false });
        return { ...s, address: this.#fold(s.address) };
      case 'store':
        return { ...s, address: this.#fold(s.address) };
      default:
        return s;
    }
  }

  isNarrow(e: Expr): boolean {
    switch (e.k) {
      case 'const':
        return e.type === 'i64' && e.value >= 0n && e.value <= LOW;
      case 'x':
        return this.isNarrowRegister(e.operand);
      case 'local':
        return this.#locals.get(e.local)?.narrow ?? false;
      case 'select':
      case 'if':
        return this.isNarrow(e.yes) && this.isNarrow(e.no);
      case 'op':
        switch (e.name) {
          case 'i64.extend_i32_u':
            return true;
          case 'i64.and':
            return e.args.some(arg => this.isNarrow(arg));
          case 'i64.or':
          case 'i64.xor':
            return e.args.every(arg => this.isNarrow(arg));
          case 'i64.shr_u': {
            const [value, by] = e.args;
            return this.isNarrow(value) || (by.k === 'const' && by.type === 'i64' && by.value >= 32n && by.value < 64n);
          }
          default:
            return false;
        }
      default:
        return false;
    }
  }

  #fold(e: Expr): Expr {
    switch (e.k) {
      case 'local':
        return this.#locals.get(e.local)?.zero ? ZERO : e;
      case 'select':
        return { ...e, yes: this.#fold(e.yes), no: this.#fold(e.no) };
      case 'op':
        return this.#foldOperation(
          e,
          e.args.map(arg => this.#fold(arg)),
        );
      default:
        return e;
    }
  }

  #foldOperation(e: Extract<Expr, { k: 'op' }>, args: readonly Expr[]): Expr {
    const folded = this.#trivial(e.name, args);
    if (folded) this.simpler = true;
    return folded ?? { ...e, args };
  }

  #trivial(name: string, [a, b]: readonly Expr[]): Expr | undefined {
    switch (name) {
      case 'i64.extend_i32_u':
        return a.k === 'op' && a.name === 'i32.wrap_i64' && this.isNarrow(a.args[0]) ? a.args[0] : undefined;
      case 'i64.and':
        return isConstant(b, LOW) && this.isNarrow(a) ? a : isZero(a) ? ZERO : undefined;
      case 'i64.shr_u':
        return isZero(a) || (isConstant(b, 32n) && this.isNarrow(a)) ? ZERO : undefined;
      case 'i64.mul':
        return isZero(a) || isZero(b) ? ZERO : undefined;
      case 'i64.add':
        return isZero(a) ? b : isZero(b) ? a : undefined;
      case 'i64.shl':
        return isZero(a) ? ZERO : undefined;
      default:
        return undefined;
    }
  }
}

/** What can be known of a handler's statements before its registers are: found once per handler. */
export interface NarrowUsage {
  /** Narrow registers make something simpler. */
  readonly simplifies: boolean;
  /** Operands that are written with narrow values, whatever is read. */
  readonly writes: readonly Operand[];
}

export function narrowUsage(body: readonly Stmt[]): NarrowUsage {
  const all = new Narrowing(() => true);
  for (const statement of body) all.statement(statement);
  const none = new Narrowing(() => false);
  // The last write of a register counts; what is written on one of several ways is not looked at.
  const last = new Map<Operand, boolean>();
  for (const statement of body.map(statement => none.statement(statement)))
    if (statement.s === 'setX') last.set(statement.operand, none.isNarrow(statement.value));
  const certain = !body.some(({ s }) => s === 'if');
  return {
    simplifies: all.simpler,
    writes: certain ? [...last].filter(([, is]) => is).map(([operand]) => operand) : [],
  };
}

/** The state of one PE in the engine's memory, whether it is the active one or parked. */

import { byName, type RegisterRow, storageOf } from '../arch/registers/index.ts';
import type { Engine } from './engine.ts';
import { EL, PARKED, PE_STATE, PE_STATE_BYTES, SLOT_SP, SPSEL, SYSREG, V, X } from './layout.ts';

export class PeState {
  /** Distance of this PE's state from the addresses in `layout.ts`: 0 while it is active. */
  offset: number;

  constructor(
    readonly engine: Engine,
    readonly index: number,
  ) {
    this.offset = this.parked - PE_STATE;
  }

  get parked(): number {
    return PARKED + this.index * PE_STATE_BYTES;
  }

  /** A word of the state, by its address in `layout.ts`. */
  u32(address: number): number {
    return this.engine.u32[(address + this.offset) >> 2];
  }

  setU32(address: number, value: number): void {
    this.engine.u32[(address + this.offset) >> 2] = value;
  }

  f64(address: number): number {
    return this.engine.f64[(address + this.offset) >> 3];
  }

  u64(address: number): bigint {
    return this.engine.u64[(address + this.offset) >> 3];
  }

  setU64(address: number, value: bigint): void {
    this.engine.u64[(address + this.offset) >> 3] = value;
  }

  get el(): 0 | 1 | 2 | 3 {
    return this.u32(EL) as 0 | 1 | 2 | 3;
  }

  x(n: number): bigint {
    return this.u64(X + n * 8);
  }

  setX(n: number, value: bigint): void {
    this.setU64(X + n * 8, BigInt.asUintN(64, value));
  }

  /** Bytes of V0 to V31. */
  vector(n: number): bigint {
    return this.u64(V + n * 16) | (this.u64(V + n * 16 + 8) << 64n);
  }

  setVector(n: number, value: bigint): void {
    this.setU64(V + n * 16, BigInt.asUintN(64, value));
    this.setU64(V + n * 16 + 8, BigInt.asUintN(64, value >> 64n));
  }

  /** Stored value of a system register: no redirection, no effect. */
  register(row: RegisterRow | string): bigint {
    return this.u64(slotOf(row));
  }

  setRegister(row: RegisterRow | string, value: bigint): void {
    this.setU64(slotOf(row), BigInt.asUintN(64, value));
  }

  /** The bank of SP that a level and PSTATE.SP select; the one in use lives in the X slots. */
  stackPointer(el: number): bigint {
    return this.#spInUse === el ? this.x(SLOT_SP) : this.register(`SP_EL${el}`);
  }

  setStackPointer(el: number, value: bigint): void {
    if (this.#spInUse === el) this.setX(SLOT_SP, value);
    else this.setRegister(`SP_EL${el}`, value);
  }

  get #spInUse(): number {
    return this.u32(SPSEL) ? this.el : 0;
  }
}

const slots = new Map<string, number>();

/** Address of the storage of a system register while its PE is active. */
export function slotOf(row: RegisterRow | string): number {
  const name = typeof row === 'string' ? row : row.name;
  let slot = slots.get(name);
  if (slot === undefined) {
    const found = typeof row === 'string' ? byName(row) : row;
    if (!found) throw new Error(`There is no system register named ${name}.`);
    slot = SYSREG + storageOf(found).index * 8;
    slots.set(name, slot);
  }
  return slot;
}

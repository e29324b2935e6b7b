/** For tests: two machines, one of which compiles, go on in step, and their states are compared at each stop. */

import { createTarget, type Machine } from '../../machine.ts';
import type { MachineConfig, StopReason } from '../../target.ts';
import {
  DAIF,
  EL,
  EXCLUSIVE_ADDRESS,
  EXCLUSIVE_BYTES,
  FPCR,
  FPSR,
  PAN,
  PC,
  RAM,
  SPSEL,
  SSBS,
  SYSREG,
  SYSREG_SLOTS,
  V,
  X,
} from '../layout.ts';

/** Soon, so that short runs compile. Tests that change code know the number. */
const HOT = 200;

export class TwoTiers {
  readonly interpreting: Machine;
  readonly compiling: Machine;
  readonly #ramBytes: number;
  readonly #slices: Iterator<number>;

  /** The compiling machine runs in slices of its own, which are drawn from a seed: they make no difference either. */
  constructor(config: Omit<MachineConfig, 'tier'>, slices = 1) {
    this.#slices = drawCounts(~slices);
    this.interpreting = createTarget({ ...config, tier: 0 }) as Machine;
    this.compiling = createTarget({ ...config, tier: 1, hot: HOT }) as Machine;
    this.#ramBytes = config.memory;
  }

  /** Runs both for so many instructions. Throws a sentence at the first difference. */
  run(instructions: number): StopReason {
    const before = this.interpreting.instructions;
    const first = this.interpreting.run({ instructions });
    const second = this.#runSliced(instructions);
    const where = `after ${instructions} instructions from ${before} on`;
    const counts = [this.interpreting.instructions, this.compiling.instructions];
    if (first.kind !== second.kind)
      throw new Error(`One stops for ${first.kind}, the compiling one for ${second.kind}, ${where}.`);
    if (counts[0] !== counts[1])
      throw new Error(`One is at instruction ${counts[0]}, the compiling one at ${counts[1]}, ${where}.`);
    this.#compareState(where);
    return first;
  }

  #runSliced(instructions: number): StopReason {
    const end = this.compiling.instructions + instructions;
    for (;;) {
      const left = end - this.compiling.instructions;
      const stop = this.compiling.run({ instructions: Math.min(left, this.#slices.next().value) });
      if (stop.kind !== 'limit' || this.compiling.instructions >= end) return stop;
    }
  }

  /** Takes the compiling machine, which is recorded, so many instructions back, and has it run them again. */
  retrace(instructions: number): void {
    const { moment } = this.compiling;
    this.compiling.goTo({ ...moment, instructions: moment.instructions - instructions, taken: 0 });
    this.#runSliced(instructions);
    this.#compareState(`after it was taken back by ${instructions} instructions to run them again`);
    this.compareMemory();
  }

  #compareState(where: string): void {
    const machines = [this.interpreting, this.compiling];
    for (const [index, pe] of this.interpreting.pes.entries()) {
      const images = machines.map(machine => machine.withActive(index, () => imageOf(machine)));
      if (equal(images[0], images[1])) continue;
      const [first, second] = machines.map(machine => machine.withActive(index, () => stateOf(machine)));
      for (const [name, value] of first) {
        const other = second.get(name);
        if (value !== other) {
          throw new Error(
            `${name} of PE ${pe.index} is 0x${value.toString(16)}, compiled 0x${other?.toString(16)}, ${where}; PC 0x${first.get('PC')?.toString(16)}.`,
          );
        }
      }
    }
  }

  /** Compares all of RAM. */
  compareMemory(): void {
    const [first, second] = [this.interpreting, this.compiling].map(machine =>
      machine.engine.u32.subarray(RAM >> 2, (RAM + this.#ramBytes) >> 2),
    );
    for (let index = 0; index < first.length; index++) {
      if (first[index] !== second[index])
        throw new Error(
          `RAM differs at offset 0x${(index * 4).toString(16)}, at instruction ${this.interpreting.instructions}.`,
        );
    }
  }
}

const words = { EL, SPSEL, DAIF, PAN, SSBS, EXCLUSIVE_BYTES, FPCR, FPSR };

/** What stateOf() tells as words, which are quick to compare. */
function imageOf({ engine }: Machine): Uint32Array {
  const { u32, core } = engine;
  const part = (address: number, bytes: number) => u32.subarray(address >> 2, (address + bytes) >> 2);
  const parts = [
    ...[part(PC, 8), part(X, 32 * 8), part(V, 32 * 16), part(SYSREG, SYSREG_SLOTS * 8)],
    ...Object.values(words).map(address => part(address, 4)),
    ...[part(EXCLUSIVE_ADDRESS, u32[EXCLUSIVE_BYTES >> 2] ? 8 : 0), Uint32Array.of(core.readFlags())],
  ];
  const image = new Uint32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const words of parts) {
    image.set(words, at);
    at += words.length;
  }
  return image;
}

function equal(first: Uint32Array, second: Uint32Array): boolean {
  return first.length === second.length && first.every((word, index) => word === second[index]);
}

/** Everything that an instruction can see of the active PE. */
function stateOf(machine: Machine): Map<string, bigint> {
  const { engine } = machine;
  const state = new Map<string, bigint>();
  state.set('PC', engine.u64[PC >> 3]);
  for (let n = 0; n < 32; n++) state.set(n === 31 ? 'SP' : `X${n}`, engine.u64[(X >> 3) + n]);
  state.set('NZCV', BigInt(engine.core.readFlags() >>> 0));
  for (const [name, address] of Object.entries(words)) {
    state.set(name, BigInt(engine.u32[address >> 2]));
  }
  if (state.get('EXCLUSIVE_BYTES')) state.set('the exclusive address', engine.u64[EXCLUSIVE_ADDRESS >> 3]);
  for (let half = 0; half < 64; half++) state.set(`V${half >> 1}, half ${half & 1},`, engine.u64[(V >> 3) + half]);
  for (let slot = 0; slot < SYSREG_SLOTS; slot++)
    state.set(`system register slot ${slot}`, engine.u64[(SYSREG >> 3) + slot]);
  return state;
}

/** Counts at which to look, from a seed: single steps, about a budget's margin, and far. */
export function* drawCounts(seed: number): Generator<number> {
  let state = seed >>> 0;
  const draw = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (;;) yield 1 + draw([3, 40, 1000, 5000, 40_000, 400_000][draw(6)]);
}

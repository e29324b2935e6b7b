/**
 * Searches schedules for a deadlock between the locks of the new VGIC: both vCPUs of a guest send each other interrupts and
 * give each other theirs, and each seed lets the PEs meet at other instructions.
 *
 *   npm run lock-search -- [--schedules N] [--first SEED] [--reversed] [--gic 2|3] [--system NAME]
 */

import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { createTarget } from '../../simulator/machine.ts';
import type { MachineConfig, Target } from '../../simulator/target.ts';
import { addressOf, functionAt, patch, readImage } from './image.ts';

const STORM = 3; // guest/guest-main.c
/** Instructions of a round at most: about as many as between the taking of two locks. */
const QUANTUM = 64;
/** A storm takes some tens of thousands of instructions. */
const LIMIT = 1_000_000;
/** What nobody who makes progress needs for so few places in the code. */
const SPIN = { instructions: 400, places: 12 };

export interface Storm {
  readonly config: MachineConfig;
  /** Modelled time at which schedules begin to differ: the guest is up. */
  readonly from: number;
}

/** The machine for a search: `system` with its guest's storm, the lock order kept or reversed. */
export function prepareStorm(system: string, reversed: boolean, gic: 2 | 3 = 3): Storm {
  const image = readImage(`kvm-arm/${system}.elf`);
  patch(image, 'guest_program', STORM);
  patch(image, 'lock_order_reversed', reversed ? 1 : 0);
  const machine = { cpu: 'max', features: [], gic, pes: 2, el: 2, memory: 32 << 20, semihosting: false } as const;
  const config = { ...machine, image, imageName: system, quantum: QUANTUM, scheduleSeed: 0 };
  const target = createTarget({ ...config, scheduleFrom: Number.POSITIVE_INFINITY });
  runToStorm(target, image);
  return { config, from: target.moment.time + 1 };
}

function runToStorm(target: Target, image: Uint8Array): void {
  const id = target.addBreakpoint({ kind: 'instruction', address: addressOf(image, 'storm_begins'), pe: 0 });
  assert.equal(target.run({ instructions: LIMIT }).kind, 'breakpoint', 'The guest does not come to its storm.');
  target.removeBreakpoint(id);
}

/** Where each PE spins for a lock that the other has; undefined while somebody makes progress. */
export function deadlock(target: Target, image: Uint8Array): readonly string[] | undefined {
  const spins = target.pes.map(({ index }) => {
    const places = new Set<bigint>();
    const pe = target.pes[index];
    if (pe.el === 0 || target.listRegisters(index).some(({ state }) => state !== 'invalid')) return undefined;
    for (let count = 0; count < SPIN.instructions; count++) {
      places.add(pe.pc);
      target.run({ instructions: 1, pe: index, stepOff: true });
    }
    return places.size <= SPIN.places ? functionAt(image, pe.pc) : undefined;
  });
  return spins.every(spin => spin !== undefined) && spins.every(spin => spin !== 'storm') ? spins : undefined;
}

/** Runs one schedule from where the target is: the places of a deadlock, or undefined when the guest came to its end. */
function runOne(target: Target, image: Uint8Array, seed: number): readonly string[] | undefined {
  const stop = target.run({ instructions: LIMIT, stepOff: true });
  if (stop.kind === 'poweroff') return undefined;
  assert.equal(stop.kind, 'limit', `Seed ${seed} ended in another way.`);
  const spins = deadlock(target, image);
  assert.ok(spins, `Seed ${seed}: the guest neither ends nor do its vCPUs wait for each other.`);
  return spins;
}

export interface Found {
  readonly seed: number;
  /** The function in which each PE spins. */
  readonly spins: readonly string[];
}

/** Tries `count` seeds from `first` on, all from the moment at which the storm begins; the first deadlock, if any. */
export function searchDeadlock({ config, from }: Storm, first: number, count: number): Found | undefined {
  const target = createTarget({ ...config, scheduleFrom: from });
  runToStorm(target, config.image);
  target.record({ interval: Number.MAX_SAFE_INTEGER });
  const start = target.moment;
  for (let seed = first; seed < first + count; seed++) {
    target.goTo(start);
    target.reseed(seed);
    const spins = runOne(target, config.image, seed);
    if (spins) return { seed, spins };
  }
  return undefined;
}

/** The run of one seed in a machine of its own, from its first instruction, as `hyperstep run` has it. */
export function replay({ config, from }: Storm, seed: number): readonly string[] | undefined {
  return runOne(createTarget({ ...config, scheduleFrom: from, scheduleSeed: seed }), config.image, seed);
}

function main(): void {
  const { values } = parseArgs({
    options: {
      schedules: { type: 'string', default: '10000' },
      first: { type: 'string', default: '1' },
      gic: { type: 'string', default: '3' },
      system: { type: 'string', default: 'vhe-opt' },
      reversed: { type: 'boolean', default: false },
    },
  });
  const begin = process.cpuUsage();
  const storm = prepareStorm(values.system, values.reversed, values.gic === '2' ? 2 : 3);
  const found = searchDeadlock(storm, Number(values.first), Number(values.schedules));
  const seconds = Math.round(process.cpuUsage(begin).user / 1e6);
  const order = values.reversed ? 'reversed' : 'kept';
  console.log(
    found
      ? `Lock order ${order}: with seed ${found.seed} the PEs wait for each other, in ${found.spins.join(' and ')}.`
      : `Lock order ${order}: no deadlock in ${values.schedules} schedules, from seed ${values.first} on.`,
    `${seconds} s of processor time.`,
  );
  if (found && !values.reversed) process.exitCode = 1;
}

if (process.argv[1] === import.meta.filename) main();

/** System registers whose state is outside of the PE: interrupt controller, timers, counters, cycle counter. */

import type { Features } from '../../arch/features.ts';
import { BREAKPOINTS, WATCHPOINTS } from '../../arch/registers/rows/debug.ts';
import type { Board } from '../../board/virt.ts';
import { GicV3 } from '../../gic/gicv3.ts';
import type { Engine } from '../engine.ts';
import { CORE_PHYSICAL_COUNT, CORE_VIRTUAL_COUNT, EL } from '../layout.ts';
import { slotOf } from '../pe-state.ts';
import type { PerformanceMonitors } from './performance-monitors.ts';
import { pure, type SpecialRegister } from './special.ts';

export interface BoardRegistersHost {
  readonly engine: Engine;
  readonly board: Board;
  readonly features: Features;
  readonly monitors: PerformanceMonitors;
  /** Instructions retired. */
  readonly instructions: number;
  /** Modelled cycles of a PE. */
  readonly pes: readonly { readonly cycles: number }[];
  /** HCR_EL2.VI, VF or VSE may have changed. */
  virtualLinesChanged(): void;
  /** MDSCR_EL1.SS or KDE was written. */
  stepChanged(): void;
  /** A breakpoint or watchpoint register of the active PE was written. */
  debugChanged(): void;
  /** The time of the next deadline may have changed: the slice has to be cut anew. */
  deadlineChanged(): void;
}

/** Acknowledging an interrupt is an effect of the read. */
const ACKNOWLEDGE = /^IC[CV]_IAR[01]_EL1$/;
const E2H = 1n << 34n;
const TGE = 1n << 27n;
/** HCR_EL2.VF, VI and VSE. */
const VIRTUAL_LINES = 0x1c0n;
/** MDSCR_EL1.KDE and SS. */
const STEP_CONTROLS = 0x2001n;

export function boardRegisters(host: BoardRegistersHost, pe: () => number): Map<string, SpecialRegister> {
  const stored = (name: string) => host.engine.u64[slotOf(name) >> 3];
  const store = (name: string, value: bigint) => {
    host.engine.u64[slotOf(name) >> 3] = BigInt.asUintN(64, value);
  };
  const made = new Map<string, SpecialRegister>();

  const { gic, timers } = host.board;
  if (gic instanceof GicV3) {
    for (const name of gic.registerNames) {
      const read = () => gic.readRegister(pe(), name);
      const write = (value: bigint) => gic.writeRegister(pe(), name, value);
      const row = gic.register(name);
      const halves = {
        read: () => gic.read(pe(), row),
        high: () => gic.high,
        write: (low: number, high: number) => gic.write(pe(), row, low, high),
      };
      made.set(name, { read, write, halves, ...(ACKNOWLEDGE.test(name) ? {} : { value: read }) });
    }
  }

  for (const name of timers.registerNames) {
    made.set(
      name,
      pure(
        () => timers.readRegister(pe(), name),
        value => {
          if (timers.writeRegister(pe(), name, value)) host.deadlineChanged();
        },
      ),
    );
  }
  const offsets = {
    after: () => {
      if (timers.offsetsChanged(pe())) host.deadlineChanged();
    },
  };
  for (const name of ['CNTVOFF_EL2', 'CNTPOFF_EL2', 'CNTHCTL_EL2', 'SCR_EL3']) made.set(name, offsets);
  made.set('HCR_EL2', { after: () => host.virtualLinesChanged(), effects: VIRTUAL_LINES });

  // Arm ARM, CNTVCT_EL0 and CNTPCT_EL0: a host at EL2 with EL2&0, and its EL0, see no offset.
  const hcr = () => (host.features.has('el2') ? stored('HCR_EL2') : 0n);
  const el = () => host.engine.u32[EL >> 2];
  const inHost = () => (el() === 2 && (hcr() & E2H) !== 0n) || (el() === 0 && (hcr() & (E2H | TGE)) === (E2H | TGE));
  const virtualCount = pure(() => (inHost() ? timers.physicalCount(pe()) : timers.virtualCount(pe())));
  const physicalCount = pure(() => timers.physicalCount(pe()));
  made.set('CNTVCT_EL0', { ...virtualCount, core: CORE_VIRTUAL_COUNT });
  made.set('CNTVCTSS_EL0', { ...virtualCount, core: CORE_VIRTUAL_COUNT });
  made.set('CNTPCT_EL0', { ...physicalCount, core: CORE_PHYSICAL_COUNT });
  made.set('CNTPCTSS_EL0', { ...physicalCount, core: CORE_PHYSICAL_COUNT });

  made.set('OSLAR_EL1', {
    write: value => {
      store('OSLSR_EL1', (stored('OSLSR_EL1') & ~2n) | ((value & 1n) << 1n));
      host.deadlineChanged();
    },
  });
  // Software step may begin: the machine looks after this instruction.
  made.set('MDSCR_EL1', { after: () => host.stepChanged(), effects: STEP_CONTROLS });
  for (const [prefix, count] of [
    ['DBGBVR', BREAKPOINTS],
    ['DBGBCR', BREAKPOINTS],
    ['DBGWVR', WATCHPOINTS],
    ['DBGWCR', WATCHPOINTS],
  ] as const)
    for (let n = 0; n < count; n++) made.set(`${prefix}${n}_EL1`, { after: () => host.debugChanged() });
  for (const [name, special] of host.monitors.registers()) made.set(name, special);

  // Repeatable: the number follows from when it is asked for.
  const random: SpecialRegister = {
    read: () => {
      host.engine.core.writeFlags(0);
      return mix(BigInt(host.instructions));
    },
  };
  made.set('RNDR', random);
  made.set('RNDRRS', random);
  return made;
}

/** The output function of SplitMix64. */
function mix(seed: bigint): bigint {
  let z = BigInt.asUintN(64, (seed + 1n) * 0x9e3779b97f4a7c15n);
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}

/**
 * The interrupt lines of each PE, as its IRQ_LINES say: the GIC's outputs, what HCR_EL2 pends by itself, SErrors, and
 * software step, which the PE asks for at the same place.
 */

import type { Features } from './arch/features.ts';
import {
  IRQ_LINES,
  LINE_FIQ,
  LINE_IRQ,
  LINE_SERROR,
  LINE_STEP,
  LINE_VFIQ,
  LINE_VIRQ,
  LINE_VSERROR,
  LINES_INTERRUPT,
  SERROR_SYNDROME,
} from './engine/layout.ts';
import type { PeState } from './engine/pe-state.ts';

// HCR_EL2 (Arm ARM D24.2).
const HCR_VF = 1 << 6;
const HCR_VI = 1 << 7;
const HCR_VSE = 1 << 8;

/** Everything that is not in the state of a PE, for a snapshot. */
export interface InterruptLinesState {
  readonly outputs: Uint32Array;
  readonly held: readonly number[];
}

export class InterruptLines {
  readonly #states: readonly PeState[];
  readonly #features: Features;
  /** Levels of the GIC's outputs. */
  readonly #outputs: Uint32Array;
  /** PEs whose interrupts wait while a debugger steps them. */
  readonly #held = new Set<number>();

  constructor(states: readonly PeState[], features: Features) {
    this.#states = states;
    this.#features = features;
    this.#outputs = new Uint32Array(states.length);
  }

  /** The GIC has set its outputs to a PE. Returns whether one of them is new. */
  set(pe: number, irq: boolean, fiq: boolean, virq: boolean, vfiq: boolean): boolean {
    const before = this.#outputs[pe];
    this.#outputs[pe] = (irq ? LINE_IRQ : 0) | (fiq ? LINE_FIQ : 0) | (virq ? LINE_VIRQ : 0) | (vfiq ? LINE_VFIQ : 0);
    this.update(pe);
    return (this.#outputs[pe] & ~before) !== 0;
  }

  /** HCR_EL2, MDSCR_EL1 or what is held may have changed. */
  update(pe: number): void {
    const state = this.#states[pe];
    let lines = this.#outputs[pe];
    if (this.#features.has('el2')) {
      const hcr = Number(state.register('HCR_EL2') & 0x1ffn);
      if (hcr & HCR_VI) lines |= LINE_VIRQ;
      if (hcr & HCR_VF) lines |= LINE_VFIQ;
      if (hcr & HCR_VSE) lines |= LINE_VSERROR;
    }
    if (state.register('MDSCR_EL1') & 1n) lines |= LINE_STEP;
    if (this.#held.has(pe)) lines &= LINE_STEP;
    state.setU32(IRQ_LINES, lines | (state.u32(IRQ_LINES) & LINE_SERROR));
  }

  /** A physical SError becomes pending; `iss` is what ESR_ELx.ISS will say. */
  raiseSError(pe: number, iss: number): void {
    const state = this.#states[pe];
    state.setU32(SERROR_SYNDROME, iss & 0x1ffffff);
    state.setU32(IRQ_LINES, state.u32(IRQ_LINES) | LINE_SERROR);
  }

  /** Whether an interrupt is pending, masked or not: what ends WFI, also while interrupts are held off. */
  isPending(pe: number): boolean {
    const lines = this.#held.has(pe) ? this.#outputs[pe] : this.#states[pe].u32(IRQ_LINES) & LINES_INTERRUPT;
    return lines !== 0;
  }

  isHeld(pe: number): boolean {
    return this.#held.has(pe);
  }

  hold(pe: number, hold: boolean): void {
    if (hold) this.#held.add(pe);
    else this.#held.delete(pe);
    this.update(pe);
  }

  reset(): void {
    this.#outputs.fill(0);
    this.#held.clear();
  }

  capture(): InterruptLinesState {
    return { outputs: this.#outputs.slice(), held: [...this.#held] };
  }

  /** The states of the PEs have to be those of then already; `update` of each follows. */
  restore({ outputs, held }: InterruptLinesState): void {
    this.#outputs.set(outputs);
    this.#held.clear();
    for (const pe of held) this.#held.add(pe);
  }
}

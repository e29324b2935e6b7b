/**
 * What a GICv2 and a GICv3 have in common: the interrupts, a CPU interface and a virtual interface for each PE, and the
 * lines to the PEs. Outputs follow every change at once.
 */

import { type PeLines, type Region, restoreFields, saveFields } from '../board/device.ts';
import type { ListRegister } from '../target.ts';
import { FIRST_LPI, FIRST_SPI, IDLE_PRIORITY, Interrupts, PRIORITY_MASK, PRIVATE, SPURIOUS } from './interrupts.ts';
import { activeBit, activePriority, dropLowest, groupPriorityMask, MINIMUM_BPR } from './priority.ts';
import { LR, VirtualInterface } from './virtual-interface.ts';

/** PPI of the maintenance interrupt, as the Base System Architecture recommends. */
export const MAINTENANCE_PPI = 25;

export interface GicConfig {
  readonly pes: number;
  /** Number of SPIs; 256 when left out, as on the `virt` board of QEMU. */
  readonly spis?: number;
  /** 1 to 16; 4 when left out. */
  readonly listRegisters?: number;
}

/** An interrupt that waits, for debuggers. */
export interface PendingInterrupt {
  readonly intid: number;
  readonly priority: number;
  readonly group: 0 | 1;
  readonly enabled: boolean;
  readonly active: boolean;
}

/** The physical CPU interface of one PE. */
export class CpuInterface {
  pmr = 0;
  bpr0 = MINIMUM_BPR;
  bpr1 = MINIMUM_BPR + 1;
  enable0 = false;
  enable1 = false;
  eoiMode = false;
  commonBpr = false;
  ap0 = 0;
  ap1 = 0;
  // Highest priority pending interrupt, SPURIOUS for none; valid unless `stale`.
  best = SPURIOUS;
  bestPriority = IDLE_PRIORITY;
  bestGroup: 0 | 1 = 0;
  stale = true;

  get runningPriority(): number {
    return activePriority(this.ap0 | this.ap1);
  }

  groupMask(group: 0 | 1): number {
    return groupPriorityMask(group === 1 && !this.commonBpr ? this.bpr1 - 1 : this.bpr0);
  }

  /** The group that the running priority belongs to; undefined when the PE handles no interrupt. */
  get runningGroup(): 0 | 1 | undefined {
    if ((this.ap0 | this.ap1) === 0) return undefined;
    return activePriority(this.ap0) <= activePriority(this.ap1) ? 0 : 1;
  }
}

const CPU_FIELDS = ['pmr', 'bpr0', 'bpr1', 'enable0', 'enable1', 'eoiMode', 'commonBpr', 'ap0', 'ap1'] as const;
const BASE_FIELDS = ['control'] as const;

export abstract class Gic {
  abstract readonly version: 2 | 3;
  readonly pes: number;
  readonly interrupts: Interrupts;
  readonly cpus: readonly CpuInterface[];
  readonly virtual: readonly VirtualInterface[];
  /** GICD_CTLR.EnableGrp0 and EnableGrp1 in bits 0 and 1. */
  control = 0;
  readonly #lines: PeLines;
  readonly #outputs: Uint8Array;

  constructor(config: GicConfig, lines: PeLines, version: 2 | 3) {
    const { pes, spis = 256, listRegisters = 4 } = config;
    this.pes = pes;
    this.#lines = lines;
    this.#outputs = new Uint8Array(pes);
    this.cpus = Array.from({ length: pes }, () => new CpuInterface());
    const host = {
      virtualChanged: (pe: number) => this.updateVirtual(pe),
      deactivate: (pe: number, intid: number) => this.deactivate(pe, intid),
    };
    this.virtual = Array.from({ length: pes }, (_, pe) => new VirtualInterface(pe, listRegisters, version, host));
    this.interrupts = new Interrupts(pes, spis, pe => this.invalidate(pe));
  }

  /** The memory-mapped parts. */
  abstract readonly regions: readonly Region[];

  // --- Inputs ----------------------------------------------------------------------------------------------------

  /** Level of the wire of an SPI, counted from 0 (INTID 32). */
  setSpi(spi: number, level: boolean): void {
    this.interrupts.setLine(this.pes * PRIVATE + spi, level);
    this.flush();
  }

  /** Level of the wire of a PPI, by its INTID (16 to 31). */
  setPpi(pe: number, intid: number, level: boolean): void {
    this.interrupts.setLine(pe * PRIVATE + intid, level);
    this.flush();
  }

  // --- Outputs ---------------------------------------------------------------------------------------------------

  #stale = false;

  /** The candidates of a PE changed, or what selects among them: its outputs are recomputed by the next `flush`. */
  invalidate(pe: number): void {
    this.cpus[pe].stale = true;
    this.#stale = true;
  }

  invalidateAll(): void {
    for (let pe = 0; pe < this.pes; pe++) this.invalidate(pe);
  }

  /** Brings the lines up to date after a change. */
  flush(): void {
    // The maintenance interrupt feeds back into the interrupts, hence the loop.
    while (this.#stale) {
      this.#stale = false;
      for (let pe = 0; pe < this.pes; pe++) if (this.cpus[pe].stale) this.#update(pe);
    }
  }

  /** Recomputes the outputs of the virtual interface. */
  updateVirtual(pe: number): void {
    const virtual = this.virtual[pe];
    virtual.update();
    const index = pe * PRIVATE + MAINTENANCE_PPI;
    const level = virtual.maintenance ? 1 : 0;
    if (this.interrupts.line[index] !== level) this.interrupts.setLine(index, level === 1);
    if (this.cpus[pe].stale) this.flush();
    else this.#output(pe);
  }

  /** After a write to PMR, a BPR, an active priorities register or an enable of the CPU interface. */
  updateCpu(pe: number): void {
    this.invalidate(pe);
    this.flush();
  }

  #update(pe: number): void {
    const cpu = this.cpus[pe];
    this.#findBest(pe, cpu);
    cpu.stale = false;
    this.#output(pe);
  }

  #output(pe: number): void {
    const cpu = this.cpus[pe];
    const virtual = this.virtual[pe];
    const signalled = this.signalled(cpu);
    const fiq = signalled && this.isFiq(pe, cpu.bestGroup);
    const outputs = (signalled && !fiq ? 1 : 0) | (fiq ? 2 : 0) | (virtual.virq ? 4 : 0) | (virtual.vfiq ? 8 : 0);
    if (outputs === this.#outputs[pe]) return;
    this.#outputs[pe] = outputs;
    this.#lines.setLines(pe, signalled && !fiq, fiq, virtual.virq, virtual.vfiq);
  }

  /** Whether interrupts of a group are signalled as FIQ. */
  protected abstract isFiq(pe: number, group: 0 | 1): boolean;

  /**
   * Whether the CPU interface signals its highest priority pending interrupt. The running priority is compared under the
   * present binary point too, which may have been another when the running interrupt was taken.
   */
  signalled(cpu: CpuInterface): boolean {
    if (cpu.best === SPURIOUS || cpu.bestPriority >= cpu.pmr) return false;
    const mask = cpu.groupMask(cpu.bestGroup);
    const running = cpu.runningPriority;
    return running === IDLE_PRIORITY || (cpu.bestPriority & mask) < (running & mask);
  }

  /** Offers a better message based interrupt than the one found among the wired ones; a GICv2 has none. */
  protected findBestLpi(_pe: number, _cpu: CpuInterface): void {}

  #findBest(pe: number, cpu: CpuInterface): void {
    cpu.best = SPURIOUS;
    cpu.bestPriority = IDLE_PRIORITY;
    const groups = (this.control & 1 && cpu.enable0 ? 1 : 0) | (this.control & 2 && cpu.enable1 ? 2 : 0);
    if (groups === 0) return;
    const { candidates, words, priority, group } = this.interrupts;
    for (let word = 0; word < words; word++) {
      let bits = candidates[pe * words + word];
      // Index of the interrupt of bit 0 of this word.
      const first = word === 0 ? pe * PRIVATE : this.pes * PRIVATE + (word - 1) * 32;
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits & -bits);
        bits &= bits - 1;
        const index = first + bit;
        if (priority[index] < cpu.bestPriority && groups & (1 << group[index])) {
          cpu.best = word * 32 + bit;
          cpu.bestPriority = priority[index];
          cpu.bestGroup = group[index] as 0 | 1;
        }
      }
    }
    if (groups & 2) this.findBestLpi(pe, cpu);
  }

  // --- What CPU interfaces do ------------------------------------------------------------------------------------

  /** Takes the signalled interrupt if it is of the group: it becomes active, and its priority the running one. */
  acknowledge(pe: number, group: 0 | 1): number {
    const cpu = this.cpus[pe];
    if (!this.signalled(cpu) || cpu.bestGroup !== group) return SPURIOUS;
    const intid = cpu.best;
    const bit = activeBit(cpu.bestPriority & cpu.groupMask(group));
    if (group === 0) cpu.ap0 = (cpu.ap0 | bit) >>> 0;
    else cpu.ap1 = (cpu.ap1 | bit) >>> 0;
    const result = this.activate(pe, intid);
    this.updateCpu(pe);
    return result;
  }

  /** Makes a pending interrupt active. Returns what the acknowledge register reads. */
  protected activate(pe: number, intid: number): number {
    const index = this.interrupts.index(pe, intid);
    this.interrupts.latch[index] = 0;
    this.interrupts.active[index] = 1;
    this.interrupts.refresh(index);
    // Taken by one PE, an SPI is no candidate for any other; `refresh` reports only what it changed.
    this.invalidate(pe);
    return intid;
  }

  /** Drops the running priority if it is of the group. False when there was nothing to drop. */
  dropPriority(cpu: CpuInterface, group: 0 | 1): boolean {
    if (cpu.runningGroup !== group) return false;
    if (group === 0) cpu.ap0 = dropLowest(cpu.ap0);
    else cpu.ap1 = dropLowest(cpu.ap1);
    return true;
  }

  /** Ends the active state of an interrupt. */
  deactivate(pe: number, intid: number): void {
    const index = intid < 1020 ? this.interrupts.index(pe, intid) : -1;
    if (index < 0 || this.interrupts.active[index] === 0) return;
    this.interrupts.active[index] = 0;
    this.interrupts.refresh(index);
    this.flush();
  }

  // --- Registers of 32 interrupts, for the distributors ----------------------------------------------------------

  /** One bit for each interrupt from `intid` on, as `pe` sees them. */
  readBits(pe: number, intid: number, field: Uint8Array): number {
    let value = 0;
    for (let bit = 0; bit < 32; bit++) {
      const index = this.interrupts.index(pe, intid + bit);
      if (index >= 0 && field[index] !== 0) value |= 1 << bit;
    }
    return value >>> 0;
  }

  readPending(pe: number, intid: number): number {
    let value = 0;
    for (let bit = 0; bit < 32; bit++) {
      const index = this.interrupts.index(pe, intid + bit);
      if (index >= 0 && this.interrupts.isPending(index)) value |= 1 << bit;
    }
    return value >>> 0;
  }

  /** Sets `field` to `to` for each interrupt whose bit is set in `bits`. */
  writeBits(pe: number, intid: number, field: Uint8Array, bits: number, to: 0 | 1): void {
    for (let bit = 0; bit < 32; bit++) {
      if ((bits & (1 << bit)) === 0) continue;
      const index = this.interrupts.index(pe, intid + bit);
      if (index < 0 || field[index] === to) continue;
      field[index] = to;
      this.interrupts.refresh(index);
    }
    this.flush();
  }

  writeGroups(pe: number, intid: number, value: number): void {
    this.writeBits(pe, intid, this.interrupts.group, value, 1);
    this.writeBits(pe, intid, this.interrupts.group, ~value, 0);
  }

  readPriority(pe: number, intid: number): number {
    const index = this.interrupts.index(pe, intid);
    return index < 0 ? 0 : this.interrupts.priority[index];
  }

  writePriority(pe: number, intid: number, value: number): void {
    const index = this.interrupts.index(pe, intid);
    if (index < 0) return;
    this.interrupts.priority[index] = value & PRIORITY_MASK;
    this.interrupts.refresh(index);
  }

  /** ICFGR<n>: 2 bits for each of 16 interrupts, the upper one is set for edge-triggered. */
  readConfiguration(pe: number, intid: number): number {
    let value = 0;
    for (let i = 0; i < 16; i++) {
      const index = this.interrupts.index(pe, intid + i);
      if (index >= 0 && this.interrupts.edge[index]) value |= 2 << (2 * i);
    }
    return value >>> 0;
  }

  writeConfiguration(pe: number, intid: number, value: number): void {
    // SGIs are always edge-triggered.
    if (intid < 16) return;
    for (let i = 0; i < 16; i++) {
      const index = this.interrupts.index(pe, intid + i);
      if (index < 0) continue;
      this.interrupts.edge[index] = (value >>> (2 * i + 1)) & 1;
      this.interrupts.refresh(index);
    }
    this.flush();
  }

  // --- For debuggers ---------------------------------------------------------------------------------------------

  listRegisters(pe: number): ListRegister[] {
    const { lrHigh, lrLow } = this.virtual[pe];
    return Array.from(lrHigh, (high, index): ListRegister => {
      const hw = (high & LR.hw) !== 0;
      const state = (['invalid', 'pending', 'active', 'pending+active'] as const)[high >>> 30];
      return {
        index,
        value: (BigInt(high) << 32n) | BigInt(lrLow[index]),
        state,
        virtualId: lrLow[index],
        ...(hw ? { physicalId: high & 0x1fff } : {}),
        priority: (high >>> 16) & 0xff,
        group: high & LR.group ? 1 : 0,
        hw,
      };
    });
  }

  /** Interrupts that are pending at a PE, the most urgent first, also those that are disabled or masked. */
  pending(pe: number): PendingInterrupt[] {
    const { interrupts } = this;
    const result: PendingInterrupt[] = [];
    for (let intid = 0; intid < FIRST_SPI + interrupts.spis; intid++) {
      const index = interrupts.index(pe, intid);
      if (!interrupts.isPending(index)) continue;
      if (intid >= FIRST_SPI && interrupts.routes[(intid - FIRST_SPI) * this.pes + pe] === 0) continue;
      result.push({
        intid,
        priority: interrupts.priority[index],
        group: interrupts.group[index] as 0 | 1,
        enabled: interrupts.enabled[index] !== 0,
        active: interrupts.active[index] !== 0,
      });
    }
    return result.sort((a, b) => a.priority - b.priority || a.intid - b.intid);
  }

  /** The CPU interfaces in words and numbers, for a panel. */
  state(): readonly Record<string, number | boolean>[] {
    return this.cpus.map((cpu, pe) => ({
      pe,
      pmr: cpu.pmr,
      runningPriority: cpu.runningPriority,
      highestPending: cpu.best,
      group0: cpu.enable0,
      group1: cpu.enable1,
      eoiMode: cpu.eoiMode,
      irq: (this.#outputs[pe] & 1) !== 0,
      fiq: (this.#outputs[pe] & 2) !== 0,
      virq: (this.#outputs[pe] & 4) !== 0,
      vfiq: (this.#outputs[pe] & 8) !== 0,
      maintenance: this.virtual[pe].maintenance,
      misr: this.virtual[pe].misr,
    }));
  }

  snapshot(): unknown {
    return {
      base: saveFields(this as Gic, BASE_FIELDS),
      interrupts: this.interrupts.snapshot(),
      cpus: this.cpus.map(cpu => saveFields(cpu, CPU_FIELDS)),
      virtual: this.virtual.map(virtual => virtual.snapshot()),
    };
  }

  /** Sets the lines of every PE anew, so that whoever holds them agrees again. */
  restore(state: unknown): void {
    const saved = state as { base: unknown; interrupts: unknown; cpus: unknown[]; virtual: unknown[] };
    restoreFields(this as Gic, BASE_FIELDS, saved.base);
    for (const [pe, cpu] of this.cpus.entries()) restoreFields(cpu, CPU_FIELDS, saved.cpus[pe]);
    for (const [pe, virtual] of this.virtual.entries()) virtual.restore(saved.virtual[pe]);
    this.interrupts.restore(saved.interrupts);
    this.#outputs.fill(0xff);
    this.invalidateAll();
    this.flush();
  }
}

/** Whether an INTID may be ended or deactivated: not a special one. */
export function isEndable(intid: number): boolean {
  return intid < 1020 || intid >= FIRST_LPI;
}

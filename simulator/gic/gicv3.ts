/**
 * GICv3 (IHI 0069) with affinity routing and system registers, one security state (GICD_CTLR.DS = 1): distributor and
 * redistributors in memory, the CPU interfaces and the virtual interfaces as system registers.
 */

import {
  type AccessSize,
  type Device,
  type GuestMemory,
  identification,
  type PeLines,
  part,
  type Region,
} from '../board/device.ts';
import { readInterruptRegister, writeInterruptRegister } from './distributor-registers.ts';
import { type CpuInterface, Gic, type GicConfig, isEndable } from './gic.ts';
import { FIRST_LPI, FIRST_SPI, PRIORITY_MASK, PRIVATE, SPURIOUS } from './interrupts.ts';
import { Its } from './its.ts';
import { LPI_INTID_BITS, Lpis } from './lpis.ts';
import { MINIMUM_BPR } from './priority.ts';
import { CONTROL_CONSTANT, type SystemRegister, systemRegisters } from './system-registers.ts';

/** Where the `virt` board of QEMU has a GICv3. */
export const GICV3_MAP = {
  distributor: { base: 0x0800_0000, size: 0x1_0000 },
  its: { base: 0x0808_0000, size: 0x2_0000 },
  /** For each PE. */
  redistributor: { base: 0x080a_0000, size: 0x2_0000 },
} as const;

const GICD_CTLR_ARE = 1 << 4;
const GICD_CTLR_DS = 1 << 6;
/** An implementer code of the JEP106 form that belongs to Arm, as the identification registers of a GIC have it. */
const IIDR = 0x43b;
// PIDR4 to PIDR7, PIDR0 to PIDR3 (architecture revision 3), CIDR0 to CIDR3.
const IDENTIFICATION = identification(0xffd0, [0x44, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1]);

export interface GicV3Config extends GicConfig {
  /** Affinity of each PE as in MPIDR_EL1: Aff3 in bits 31:24, Aff2, Aff1, Aff0 in bits 7:0. */
  readonly affinities: readonly number[];
  /** Where the tables and the command queue of the ITS are; there are neither LPIs nor an ITS when it is left out. */
  readonly memory?: GuestMemory;
}

/** GICD. */
class Distributor implements Device {
  readonly name = 'GICv3 distributor';
  readonly contained = true;
  readonly #gic: GicV3;

  constructor(gic: GicV3) {
    this.#gic = gic;
  }

  read(offset: number, bytes: AccessSize): number {
    return part(this.#word(offset & ~3), offset, bytes);
  }

  #word(offset: number): number {
    const gic = this.#gic;
    switch (offset) {
      case 0x000:
        return gic.control | GICD_CTLR_ARE | GICD_CTLR_DS;
      case 0x004: {
        const lines = (FIRST_SPI + gic.interrupts.spis) / 32 - 1;
        return lines | (((gic.hasLpis ? LPI_INTID_BITS : 10) - 1) << 19) | (gic.hasLpis ? 1 << 17 : 0) | (1 << 24);
      }
      case 0x008:
        return IIDR;
    }
    if (offset >= 0x6000 && offset < 0x8000) {
      const spi = (offset - 0x6000) / 8 - FIRST_SPI;
      if (spi < 0 || spi >= gic.interrupts.spis) return 0;
      return offset & 4 ? gic.routerHigh[spi >>> 0] : gic.routerLow[spi >>> 0];
    }
    return readInterruptRegister(gic, 0, offset, FIRST_SPI, 1020) ?? IDENTIFICATION.get(offset) ?? 0;
  }

  write(offset: number, bytes: AccessSize, value: number): void {
    const gic = this.#gic;
    if (offset === 0x000) {
      gic.control = value & 3;
      gic.invalidateAll();
      gic.flush();
    } else if (offset === 0x040 || offset === 0x048) {
      // SETSPI_NSR and CLRSPI_NSR: message based SPIs.
      const index = gic.interrupts.index(0, value & 0x3ff);
      if (index < gic.pes * PRIVATE) return;
      gic.interrupts.latch[index] = offset === 0x040 ? 1 : 0;
      gic.interrupts.refresh(index);
      gic.flush();
    } else if (offset >= 0x6000 && offset < 0x8000) {
      const spi = Math.floor((offset - 0x6000) / 8) - FIRST_SPI;
      if (spi < 0 || spi >= gic.interrupts.spis || bytes !== 4) return;
      if (offset & 4) gic.routerHigh[spi] = value & 0xff;
      else gic.routerLow[spi] = value & 0x80ffffff;
      gic.route(spi);
      gic.flush();
    } else {
      writeInterruptRegister(gic, 0, offset, bytes, value, FIRST_SPI, 1020);
    }
  }

  snapshot(): unknown {
    return this.#gic.snapshot();
  }

  restore(state: unknown): void {
    this.#gic.restore(state);
  }
}

/** GICR: two frames of 64 KiB for each PE, RD_base and SGI_base. */
class Redistributors implements Device {
  readonly name = 'GICv3 redistributors';
  readonly contained = true;
  readonly #gic: GicV3;

  constructor(gic: GicV3) {
    this.#gic = gic;
  }

  read(offset: number, bytes: AccessSize): number {
    const pe = Math.floor(offset / GICV3_MAP.redistributor.size);
    const inside = offset % GICV3_MAP.redistributor.size;
    const word = inside < 0x1_0000 ? this.#rd(pe, inside & ~3) : this.#sgi(pe, inside & 0xffff & ~3);
    return part(word, offset, bytes);
  }

  #rd(pe: number, offset: number): number {
    const gic = this.#gic;
    switch (offset) {
      case 0x004:
        return IIDR;
      case 0x008:
        return (pe === gic.pes - 1 ? 1 << 4 : 0) | (pe << 8) | (gic.hasLpis ? 1 : 0);
      case 0x00c:
        return gic.affinities[pe];
      case 0x014:
        // ChildrenAsleep follows ProcessorSleep at once.
        return gic.asleep[pe] ? 6 : 0;
    }
    return gic.lpis[pe]?.read(offset) ?? IDENTIFICATION.get(offset) ?? 0;
  }

  #sgi(pe: number, offset: number): number {
    return readInterruptRegister(this.#gic, pe, offset, 0, PRIVATE) ?? IDENTIFICATION.get(offset) ?? 0;
  }

  write(offset: number, bytes: AccessSize, value: number): void {
    const gic = this.#gic;
    const pe = Math.floor(offset / GICV3_MAP.redistributor.size);
    const inside = offset % GICV3_MAP.redistributor.size;
    if (inside >= 0x1_0000) writeInterruptRegister(gic, pe, inside & 0xffff, bytes, value, 0, PRIVATE);
    else if (inside === 0x014) {
      // A sleeping PE is woken by the interrupt itself: no power controller stands between, so nothing is held back.
      gic.asleep[pe] = value & 2 ? 1 : 0;
    } else {
      gic.lpis[pe]?.write(inside, value);
      gic.flush();
    }
  }

  snapshot(): unknown {
    return undefined; // The distributor saves the whole controller.
  }

  restore(): void {}
}

export class GicV3 extends Gic {
  readonly version = 3;
  readonly affinities: readonly number[];
  readonly regions: readonly Region[];
  /** GICD_IROUTER<n>. */
  readonly routerLow: Uint32Array;
  readonly routerHigh: Uint32Array;
  /** GICR_WAKER.ProcessorSleep. */
  readonly asleep: Uint8Array;
  /** By PE; empty without an ITS. */
  readonly lpis: readonly Lpis[];
  readonly its: Its | undefined;
  readonly #registers: ReadonlyMap<string, SystemRegister>;
  /** Bits 63:32 of what `read` returned. */
  high = 0;

  constructor(config: GicV3Config, lines: PeLines) {
    super(config, lines, 3);
    this.affinities = config.affinities;
    this.routerLow = new Uint32Array(this.interrupts.spis);
    this.routerHigh = new Uint32Array(this.interrupts.spis);
    this.asleep = new Uint8Array(this.pes).fill(1);
    for (let spi = 0; spi < this.interrupts.spis; spi++) this.route(spi);
    this.#registers = new Map(systemRegisters(this.virtual[0].listRegisters).map(row => [row.name, row]));
    const { memory } = config;
    this.lpis = memory === undefined ? [] : this.cpus.map((_, pe) => new Lpis(memory, () => this.invalidate(pe)));
    this.its = memory && new Its(this.lpis, memory, () => this.flush());
    this.regions = [
      { ...GICV3_MAP.distributor, device: new Distributor(this) },
      {
        base: GICV3_MAP.redistributor.base,
        size: GICV3_MAP.redistributor.size * this.pes,
        device: new Redistributors(this),
      },
      ...(this.its ? [{ ...GICV3_MAP.its, device: this.its }] : []),
    ];
  }

  get hasLpis(): boolean {
    return this.lpis.length > 0;
  }

  protected override findBestLpi(pe: number, cpu: CpuInterface): void {
    const lpis = this.lpis[pe];
    if (lpis === undefined || !lpis.enabled) return;
    for (const intid of lpis.pending) {
      const configuration = lpis.configurationOf(intid);
      const priority = configuration & PRIORITY_MASK;
      if (!(configuration & 1) || priority > cpu.bestPriority) continue;
      if (priority === cpu.bestPriority && intid > cpu.best) continue;
      cpu.best = intid;
      cpu.bestPriority = priority;
      cpu.bestGroup = 1;
    }
  }

  protected override activate(pe: number, intid: number): number {
    if (intid < FIRST_LPI) return super.activate(pe, intid);
    this.lpis[pe].set(intid, false);
    return intid;
  }

  protected override isFiq(_pe: number, group: 0 | 1): boolean {
    return group === 0;
  }

  /** The PE with an affinity, -1 for none. */
  peOf(affinity: number): number {
    return this.affinities.indexOf(affinity >>> 0);
  }

  /** Applies GICD_IROUTER<n>. With Interrupt_Routing_Mode set any PE may take it: here always the first. */
  route(spi: number): void {
    const low = this.routerLow[spi];
    const target = low & 0x8000_0000 ? 0 : this.peOf((this.routerHigh[spi] << 24) | (low & 0xffffff));
    for (let pe = 0; pe < this.pes; pe++) this.interrupts.routes[spi * this.pes + pe] = pe === target ? 1 : 0;
    this.interrupts.refresh(this.pes * PRIVATE + spi);
  }

  // --- System registers ------------------------------------------------------------------------------------------

  /** Names of every ICC_*, ICV_* and ICH_* register. Which of ICC_* and ICV_* an access means is the caller's rule. */
  get registerNames(): readonly string[] {
    return [...this.#registers.keys()];
  }

  /** The row of a register, to be kept by callers that access it often. Throws a sentence for an unknown name. */
  register(name: string): SystemRegister {
    const row = this.#registers.get(name);
    if (row === undefined) throw new Error(`The GICv3 has no system register named ${name}.`);
    return row;
  }

  /** Reads without a bigint: returns bits 31:0 and leaves bits 63:32 in `high`. A write-only register reads as 0. */
  read(pe: number, row: SystemRegister): number {
    this.high = 0;
    return row.read === undefined ? 0 : row.read(this, pe, row) >>> 0;
  }

  /** Writes without a bigint. A write to a read-only register is ignored; to trap it is the caller's business. */
  write(pe: number, row: SystemRegister, low: number, high: number): void {
    row.write?.(this, pe, low >>> 0, high >>> 0, row);
  }

  readRegister(pe: number, name: string): bigint {
    const low = this.read(pe, this.register(name));
    return (BigInt(this.high) << 32n) | BigInt(low);
  }

  writeRegister(pe: number, name: string, value: bigint): void {
    this.write(pe, this.register(name), Number(value & 0xffffffffn), Number((value >> 32n) & 0xffffffffn));
  }

  /** ICC_HPPIR<group>_EL1. */
  highestPending(pe: number, group: 0 | 1): number {
    const cpu = this.cpus[pe];
    return cpu.best !== SPURIOUS && cpu.bestGroup === group ? cpu.best : SPURIOUS;
  }

  /** ICC_EOIR<group>_EL1. */
  end(pe: number, group: 0 | 1, intid: number): void {
    const cpu = this.cpus[pe];
    if (!isEndable(intid) || !this.dropPriority(cpu, group)) return;
    if (!cpu.eoiMode) this.deactivate(pe, intid);
    this.updateCpu(pe);
  }

  /** ICC_CTLR_EL1 of the physical interface: A3V, 24 bits of INTID, the priority bits. */
  readControl(cpu: CpuInterface): number {
    return CONTROL_CONSTANT | (cpu.eoiMode ? 2 : 0) | (cpu.commonBpr ? 1 : 0);
  }

  /** ICC_SGI<group>R_EL1. */
  sendSgi(pe: number, group: 0 | 1, low: number, high: number): void {
    const intid = (low >>> 24) & 15;
    const toOthers = (high & 0x100) !== 0;
    const upper = (((high >>> 16) & 0xff) << 24) | ((high & 0xff) << 16) | (((low >>> 16) & 0xff) << 8);
    const range = ((high >>> 12) & 15) * 16;
    for (let target = 0; target < this.pes; target++) {
      const affinity = this.affinities[target];
      const chosen = toOthers
        ? target !== pe
        : ((affinity ^ upper) & 0xffffff00) === 0 &&
          (affinity & 0xff) >= range &&
          (affinity & 0xff) < range + 16 &&
          (low & (1 << ((affinity & 0xff) - range))) !== 0;
      if (!chosen) continue;
      const index = this.interrupts.index(target, intid);
      if (this.interrupts.group[index] !== group) continue;
      this.interrupts.latch[index] = 1;
      this.interrupts.refresh(index);
    }
    this.flush();
  }

  /** ICC_BPR<group>_EL1. */
  readBpr(cpu: CpuInterface, group: 0 | 1): number {
    if (group === 0) return cpu.bpr0;
    return cpu.commonBpr ? Math.min(cpu.bpr0 + 1, 7) : cpu.bpr1;
  }

  writeBpr(cpu: CpuInterface, group: 0 | 1, value: number): void {
    if (group === 0) cpu.bpr0 = Math.max(value & 7, MINIMUM_BPR);
    else if (!cpu.commonBpr) cpu.bpr1 = Math.max(value & 7, MINIMUM_BPR + 1);
  }

  override snapshot(): unknown {
    return {
      gic: super.snapshot(),
      routerLow: this.routerLow.slice(),
      routerHigh: this.routerHigh.slice(),
      asleep: this.asleep.slice(),
      lpis: this.lpis.map(lpis => lpis.snapshot()),
    };
  }

  override restore(state: unknown): void {
    const saved = state as {
      gic: unknown;
      routerLow: Uint32Array;
      routerHigh: Uint32Array;
      asleep: Uint8Array;
      lpis: unknown[];
    };
    this.routerLow.set(saved.routerLow);
    this.routerHigh.set(saved.routerHigh);
    this.asleep.set(saved.asleep);
    for (const [pe, lpis] of this.lpis.entries()) lpis.restore(saved.lpis[pe]);
    super.restore(saved.gic);
  }
}

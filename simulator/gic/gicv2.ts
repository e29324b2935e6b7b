/**
 * GICv2 with the virtualization extensions and without the security extensions (IHI 0048): distributor, CPU interface,
 * and the hypervisor's and the guest's view of the virtual interface, all in memory and banked by the accessing PE.
 */

import {
  type AccessSize,
  type Device,
  identification,
  type PeLines,
  part,
  type Region,
  restoreFields,
  saveFields,
} from '../board/device.ts';
import { readInterruptRegister, writeInterruptRegister } from './distributor-registers.ts';
import { Gic, type GicConfig } from './gic.ts';
import { GICV2_MAP } from './gicv2-map.ts';
import { FIRST_SPI, PRIORITY_MASK, PRIVATE, SPURIOUS } from './interrupts.ts';
import { MINIMUM_BPR, PREEMPTION_BITS } from './priority.ts';
import { LR, type VirtualInterface, VMCR } from './virtual-interface.ts';

/** An interrupt of the other group is pending, and this register is not the one to acknowledge it by. */
const OTHER_GROUP = 1022;
const INTID_MASK = 0x3ff;
const SOURCE_SHIFT = 10;

const CTLR_ENABLE0 = 1 << 0;
const CTLR_ENABLE1 = 1 << 1;
const CTLR_ACKCTL = 1 << 2;
const CTLR_FIQEN = 1 << 3;
const CTLR_CBPR = 1 << 4;
const CTLR_EOIMODE = 1 << 9;

const GICD_IIDR = 0x43b;
/** Architecture version 2 in bits 19:16. */
const GICC_IIDR = 0x2043b;
const IDENTIFICATION = identification(0xfd0, [4, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1]);

const FIELDS = ['ackCtl', 'fiqEn'] as const;

/** A frame whose registers are banked by PE. The distributor saves the whole controller. */
abstract class Frame implements Device {
  abstract readonly name: string;
  readonly contained = true;
  protected readonly gic: GicV2;

  constructor(gic: GicV2) {
    this.gic = gic;
  }

  read(offset: number, bytes: AccessSize): number {
    return part(this.word(this.gic.accessor(), offset & ~3) >>> 0, offset, bytes);
  }

  protected abstract word(pe: number, offset: number): number;
  abstract write(offset: number, bytes: AccessSize, value: number): void;

  snapshot(): unknown {
    return undefined;
  }

  restore(_state: unknown): void {}
}

/** GICD. */
class Distributor extends Frame {
  readonly name = 'GICv2 distributor';

  protected override word(pe: number, offset: number): number {
    const { gic } = this;
    if (offset >= 0x800 && offset < 0xc00) {
      let value = 0;
      for (let i = 0; i < 4; i++) value |= gic.targets(pe, offset - 0x800 + i) << (8 * i);
      return value;
    }
    if (offset >= 0xf10 && offset < 0xf30) {
      let value = 0;
      for (let i = 0; i < 4; i++) value |= gic.interrupts.latch[pe * PRIVATE + (offset & 0xf) + i] << (8 * i);
      return value;
    }
    switch (offset) {
      case 0x000:
        return gic.control;
      case 0x004:
        return ((FIRST_SPI + gic.interrupts.spis) / 32 - 1) | ((gic.pes - 1) << 5);
      case 0x008:
        return GICD_IIDR;
    }
    return readInterruptRegister(gic, pe, offset, 0, 1020) ?? IDENTIFICATION.get(offset) ?? 0;
  }

  override write(offset: number, bytes: AccessSize, value: number): void {
    const { gic } = this;
    const pe = gic.accessor();
    if (offset === 0x000) {
      gic.control = value & 3;
      gic.invalidateAll();
      gic.flush();
    } else if (offset >= 0x800 && offset < 0xc00) {
      for (let i = 0; i < bytes; i++) gic.setTargets(offset - 0x800 + i, (value >>> (8 * i)) & 0xff);
      gic.flush();
    } else if (offset === 0xf00) {
      gic.sendSgi(pe, value);
    } else if (offset >= 0xf10 && offset < 0xf30) {
      for (let i = 0; i < bytes; i++) {
        const index = pe * PRIVATE + ((offset + i) & 0xf);
        const sources = (value >>> (8 * i)) & 0xff;
        if (offset >= 0xf20) gic.interrupts.latch[index] |= sources;
        else gic.interrupts.latch[index] &= ~sources;
        gic.interrupts.refresh(index);
      }
      gic.flush();
    } else {
      writeInterruptRegister(gic, pe, offset, bytes, value, 0, 1020);
    }
  }

  override snapshot(): unknown {
    return this.gic.snapshot();
  }

  override restore(state: unknown): void {
    this.gic.restore(state);
  }
}

/** GICC. */
class CpuFrame extends Frame {
  readonly name = 'GICv2 CPU interface';

  protected override word(pe: number, offset: number): number {
    const { gic } = this;
    const cpu = gic.cpus[pe];
    switch (offset) {
      case 0x00:
        return (
          (cpu.enable0 ? CTLR_ENABLE0 : 0) |
          (cpu.enable1 ? CTLR_ENABLE1 : 0) |
          (gic.ackCtl[pe] ? CTLR_ACKCTL : 0) |
          (gic.fiqEn[pe] ? CTLR_FIQEN : 0) |
          (cpu.commonBpr ? CTLR_CBPR : 0) |
          (cpu.eoiMode ? CTLR_EOIMODE : 0)
        );
      case 0x04:
        return cpu.pmr;
      case 0x08:
        return cpu.bpr0;
      case 0x0c:
        return gic.signalled(cpu) && cpu.bestGroup === 1 && !gic.ackCtl[pe]
          ? OTHER_GROUP
          : gic.acknowledge(pe, cpu.bestGroup);
      case 0x14:
        return cpu.runningPriority;
      case 0x18:
        return cpu.best !== SPURIOUS && cpu.bestGroup === 1 && !gic.ackCtl[pe]
          ? OTHER_GROUP
          : gic.withSource(pe, cpu.best);
      case 0x1c:
        return cpu.bpr1;
      case 0x20:
        return gic.acknowledge(pe, 1);
      case 0x28:
        return cpu.bestGroup === 1 ? gic.withSource(pe, cpu.best) : SPURIOUS;
      case 0xd0:
        return cpu.ap0;
      case 0xe0:
        return cpu.ap1;
      case 0xfc:
        return GICC_IIDR;
      default:
        return 0;
    }
  }

  override write(offset: number, _bytes: AccessSize, value: number): void {
    const { gic } = this;
    const pe = gic.accessor();
    const cpu = gic.cpus[pe];
    switch (offset) {
      case 0x00:
        cpu.enable0 = (value & CTLR_ENABLE0) !== 0;
        cpu.enable1 = (value & CTLR_ENABLE1) !== 0;
        gic.ackCtl[pe] = value & CTLR_ACKCTL ? 1 : 0;
        gic.fiqEn[pe] = value & CTLR_FIQEN ? 1 : 0;
        cpu.commonBpr = (value & CTLR_CBPR) !== 0;
        cpu.eoiMode = (value & CTLR_EOIMODE) !== 0;
        break;
      case 0x04:
        cpu.pmr = value & PRIORITY_MASK;
        break;
      case 0x08:
        cpu.bpr0 = Math.max(value & 7, MINIMUM_BPR);
        break;
      case 0x10:
      case 0x24: {
        const group = cpu.runningGroup;
        if ((value & INTID_MASK) >= 1020 || group === undefined) return;
        gic.dropPriority(cpu, group);
        if (!cpu.eoiMode) gic.deactivate(pe, value & INTID_MASK);
        break;
      }
      case 0x1c:
        cpu.bpr1 = Math.max(value & 7, MINIMUM_BPR + 1);
        break;
      case 0xd0:
        cpu.ap0 = value;
        break;
      case 0xe0:
        cpu.ap1 = value;
        break;
      case 0x1000:
        if (cpu.eoiMode) gic.deactivate(pe, value & INTID_MASK);
        break;
      default:
        return;
    }
    gic.updateCpu(pe);
  }
}

// GICH_LR<n> keeps in one word what ICH_LR<n>_EL2 has in two.
const GICH_LR_EOI = 1 << 19;

function toGich(high: number, low: number): number {
  const hw = (high & LR.hw) !== 0;
  return (
    (low & (hw ? INTID_MASK : 0x1fff)) |
    (hw ? (high & INTID_MASK) << 10 : high & LR.eoi ? GICH_LR_EOI : 0) |
    (((high >>> 19) & 0x1f) << 23) |
    ((high >>> 30) << 28) |
    (high & LR.group ? 1 << 30 : 0) |
    (hw ? 1 << 31 : 0)
  );
}

function fromGich(virtual: VirtualInterface, n: number, value: number): void {
  const hw = value >>> 31 !== 0;
  const high =
    (((value >>> 28) & 3) << 30) |
    (hw ? LR.hw : 0) |
    (value & (1 << 30) ? LR.group : 0) |
    (((value >>> 23) & 0x1f) << 19) |
    (hw ? (value >>> 10) & INTID_MASK : value & GICH_LR_EOI ? LR.eoi : 0);
  // The source PE of a virtual SGI stays beside its INTID, where GICV_IAR shows both.
  virtual.writeListRegister(n, high >>> 0, value & (hw ? INTID_MASK : 0x1fff));
}

/** GICH. */
class HypervisorFrame extends Frame {
  readonly name = 'GICv2 virtual interface control';

  protected override word(pe: number, offset: number): number {
    const virtual = this.gic.virtual[pe];
    switch (offset) {
      case 0x00:
        return virtual.hcr;
      case 0x04:
        return ((PREEMPTION_BITS - 1) << 29) | ((PREEMPTION_BITS - 1) << 26) | (virtual.listRegisters - 1);
      case 0x08:
        return virtual.vmcr;
      case 0x10:
        return virtual.misr;
      case 0x20:
        return virtual.eisr;
      case 0x30:
        return virtual.elrsr;
      case 0xf0:
        return virtual.ap0;
    }
    const n = (offset - 0x100) / 4;
    return n >= 0 && n < virtual.listRegisters ? toGich(virtual.lrHigh[n], virtual.lrLow[n]) : 0;
  }

  override write(offset: number, _bytes: AccessSize, value: number): void {
    const virtual = this.gic.virtual[this.gic.accessor()];
    const n = (offset - 0x100) / 4;
    if (offset === 0x00) virtual.writeHcr(value);
    else if (offset === 0x08) virtual.writeVmcr(value);
    else if (offset === 0xf0) virtual.writeActivePriorities(0, value);
    else if (Number.isInteger(n) && n >= 0 && n < virtual.listRegisters) fromGich(virtual, n, value);
  }
}

const GICV_CTLR_MASK = VMCR.VENG0 | VMCR.VENG1 | VMCR.VAckCtl | VMCR.VFIQEn | VMCR.VCBPR | VMCR.VEOIM;

/** GICV: what a hypervisor maps where its guest expects GICC. GICV_CTLR has the bits of GICH_VMCR in the same places. */
class VirtualFrame extends Frame {
  readonly name = 'GICv2 virtual CPU interface';

  protected override word(pe: number, offset: number): number {
    const virtual = this.gic.virtual[pe];
    switch (offset) {
      case 0x00:
        return virtual.vmcr & GICV_CTLR_MASK;
      case 0x04:
        return virtual.pmr;
      case 0x08:
        return virtual.bpr(0);
      case 0x0c:
        return this.#ofEither(virtual, virtual.virq || virtual.vfiq, group => virtual.acknowledge(group));
      case 0x14:
        return virtual.runningPriority;
      case 0x18:
        return this.#ofEither(virtual, virtual.best >= 0, group => virtual.highestPending(group));
      case 0x1c:
        return virtual.bpr(1);
      case 0x20:
        return virtual.acknowledge(1);
      case 0x28:
        return virtual.highestPending(1);
      case 0xd0:
        return virtual.ap0;
      case 0xfc:
        return GICC_IIDR;
      default:
        return 0;
    }
  }

  #ofEither(virtual: VirtualInterface, pending: boolean, read: (group: 0 | 1) => number): number {
    if (!pending) return SPURIOUS;
    const group = virtual.lrHigh[virtual.best] & LR.group ? 1 : 0;
    return group === 1 && !(virtual.vmcr & VMCR.VAckCtl) ? OTHER_GROUP : read(group);
  }

  override write(offset: number, _bytes: AccessSize, value: number): void {
    const virtual = this.gic.virtual[this.gic.accessor()];
    switch (offset) {
      case 0x00:
        virtual.writeVmcrBits(GICV_CTLR_MASK, value);
        break;
      case 0x04:
        virtual.pmr = value & PRIORITY_MASK;
        break;
      case 0x08:
        virtual.writeBpr(0, value);
        break;
      case 0x10:
      case 0x24:
        virtual.end(value & 0x1fff, undefined);
        break;
      case 0x1c:
        virtual.writeBpr(1, value);
        break;
      case 0xd0:
        virtual.writeActivePriorities(0, value);
        break;
      case 0x1000:
        virtual.deactivate(value & 0x1fff);
        break;
    }
  }
}

export class GicV2 extends Gic {
  readonly version = 2;
  readonly regions: readonly Region[];
  /** The PE whose access is being answered. */
  readonly accessor: () => number;
  /** GICC_CTLR.AckCtl and FIQEn. */
  readonly ackCtl: Uint8Array;
  readonly fiqEn: Uint8Array;

  constructor(config: GicConfig, lines: PeLines, accessor: () => number) {
    super(config, lines, 2);
    this.accessor = accessor;
    this.ackCtl = new Uint8Array(this.pes);
    this.fiqEn = new Uint8Array(this.pes);
    // ITARGETSR has nothing to choose with one PE.
    if (this.pes === 1) this.interrupts.routes.fill(1);
    this.regions = [
      { ...GICV2_MAP.distributor, device: new Distributor(this) },
      { ...GICV2_MAP.cpu, device: new CpuFrame(this) },
      { ...GICV2_MAP.hypervisor, device: new HypervisorFrame(this) },
      { ...GICV2_MAP.virtual, device: new VirtualFrame(this) },
    ];
  }

  protected override isFiq(pe: number, group: 0 | 1): boolean {
    return group === 0 && this.fiqEn[pe] !== 0;
  }

  /** GICD_ITARGETSR of an interrupt: one bit for each PE. */
  targets(pe: number, intid: number): number {
    if (this.pes === 1) return 0;
    if (intid < PRIVATE) return 1 << pe;
    const spi = intid - FIRST_SPI;
    let value = 0;
    for (let target = 0; target < this.pes && spi < this.interrupts.spis; target++) {
      value |= this.interrupts.routes[spi * this.pes + target] << target;
    }
    return value;
  }

  setTargets(intid: number, targets: number): void {
    const spi = intid - FIRST_SPI;
    if (this.pes === 1 || spi < 0 || spi >= this.interrupts.spis) return;
    for (let pe = 0; pe < this.pes; pe++) this.interrupts.routes[spi * this.pes + pe] = (targets >> pe) & 1;
    this.interrupts.refresh(this.pes * PRIVATE + spi);
  }

  /** GICD_SGIR. */
  sendSgi(pe: number, value: number): void {
    const intid = value & 15;
    const filter = (value >>> 24) & 3;
    const targets = filter === 0 ? (value >>> 16) & 0xff : filter === 1 ? ~(1 << pe) : filter === 2 ? 1 << pe : 0;
    for (let target = 0; target < this.pes; target++) {
      if ((targets & (1 << target)) === 0) continue;
      const index = target * PRIVATE + intid;
      this.interrupts.latch[index] |= 1 << pe;
      this.interrupts.refresh(index);
    }
    this.flush();
  }

  /** An INTID as the acknowledge registers show it: an SGI with the lowest PE that sent it. */
  withSource(pe: number, intid: number): number {
    if (intid >= 16) return intid;
    const sources = this.interrupts.latch[pe * PRIVATE + intid];
    return sources === 0 ? intid : intid | ((31 - Math.clz32(sources & -sources)) << SOURCE_SHIFT);
  }

  protected override activate(pe: number, intid: number): number {
    if (intid >= 16) return super.activate(pe, intid);
    const result = this.withSource(pe, intid);
    const index = pe * PRIVATE + intid;
    const left = this.interrupts.latch[index] & (this.interrupts.latch[index] - 1);
    super.activate(pe, intid);
    // Others that sent the same SGI are still waiting.
    this.interrupts.latch[index] = left;
    return result;
  }

  override snapshot(): unknown {
    return { gic: super.snapshot(), own: saveFields(this as GicV2, FIELDS) };
  }

  override restore(state: unknown): void {
    const saved = state as { gic: unknown; own: unknown };
    restoreFields(this as GicV2, FIELDS, saved.own);
    super.restore(saved.gic);
  }
}

/**
 * The virtual CPU interface of one PE: list registers, what a guest acknowledges and ends by them, and the maintenance
 * interrupt (IHI 0069, chapter 6). State is kept in the layout of the ICH_* registers; the GICH_* view of a GICv2 is
 * converted at its border. A list register is two words, so that a world switch allocates nothing.
 */

import { restoreFields, saveFields } from '../board/device.ts';
import { FIRST_LPI, IDLE_PRIORITY, SPURIOUS } from './interrupts.ts';
import { activeBit, activePriority, dropLowest, groupPriorityMask, MINIMUM_BPR } from './priority.ts';

/** ICH_HCR_EL2. */
export const HCR = {
  En: 1 << 0,
  UIE: 1 << 1,
  LRENPIE: 1 << 2,
  NPIE: 1 << 3,
  VGrp0EIE: 1 << 4,
  VGrp0DIE: 1 << 5,
  VGrp1EIE: 1 << 6,
  VGrp1DIE: 1 << 7,
  TC: 1 << 10,
  TALL0: 1 << 11,
  TALL1: 1 << 12,
  TSEI: 1 << 13,
  TDIR: 1 << 14,
} as const;

/** ICH_VMCR_EL2. */
export const VMCR = {
  VENG0: 1 << 0,
  VENG1: 1 << 1,
  VAckCtl: 1 << 2,
  VFIQEn: 1 << 3,
  VCBPR: 1 << 4,
  VEOIM: 1 << 9,
} as const;
const VBPR1_SHIFT = 18;
const VBPR0_SHIFT = 21;
const VPMR_SHIFT = 24;

/** Upper word of ICH_LR<n>_EL2. */
export const LR = {
  pending: 1 << 30,
  active: 1 << 31,
  hw: 1 << 29,
  group: 1 << 28,
  /** Only with `hw` clear: a maintenance interrupt when the guest deactivates. Bit 41 of the register. */
  eoi: 1 << 9,
} as const;
const LR_STATE = LR.pending | LR.active;
const PINTID_MASK = 0x1fff;
const LR_HIGH_MASK = 0xf0ff1fff;

/** ICH_MISR_EL2. */
export const MISR = {
  EOI: 1 << 0,
  U: 1 << 1,
  LRENP: 1 << 2,
  NP: 1 << 3,
  VGrp0E: 1 << 4,
  VGrp0D: 1 << 5,
  VGrp1E: 1 << 6,
  VGrp1D: 1 << 7,
} as const;

const HCR_MASK_V3 = 0xf8007cff;
const HCR_MASK_V2 = 0xf80000ff;
const EOICOUNT_SHIFT = 27;
const FIELDS = ['hcr', 'vmcr', 'lrHigh', 'lrLow', 'ap0', 'ap1'] as const;

/** Effects of the virtual interface on the rest of the controller. */
export interface VirtualInterfaceHost {
  /** The outputs (vIRQ, vFIQ, maintenance interrupt) may have changed. */
  virtualChanged(pe: number): void;
  /** Deactivates a physical interrupt on behalf of a list register with HW set. */
  deactivate(pe: number, intid: number): void;
}

export class VirtualInterface {
  readonly pe: number;
  readonly listRegisters: number;
  hcr = 0;
  vmcr: number;
  /** Bits 63:32 and 31:0 of the list registers. */
  readonly lrHigh: Uint32Array;
  readonly lrLow: Uint32Array;
  ap0 = 0;
  ap1 = 0;
  virq = false;
  vfiq = false;
  readonly #host: VirtualInterfaceHost;
  readonly #version: 2 | 3;
  #best = -1;
  #stale = true;

  constructor(pe: number, listRegisters: number, version: 2 | 3, host: VirtualInterfaceHost) {
    this.pe = pe;
    this.listRegisters = listRegisters;
    this.lrHigh = new Uint32Array(listRegisters);
    this.lrLow = new Uint32Array(listRegisters);
    this.#host = host;
    this.#version = version;
    this.vmcr = this.#legalVmcr(0);
  }

  // --- Registers of the hypervisor -------------------------------------------------------------------------------

  writeHcr(value: number): void {
    this.hcr = (value & (this.#version === 3 ? HCR_MASK_V3 : HCR_MASK_V2)) >>> 0;
    this.#host.virtualChanged(this.pe);
  }

  writeVmcr(value: number): void {
    this.vmcr = this.#legalVmcr(value);
    this.#host.virtualChanged(this.pe);
  }

  writeListRegister(n: number, high: number, low: number): void {
    this.lrHigh[n] = high & LR_HIGH_MASK;
    this.lrLow[n] = low;
    this.#host.virtualChanged(this.pe);
  }

  writeActivePriorities(group: 0 | 1, value: number): void {
    if (group === 0) this.ap0 = value >>> 0;
    else this.ap1 = value >>> 0;
    this.#host.virtualChanged(this.pe);
  }

  /** List registers that wait for the hypervisor to see the end of their interrupt. */
  get eisr(): number {
    let value = 0;
    for (let n = 0; n < this.listRegisters; n++) {
      if ((this.lrHigh[n] & (LR_STATE | LR.hw | LR.eoi)) === LR.eoi) value |= 1 << n;
    }
    return value;
  }

  /** List registers that are free. */
  get elrsr(): number {
    let value = 0;
    for (let n = 0; n < this.listRegisters; n++) {
      const high = this.lrHigh[n];
      if ((high & LR_STATE) === 0 && ((high & LR.hw) !== 0 || (high & LR.eoi) === 0)) value |= 1 << n;
    }
    return value;
  }

  get misr(): number {
    const { hcr, vmcr } = this;
    let value = 0;
    let used = 0;
    let pending = 0;
    for (let n = 0; n < this.listRegisters; n++) {
      const high = this.lrHigh[n];
      const state = high & LR_STATE;
      if (state !== 0) used++;
      else if ((high & (LR.hw | LR.eoi)) === LR.eoi) value = MISR.EOI;
      if (state === LR.pending) pending++;
    }
    if (hcr & HCR.UIE && used < 2) value |= MISR.U;
    if (hcr & HCR.LRENPIE && hcr >>> EOICOUNT_SHIFT !== 0) value |= MISR.LRENP;
    if (hcr & HCR.NPIE && pending === 0) value |= MISR.NP;
    if (hcr & HCR.VGrp0EIE && vmcr & VMCR.VENG0) value |= MISR.VGrp0E;
    if (hcr & HCR.VGrp0DIE && !(vmcr & VMCR.VENG0)) value |= MISR.VGrp0D;
    if (hcr & HCR.VGrp1EIE && vmcr & VMCR.VENG1) value |= MISR.VGrp1E;
    if (hcr & HCR.VGrp1DIE && !(vmcr & VMCR.VENG1)) value |= MISR.VGrp1D;
    return value;
  }

  /** Level of the maintenance interrupt. */
  get maintenance(): boolean {
    return (this.hcr & HCR.En) !== 0 && this.misr !== 0;
  }

  // --- What the guest sees ---------------------------------------------------------------------------------------

  get pmr(): number {
    return this.vmcr >>> VPMR_SHIFT;
  }

  set pmr(value: number) {
    this.writeVmcr((this.vmcr & 0x00ffffff) | (value << VPMR_SHIFT));
  }

  /** ICV_BPR0_EL1 and ICV_BPR1_EL1. */
  bpr(group: 0 | 1): number {
    const bpr0 = (this.vmcr >>> VBPR0_SHIFT) & 7;
    if (group === 0) return bpr0;
    return this.vmcr & VMCR.VCBPR ? Math.min(bpr0 + 1, 7) : (this.vmcr >>> VBPR1_SHIFT) & 7;
  }

  writeBpr(group: 0 | 1, value: number): void {
    if (group === 1 && this.vmcr & VMCR.VCBPR) return;
    const shift = group === 0 ? VBPR0_SHIFT : VBPR1_SHIFT;
    this.writeVmcr((this.vmcr & ~(7 << shift)) | ((value & 7) << shift));
  }

  writeVmcrBits(mask: number, value: number): void {
    this.writeVmcr((this.vmcr & ~mask) | (value & mask));
  }

  get runningPriority(): number {
    return activePriority(this.ap0 | this.ap1);
  }

  /** Index of the list register that holds the highest priority pending virtual interrupt, -1 for none. */
  get best(): number {
    if (this.#stale) {
      this.#best = this.#findBest();
      this.#stale = false;
    }
    return this.#best;
  }

  /** Recomputes the two lines after any change. While the interface is off, as in most of a world switch, that is short. */
  update(): void {
    this.#stale = true;
    this.virq = false;
    this.vfiq = false;
    if (!(this.hcr & HCR.En)) return;
    const { best } = this;
    if (best < 0 || !this.#signalled(best)) return;
    const group1 = (this.lrHigh[best] & LR.group) !== 0;
    if (!group1 && this.vmcr & VMCR.VFIQEn) this.vfiq = true;
    else this.virq = true;
  }

  /** INTID of the highest priority pending interrupt if it is of the group, whether or not it is signalled. */
  highestPending(group: 0 | 1): number {
    return this.best >= 0 && this.#group(this.best) === group ? this.lrLow[this.best] : SPURIOUS;
  }

  /** Reads ICV_IAR<group>_EL1. */
  acknowledge(group: 0 | 1): number {
    const n = this.best;
    if (n < 0 || this.#group(n) !== group || !this.#signalled(n)) return SPURIOUS;
    const high = this.lrHigh[n];
    const intid = this.lrLow[n];
    if (intid >= 1020 && intid <= 1023) {
      // A special INTID in a list register has nothing to activate.
      this.lrHigh[n] = high & ~LR.pending;
    } else {
      this.lrHigh[n] = (high & ~LR.pending) | LR.active;
      const bit = activeBit(this.#priority(n) & this.#mask(group));
      if (group === 0 || this.#version === 2) this.ap0 = (this.ap0 | bit) >>> 0;
      else this.ap1 = (this.ap1 | bit) >>> 0;
    }
    this.#host.virtualChanged(this.pe);
    return intid;
  }

  /** Writes ICV_EOIR<group>_EL1. On a GICv2 `group` is undefined: GICV_EOIR ends an interrupt of either group. */
  end(intid: number, group: 0 | 1 | undefined): void {
    if ((intid >= 1020 && intid <= 1023) || (this.ap0 | this.ap1) === 0) return;
    const running = this.runningPriority;
    const ofGroup0 = this.ap0 !== 0 && activePriority(this.ap0) === running;
    if (ofGroup0) this.ap0 = dropLowest(this.ap0);
    else this.ap1 = dropLowest(this.ap1);

    const n = this.#findActive(intid);
    if (n < 0) {
      // Without EOImode the end is also a deactivation, which the hypervisor has to do for an interrupt that it keeps
      // out of the list registers.
      if (!(this.vmcr & VMCR.VEOIM) && intid < FIRST_LPI) this.#count();
    } else if (!(this.vmcr & VMCR.VEOIM) || intid >= FIRST_LPI) {
      // An LPI has no active state of its own, so there is nothing left for ICV_DIR to end.
      const own = this.#group(n);
      const matches = group === undefined || own === group;
      if (matches && (this.#priority(n) & this.#mask(own)) === running) this.#deactivate(n);
    }
    this.#host.virtualChanged(this.pe);
  }

  /** Writes ICV_DIR_EL1, which knows no LPIs. On a GICv2 the source of an SGI is in the bits above its INTID. */
  deactivate(intid: number): void {
    if (!(this.vmcr & VMCR.VEOIM) || (this.#version === 2 ? intid & 0x3ff : intid) >= 1020) return;
    const n = this.#findActive(intid);
    if (n < 0) this.#count();
    else this.#deactivate(n);
    this.#host.virtualChanged(this.pe);
  }

  snapshot(): unknown {
    return saveFields(this, FIELDS);
  }

  restore(state: unknown): void {
    restoreFields(this, FIELDS, state);
    this.update();
  }

  // --- Inside ----------------------------------------------------------------------------------------------------

  #legalVmcr(value: number): number {
    const bpr0 = Math.max((value >>> VBPR0_SHIFT) & 7, MINIMUM_BPR);
    const bpr1 = Math.max((value >>> VBPR1_SHIFT) & 7, MINIMUM_BPR + 1);
    const plain =
      VMCR.VENG0 | VMCR.VENG1 | VMCR.VCBPR | VMCR.VEOIM | (this.#version === 2 ? VMCR.VAckCtl | VMCR.VFIQEn : 0);
    // With system registers, Group 0 is always a virtual FIQ: VFIQEn is RES1 and VAckCtl RES0.
    const fixed = this.#version === 3 ? VMCR.VFIQEn : 0;
    return ((value & (0xf8000000 | plain)) | (bpr0 << VBPR0_SHIFT) | (bpr1 << VBPR1_SHIFT) | fixed) >>> 0;
  }

  #group(n: number): 0 | 1 {
    return this.lrHigh[n] & LR.group ? 1 : 0;
  }

  #priority(n: number): number {
    return (this.lrHigh[n] >>> 16) & 0xff;
  }

  #mask(group: 0 | 1): number {
    return groupPriorityMask(group === 1 && !(this.vmcr & VMCR.VCBPR) ? this.bpr(1) - 1 : this.bpr(0));
  }

  #findBest(): number {
    let best = -1;
    let lowest = IDLE_PRIORITY;
    for (let n = 0; n < this.listRegisters; n++) {
      const high = this.lrHigh[n];
      if ((high & LR_STATE) !== LR.pending) continue;
      if (!(this.vmcr & (high & LR.group ? VMCR.VENG1 : VMCR.VENG0))) continue;
      const priority = (high >>> 16) & 0xff;
      if (priority < lowest) {
        lowest = priority;
        best = n;
      }
    }
    return best;
  }

  #signalled(n: number): boolean {
    const priority = this.#priority(n);
    if (!(this.hcr & HCR.En) || priority >= this.pmr) return false;
    const mask = this.#mask(this.#group(n));
    const running = this.runningPriority;
    return running === IDLE_PRIORITY || (priority & mask) < (running & mask);
  }

  #findActive(intid: number): number {
    for (let n = 0; n < this.listRegisters; n++) {
      if (this.lrHigh[n] & LR.active && this.lrLow[n] === intid) return n;
    }
    return -1;
  }

  #deactivate(n: number): void {
    const high = this.lrHigh[n];
    this.lrHigh[n] = high & ~LR.active;
    if (high & LR.hw) {
      const physical = high & PINTID_MASK;
      if (physical < 1020) this.#host.deactivate(this.pe, physical);
    }
  }

  #count(): void {
    const count = (this.hcr >>> EOICOUNT_SHIFT) + 1;
    this.hcr = ((this.hcr & 0x07ffffff) | (count << EOICOUNT_SHIFT)) >>> 0;
  }
}

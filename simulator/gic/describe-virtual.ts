/** The virtual interface of a PE in words: what it is set to, why its maintenance interrupt is up, what it delivers next. */

import { HCR, LR, MISR, type VirtualInterface, VMCR } from './virtual-interface.ts';

export interface VirtualInterfaceState {
  /** ICH_HCR_EL2.En. */
  readonly enabled: boolean;
  /** Priorities below it are signalled. */
  readonly priorityMask: number;
  readonly group0: boolean;
  readonly group1: boolean;
  /** Ending and deactivating are two steps of the guest. */
  readonly splitEoi: boolean;
  /** Of the virtual interrupt that the guest handles; undefined when it handles none. */
  readonly runningPriority?: number;
  /** Preemption levels with an active interrupt. */
  readonly activePriorities: readonly number[];
  /** Ends without a list register: ICH_HCR_EL2.EOIcount. */
  readonly eoiCount: number;
  /** Conditions that hold and are enabled, in words; they raise the interrupt while the interface is enabled. */
  readonly maintenance: readonly string[];
  readonly maintenanceUp: boolean;
  /** The list register whose interrupt is next, and why it is not delivered yet; no reason when it is signalled. */
  readonly next?: { readonly listRegister: number; readonly intid: number; readonly held?: string };
}

/** What a PE adds to the delivery: where a virtual interrupt would be taken. */
export interface Delivery {
  /** HCR_EL2.IMO: virtual interrupts are enabled at EL1. */
  readonly imo: boolean;
  /** Present level, and PSTATE.I of the guest: its own at EL1 and EL0, what SPSR_EL2 will restore above. */
  readonly level: number;
  readonly masked: boolean;
}

const MAINTENANCE: readonly (readonly [bit: number, text: (virtual: VirtualInterface) => string])[] = [
  [MISR.EOI, virtual => `end of interrupt in ${bits(virtual.eisr)} (EOI)`],
  [MISR.U, () => 'none or one list register is in use (underflow, U)'],
  [MISR.LRENP, virtual => `${virtual.hcr >>> 27} ends had no list register (LRENP)`],
  [MISR.NP, () => 'no list register is pending (NP)'],
  [MISR.VGrp0E, () => 'the guest has enabled Group 0 (VGrp0E)'],
  [MISR.VGrp0D, () => 'the guest has disabled Group 0 (VGrp0D)'],
  [MISR.VGrp1E, () => 'the guest has enabled Group 1 (VGrp1E)'],
  [MISR.VGrp1D, () => 'the guest has disabled Group 1 (VGrp1D)'],
];

function bits(mask: number): string {
  const found: string[] = [];
  for (let n = 0; n < 16; n++) if ((mask >>> n) & 1) found.push(`LR${n}`);
  return found.join(', ');
}

const hex = (value: number): string => `0x${value.toString(16).padStart(2, '0')}`;
const NO_PRIORITY = 0xff;

export function describeVirtual(virtual: VirtualInterface, delivery: Delivery): VirtualInterfaceState {
  const { hcr, vmcr, misr } = virtual;
  const running = virtual.runningPriority;
  const activePriorities: number[] = [];
  for (let bit = 0; bit < 32; bit++) if (((virtual.ap0 | virtual.ap1) >>> bit) & 1) activePriorities.push(bit << 3);
  const next = nextOf(virtual, delivery);
  return {
    enabled: (hcr & HCR.En) !== 0,
    priorityMask: virtual.pmr,
    group0: (vmcr & VMCR.VENG0) !== 0,
    group1: (vmcr & VMCR.VENG1) !== 0,
    splitEoi: (vmcr & VMCR.VEOIM) !== 0,
    ...(running < NO_PRIORITY ? { runningPriority: running } : {}),
    activePriorities,
    eoiCount: hcr >>> 27,
    maintenance: MAINTENANCE.filter(([bit]) => misr & bit).map(([, text]) => text(virtual)),
    maintenanceUp: virtual.maintenance,
    ...(next ? { next } : {}),
  };
}

function nextOf(virtual: VirtualInterface, delivery: Delivery): VirtualInterfaceState['next'] {
  // `best` leaves out groups that the guest has disabled: those are shown with that reason.
  const index = virtual.best >= 0 ? virtual.best : mostUrgentPending(virtual);
  if (index < 0) return undefined;
  const held = heldBecause(virtual, index, delivery);
  const common = { listRegister: index, intid: virtual.lrLow[index] };
  return held === undefined ? common : { ...common, held };
}

function priorityOf(virtual: VirtualInterface, index: number): number {
  return (virtual.lrHigh[index] >>> 16) & 0xff;
}

function mostUrgentPending(virtual: VirtualInterface): number {
  let best = -1;
  for (let n = 0; n < virtual.listRegisters; n++) {
    if ((virtual.lrHigh[n] & (LR.pending | LR.active)) !== LR.pending) continue;
    if (best < 0 || priorityOf(virtual, n) < priorityOf(virtual, best)) best = n;
  }
  return best;
}

/** Why the interrupt of a list register is not taken now; undefined when it will be at once. */
function heldBecause(virtual: VirtualInterface, index: number, delivery: Delivery): string | undefined {
  const high = virtual.lrHigh[index];
  const group = high & LR.group ? 1 : 0;
  const priority = priorityOf(virtual, index);
  if (!(virtual.hcr & HCR.En)) return 'the virtual interface is off (ICH_HCR_EL2.En is 0)';
  if (!(virtual.vmcr & (group ? VMCR.VENG1 : VMCR.VENG0)))
    return `the guest has not enabled Group ${group} (ICH_VMCR_EL2.VENG${group} is 0)`;
  if (priority >= virtual.pmr)
    return `its priority ${hex(priority)} is not above the guest's mask ${hex(virtual.pmr)} (ICH_VMCR_EL2.VPMR)`;
  if (!virtual.virq && !virtual.vfiq)
    return `the guest handles an interrupt of priority ${hex(virtual.runningPriority)}, which ${hex(priority)} does not preempt`;
  if (!delivery.imo) return 'virtual interrupts are not enabled (HCR_EL2.IMO is 0)';
  if (delivery.level >= 2)
    return delivery.masked
      ? 'the guest does not run, and will return with interrupts masked (SPSR_EL2.I is 1)'
      : 'the guest does not run: it is taken when the guest is entered';
  return delivery.masked ? 'the guest has masked interrupts (PSTATE.I is 1)' : undefined;
}

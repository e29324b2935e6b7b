/** The system registers of a GICv3, one row each (IHI 0069, chapter 12). */

import type { GicV3 } from './gicv3.ts';
import { PRIORITY_MASK } from './interrupts.ts';
import { PREEMPTION_BITS } from './priority.ts';
import { VMCR } from './virtual-interface.ts';

export interface SystemRegister {
  readonly name: string;
  /** Number of the list register; 0 for all others. */
  readonly n: number;
  /** Bits 31:0; bits 63:32 go to `gic.high`. Left out for a write-only register. */
  readonly read?: (gic: GicV3, pe: number, row: SystemRegister) => number;
  /** Left out for a read-only register. */
  readonly write?: (gic: GicV3, pe: number, low: number, high: number, row: SystemRegister) => void;
}

/** A3V, IDbits (24 bits), PRIbits: common to ICC_CTLR_EL1 and ICV_CTLR_EL1. */
export const CONTROL_CONSTANT = (1 << 15) | (1 << 11) | ((PREEMPTION_BITS - 1) << 8);

type Read = NonNullable<SystemRegister['read']>;
type Write = NonNullable<SystemRegister['write']>;

const nothing: Write = () => {};

/** SRE, DFB and DIB: there is no other interface to the CPU interface than system registers. */
const SRE = 7;
const SRE_ENABLE = 8;

function row(name: string, read?: Read, write?: Write, n = 0): SystemRegister {
  return { name, n, read, write };
}

/** ICC_* or ICV_* registers of one group. */
function groupRegisters(group: 0 | 1): SystemRegister[] {
  const enable = group === 0 ? VMCR.VENG0 : VMCR.VENG1;
  const ap = group === 0 ? 'ap0' : 'ap1';
  const grpen = group === 0 ? 'enable0' : 'enable1';
  return [
    row(`ICC_IAR${group}_EL1`, (gic, pe) => gic.acknowledge(pe, group)),
    row(`ICC_EOIR${group}_EL1`, undefined, (gic, pe, low) => gic.end(pe, group, low & 0xffffff)),
    row(`ICC_HPPIR${group}_EL1`, (gic, pe) => gic.highestPending(pe, group)),
    row(
      `ICC_BPR${group}_EL1`,
      (gic, pe) => gic.readBpr(gic.cpus[pe], group),
      (gic, pe, low) => {
        gic.writeBpr(gic.cpus[pe], group, low);
        gic.updateCpu(pe);
      },
    ),
    row(
      `ICC_IGRPEN${group}_EL1`,
      (gic, pe) => (gic.cpus[pe][grpen] ? 1 : 0),
      (gic, pe, low) => {
        gic.cpus[pe][grpen] = (low & 1) !== 0;
        gic.updateCpu(pe);
      },
    ),
    row(
      `ICC_AP${group}R0_EL1`,
      (gic, pe) => gic.cpus[pe][ap],
      (gic, pe, low) => {
        gic.cpus[pe][ap] = low;
        gic.updateCpu(pe);
      },
    ),
    row(`ICV_IAR${group}_EL1`, (gic, pe) => gic.virtual[pe].acknowledge(group)),
    row(`ICV_EOIR${group}_EL1`, undefined, (gic, pe, low) => gic.virtual[pe].end(low & 0xffffff, group)),
    row(`ICV_HPPIR${group}_EL1`, (gic, pe) => gic.virtual[pe].highestPending(group)),
    row(
      `ICV_BPR${group}_EL1`,
      (gic, pe) => gic.virtual[pe].bpr(group),
      (gic, pe, low) => gic.virtual[pe].writeBpr(group, low),
    ),
    row(
      `ICV_IGRPEN${group}_EL1`,
      (gic, pe) => (gic.virtual[pe].vmcr & enable ? 1 : 0),
      (gic, pe, low) => gic.virtual[pe].writeVmcrBits(enable, low & 1 ? enable : 0),
    ),
    row(
      `ICV_AP${group}R0_EL1`,
      (gic, pe) => gic.virtual[pe][ap],
      (gic, pe, low) => gic.virtual[pe].writeActivePriorities(group, low),
    ),
    row(
      `ICH_AP${group}R0_EL2`,
      (gic, pe) => gic.virtual[pe][ap],
      (gic, pe, low) => gic.virtual[pe].writeActivePriorities(group, low),
    ),
  ];
}

/** Every register of a GICv3 whose virtual interfaces have so many list registers. */
export function systemRegisters(listRegisters: number): SystemRegister[] {
  const vtr =
    (((PREEMPTION_BITS - 1) << 29) |
      ((PREEMPTION_BITS - 1) << 26) |
      (1 << 23) | // IDbits: 24
      (1 << 21) | // A3V
      (1 << 20) | // nV4: no direct injection of virtual interrupts
      (1 << 19) | // TDS: ICH_HCR_EL2.TDIR is there
      (listRegisters - 1)) >>>
    0;
  return [
    ...groupRegisters(0),
    ...groupRegisters(1),
    row(
      'ICC_PMR_EL1',
      (gic, pe) => gic.cpus[pe].pmr,
      (gic, pe, low) => {
        gic.cpus[pe].pmr = low & PRIORITY_MASK;
        gic.updateCpu(pe);
      },
    ),
    row('ICC_RPR_EL1', (gic, pe) => gic.cpus[pe].runningPriority),
    row(
      'ICC_CTLR_EL1',
      (gic, pe) => gic.readControl(gic.cpus[pe]),
      (gic, pe, low) => {
        gic.cpus[pe].eoiMode = (low & 2) !== 0;
        gic.cpus[pe].commonBpr = (low & 1) !== 0;
        gic.updateCpu(pe);
      },
    ),
    row('ICC_DIR_EL1', undefined, (gic, pe, low) => {
      if (gic.cpus[pe].eoiMode) gic.deactivate(pe, low & 0xffffff);
    }),
    row('ICC_SGI0R_EL1', undefined, (gic, pe, low, high) => gic.sendSgi(pe, 0, low, high)),
    row('ICC_SGI1R_EL1', undefined, (gic, pe, low, high) => gic.sendSgi(pe, 1, low, high)),
    // The alias for the other security state: there is one only.
    row('ICC_ASGI1R_EL1', undefined, (gic, pe, low, high) => gic.sendSgi(pe, 1, low, high)),
    row('ICC_SRE_EL1', () => SRE, nothing),
    row('ICC_SRE_EL2', () => SRE | SRE_ENABLE, nothing),
    row('ICC_SRE_EL3', () => SRE | SRE_ENABLE, nothing),
    row(
      'ICC_CTLR_EL3',
      (gic, pe) => CONTROL_CONSTANT | (gic.cpus[pe].eoiMode ? 0x1c : 0) | (gic.cpus[pe].commonBpr ? 3 : 0),
      (gic, pe, low) => {
        gic.cpus[pe].eoiMode = (low & 0x10) !== 0;
        gic.cpus[pe].commonBpr = (low & 2) !== 0;
        gic.updateCpu(pe);
      },
    ),
    row(
      'ICC_IGRPEN1_EL3',
      (gic, pe) => (gic.cpus[pe].enable1 ? 3 : 0),
      (gic, pe, low) => {
        gic.cpus[pe].enable1 = (low & 3) !== 0;
        gic.updateCpu(pe);
      },
    ),
    row(
      'ICV_PMR_EL1',
      (gic, pe) => gic.virtual[pe].pmr,
      (gic, pe, low) => {
        gic.virtual[pe].pmr = low & PRIORITY_MASK;
      },
    ),
    row('ICV_RPR_EL1', (gic, pe) => gic.virtual[pe].runningPriority),
    row(
      'ICV_CTLR_EL1',
      (gic, pe) => {
        const { vmcr } = gic.virtual[pe];
        return CONTROL_CONSTANT | (vmcr & VMCR.VEOIM ? 2 : 0) | (vmcr & VMCR.VCBPR ? 1 : 0);
      },
      (gic, pe, low) =>
        gic.virtual[pe].writeVmcrBits(VMCR.VEOIM | VMCR.VCBPR, (low & 2 ? VMCR.VEOIM : 0) | (low & 1 ? VMCR.VCBPR : 0)),
    ),
    row('ICV_DIR_EL1', undefined, (gic, pe, low) => gic.virtual[pe].deactivate(low & 0xffffff)),
    row(
      'ICH_HCR_EL2',
      (gic, pe) => gic.virtual[pe].hcr,
      (gic, pe, low) => gic.virtual[pe].writeHcr(low),
    ),
    row('ICH_VTR_EL2', () => vtr),
    row('ICH_MISR_EL2', (gic, pe) => gic.virtual[pe].misr),
    row('ICH_EISR_EL2', (gic, pe) => gic.virtual[pe].eisr),
    row('ICH_ELRSR_EL2', (gic, pe) => gic.virtual[pe].elrsr),
    row(
      'ICH_VMCR_EL2',
      (gic, pe) => gic.virtual[pe].vmcr,
      (gic, pe, low) => gic.virtual[pe].writeVmcr(low),
    ),
    ...Array.from({ length: listRegisters }, (_, n) =>
      row(
        `ICH_LR${n}_EL2`,
        (gic, pe, { n: index }) => {
          gic.high = gic.virtual[pe].lrHigh[index];
          return gic.virtual[pe].lrLow[index];
        },
        (gic, pe, low, high, { n: index }) => gic.virtual[pe].writeListRegister(index, high, low),
        n,
      ),
    ),
  ];
}

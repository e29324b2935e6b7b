/** Exception breakpoint filters: one row each. */

import type {
  BreakpointSpec,
  ExceptionEvent,
  ExceptionLevel,
  ExceptionSieve,
  PeView,
  Target,
  TranslationRegime,
} from '../simulator/target.ts';
import { CHANGES_LEVEL, TAKEN } from './sieves.ts';
import { specsOf } from './subjects.ts';
import { Symbols } from './symbols/index.ts';

export interface ExceptionFilter {
  readonly filter: string;
  readonly label: string;
  readonly description: string;
  /** The exceptions that it is about; none for filters of something else. */
  readonly sieves: readonly ExceptionSieve[];
  /** What has to hold besides. */
  readonly when?: (event: ExceptionEvent, pe: PeView) => boolean;
  /** For filters of what is no exception: what the machine has to watch instead, on every PE. */
  readonly specs?: (target: Target) => readonly BreakpointSpec[];
}

/** What the machine has to watch for a filter; with a regime only exceptions taken from it, and returns to it. */
export function filterSpecs(
  row: ExceptionFilter,
  target: Target,
  regime: TranslationRegime | undefined,
): readonly BreakpointSpec[] {
  if (row.specs !== undefined) {
    if (regime !== undefined) throw new Error(`"${row.label}" has no regime to be bound to.`);
    return row.specs(target);
  }
  return [
    {
      kind: 'exception',
      sieves: row.sieves,
      match: event => {
        const pe = target.pes[event.pe];
        return (row.when?.(event, pe) ?? true) && (regime === undefined || regimeBelow(event, pe) === regime);
      },
    },
  ];
}

/** The regime that an exception was taken from, or that an exception return goes to. */
function regimeBelow(event: ExceptionEvent, pe: PeView): TranslationRegime {
  const level = event.kind === 'taken' ? event.from : event.to;
  if (level === 3) return 'EL3';
  const hcr = hcrOf(pe);
  const host = (hcr & HCR_EL2_E2H) !== 0n;
  if (level === 2) return host ? 'EL2&0' : 'EL2';
  return level === 0 && host && (hcr & HCR_EL2_TGE) !== 0n ? 'EL2&0' : 'EL1&0';
}

const HCR_EL2_VM = 1n;
const HCR_EL2_IMO = 1n << 4n;
const HCR_EL2_FMO = 1n << 3n;
const HCR_EL2_TGE = 1n << 27n;
const HCR_EL2_E2H = 1n << 34n;

function hcrOf(pe: PeView): bigint {
  try {
    return pe.readRegister('HCR_EL2');
  } catch {
    return 0n; // a PE without EL2
  }
}

/** A guest runs at EL1 and EL0: stage 2 is on, and the host's own processes are not there. */
const inGuest = (pe: PeView): boolean => (hcrOf(pe) & (HCR_EL2_VM | HCR_EL2_TGE)) === HCR_EL2_VM;

/** The interrupt of a virtual CPU interface wants the hypervisor: a bit of ICH_MISR_EL2 is set. */
function isMaintenance(pe: PeView): boolean {
  try {
    return pe.readRegister('ICH_MISR_EL2') !== 0n;
  } catch {
    return false; // GICv2 says so in a frame of memory
  }
}

const INTERRUPTS = ['irq', 'fiq'] as const;
const trap = (...classes: readonly number[]): readonly ExceptionSieve[] => [{ types: ['sync'], classes }];
const to = (...levels: readonly ExceptionLevel[]): readonly ExceptionSieve[] => [{ types: TAKEN, to: levels }];

// Values of ESR_ELx.EC (Arm ARM D24.2.40): WFx 0x01, HVC 0x12 and 0x16, SMC 0x13 and 0x17, MSR/MRS/system 0x18,
// MCR/MRC/MRRC 0x03 to 0x08, aborts from a lower level 0x20 and 0x24.
export const EXCEPTION_FILTERS: readonly ExceptionFilter[] = [
  {
    filter: 'el-change',
    label: 'Exception level changes',
    description: 'Every exception taken to another level, and every return to one.',
    sieves: CHANGES_LEVEL,
  },
  { filter: 'to-el1', label: 'Taken to EL1', description: 'Every exception that is taken to EL1.', sieves: to(1) },
  { filter: 'to-el2', label: 'Taken to EL2', description: 'Every exception that is taken to EL2.', sieves: to(2) },
  { filter: 'to-el3', label: 'Taken to EL3', description: 'Every exception that is taken to EL3.', sieves: to(3) },
  {
    filter: 'return',
    label: 'Exception return',
    description: 'Every ERET, at its target.',
    sieves: [{ types: ['eret'] }],
  },
  { filter: 'trap-hvc', label: 'HVC', description: 'Hypervisor calls.', sieves: trap(0x12, 0x16) },
  {
    filter: 'trap-smc',
    label: 'SMC',
    description: 'Secure monitor calls, also those that HCR_EL2.TSC traps.',
    sieves: trap(0x13, 0x17),
  },
  {
    filter: 'trap-wfx',
    label: 'Trapped WFI or WFE',
    description: 'WFI, WFE, WFIT and WFET that a control traps.',
    sieves: trap(0x01),
  },
  {
    filter: 'trap-sysreg',
    label: 'Trapped system register',
    description: 'System register accesses and system instructions that a control traps.',
    sieves: trap(0x03, 0x04, 0x05, 0x06, 0x08, 0x18),
  },
  {
    filter: 'trap-stage2-abort',
    label: 'Stage-2 abort',
    description: 'Instruction and data aborts from a lower level taken to EL2.',
    sieves: [{ types: ['sync'], classes: [0x20, 0x24], to: [2] }],
  },
  {
    filter: 'irq',
    label: 'Interrupt taken',
    description: 'IRQs and FIQs, physical and virtual, when they are taken.',
    sieves: [{ types: INTERRUPTS }],
  },
  {
    filter: 'virtual-irq',
    label: 'Virtual interrupt delivered',
    description: 'Virtual IRQs and FIQs, when the guest takes them at EL1.',
    sieves: [{ types: INTERRUPTS, to: [1] }],
    when: (event, pe) => (hcrOf(pe) & (event.type === 'irq' ? HCR_EL2_IMO : HCR_EL2_FMO)) !== 0n,
  },
  {
    filter: 'maintenance',
    label: 'Maintenance interrupt',
    description: 'IRQs taken to EL2 while ICH_MISR_EL2 has a reason for the maintenance interrupt.',
    sieves: [{ types: INTERRUPTS, to: [2] }],
    when: (_, pe) => isMaintenance(pe),
  },
  {
    filter: 'trap-eret',
    label: 'Trapped ERET',
    description: 'ERET of a guest hypervisor, trapped by HCR_EL2.NV.',
    sieves: trap(0x1a),
  },
  {
    filter: 'trap-fp',
    label: 'Trapped floating point',
    description: 'SIMD and floating point while CPTR_EL2 or CPACR_EL1 traps it.',
    sieves: trap(0x07),
  },
  {
    filter: 'world-exit',
    label: 'World switch: exit',
    description: 'A guest is left: an exception to EL2 from EL1 or EL0 with stage 2 on.',
    sieves: [{ types: TAKEN, from: [0, 1], to: [2] }],
    when: (_, pe) => inGuest(pe),
  },
  {
    filter: 'world-enter',
    label: 'World switch: enter',
    description: 'A guest is entered: an exception return from EL2 to EL1 or EL0 with stage 2 on.',
    sieves: [{ types: ['eret'], from: [2], to: [0, 1] }],
    when: (_, pe) => inGuest(pe),
  },
  {
    filter: 'list-register',
    label: 'List register written',
    description: 'Writes of list registers by a hypervisor.',
    sieves: [],
    specs: target => {
      const symbols = new Symbols();
      return target.pes.flatMap(pe =>
        target
          .listRegisters(pe.index)
          .flatMap(({ index }) =>
            specsOf({ kind: 'list-register', index }, 'write', { pe, symbols, target }).slice(0, 1),
          ),
      );
    },
  },
];

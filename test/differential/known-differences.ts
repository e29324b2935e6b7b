/**
 * Where an oracle says something else than Hyperstep, and why Hyperstep is kept as it is. The tests leave out what a row
 * here applies to and nothing else; docs/coverage.md lists all rows. A difference without a row is a failed test.
 *
 * The deviations of QEMU in the system programs stand with those programs, in test/guests/programs.ts.
 */

import { laterRegister } from '../../simulator/arch/registers/index.ts';
import { type AccessCase, BASE } from './access-cases.ts';
import type { Case, Outcome } from './single-instructions.ts';

/** What is common to all of them, and what the document prints. */
export interface KnownDifference {
  /** What it is about: rows, registers or rules. */
  readonly about: string;
  /** What the oracle says. */
  readonly oracle: string;
  /** What is said here, with the rule. */
  readonly here: string;
}

export interface CaseDifference extends KnownDifference {
  readonly applies: (one: Case) => boolean;
  /** What the oracle would say without its mistake; left out where that cannot be told, and then nothing is compared. */
  readonly correct?: (one: Case, theirs: Outcome) => void;
}

export interface AccessDifference extends KnownDifference {
  readonly applies: (one: AccessCase) => boolean;
}

export interface WordDifference extends KnownDifference {
  readonly applies: (word: number) => boolean;
}

const FPCR_FZ = 1 << 24;

/** Rows that are not compared at all: the algorithm is up to the implementation. */
export const ownAlgorithm = {
  about: 'PAC*, AUT*, XPAC*, BRA*, BLRA*, RETA*, ERETA*, LDRA*',
  oracle: 'QEMU computes QARMA.',
  here: 'A hash of our own, as FEAT_PAuth allows (ID_AA64ISAR1_EL1.API). test/engine/signed-pointers.test.ts has them.',
  rows: /^(PAC|AUT|XPAC|BRA|BLRA|E?RETA|LDRA[AB])/,
} as const;

/** Instructions at EL0, under qemu-aarch64 7.2. */
export const caseDifferences: readonly CaseDifference[] = [
  {
    about: 'FCVTZS_shift_scalar_half',
    oracle: 'QEMU leaves 32 bits of a negative 16-bit result in the register.',
    here: 'The element is written and the rest of the register is zero: `V[d, esize]`.',
    applies: one => one.name.startsWith('FCVTZS_shift_scalar_half'),
    correct: ({ words }, theirs) => {
      theirs.v[2 * (words[0] & 31)] &= 0xffffn;
    },
  },
  {
    about: 'FJCVTZS of a positive denormal while FPCR.FZ is 1',
    oracle: 'QEMU sets Z.',
    here: 'Z is clear: where the value is a positive zero, FPToFixedJS (Arm ARM) looks whether the fraction of the operand was zero before the flush.',
    applies: ({ name, words, before }) => {
      if (!name.startsWith('FJCVTZS')) return false;
      const operand = before.v[2 * ((words[0] >>> 5) & 31)];
      return ((before.fpcr ?? 0) & FPCR_FZ) !== 0 && operand !== 0n && operand >> 52n === 0n;
    },
  },
];

const field = (word: number, shift: number, width: number): number => (word >>> shift) & ((1 << width) - 1);

/** Words whose text differs from what LLVM 14 prints. */
export const wordDifferences: readonly WordDifference[] = [
  {
    about: 'WFET and WFIT',
    oracle: 'LLVM 14 does not have them among the features of Armv8.6.',
    here: 'FEAT_WFxT is optional from Armv8.7 and can be switched on.',
    applies: word => (word & 0xffffffc0) >>> 0 === 0xd5031000,
  },
  {
    about: 'MRS and MSR of registers that later extensions brought',
    oracle: 'LLVM 14 prints the generic name.',
    here: 'The register is named, so that a stop at one can be explained; it is UNDEFINED.',
    applies: word =>
      word >>> 22 === 0xd50 >>> 2 &&
      laterRegister(
        field(word, 19, 2),
        field(word, 16, 3),
        field(word, 12, 4),
        field(word, 8, 4),
        field(word, 5, 3),
      ) !== undefined,
  },
];

/** Differences in how a word is written, which llvm-text.ts translates. */
export const textDifferences: readonly KnownDifference[] = [
  {
    about: 'Branches, ADR, ADRP and literals',
    oracle: 'llvm-mc prints the distance.',
    here: 'The target is printed. It is the same number at address 0, where the tests disassemble.',
  },
  {
    about: 'MSR (immediate) of UAO, PAN and SSBS with other immediates than 0 and 1',
    oracle: 'LLVM prints a generic system register.',
    here: 'Bit 0 of CRm is the value (Arm ARM C5.2).',
  },
  {
    about: 'XAFLAG and AXFLAG with other bits than zero in CRm, and unallocated encodings of op0 = 0',
    oracle: 'LLVM accepts them.',
    here: 'UNDEFINED, as in QEMU.',
  },
  {
    about: 'Registers that only one side has a name for',
    oracle: 'LLVM prints its name, or a generic one.',
    here: 'The name of the row, or a generic one.',
  },
];

const named = (pattern: RegExp) => (one: AccessCase) => pattern.test(one.row.name);
const changes = (one: AccessCase, control: string, bits: bigint): boolean =>
  (((one.controls.get(control) ?? BASE[control]) ^ BASE[control]) & bits) !== 0n;
const TPM = 1n << 6n;
const TPMCR = 1n << 5n;
const TGE_AND_E2H = (1n << 34n) | (1n << 27n);

/** Accesses that end otherwise in QEMU 10; see access-cases.ts. */
export const accessDifferences: readonly AccessDifference[] = [
  {
    about: 'DBGDTR_EL0, DBGPRCR_EL1, DBGAUTHSTATUS_EL1',
    oracle: 'QEMU does not have them.',
    here: 'They are there: the architecture requires them of every PE.',
    applies: named(/^(DBGDTR_EL0|DBGPRCR_EL1|DBGAUTHSTATUS_EL1)$/),
  },
  {
    about: 'PMEVCNTR<n>_EL0 and PMEVTYPER<n>_EL0 of event counters that are not there',
    oracle: 'UNDEFINED.',
    here: 'RAZ/WI, and trapped as those that are there: the other one of the choices of the Arm ARM (D13, CONSTRAINED UNPREDICTABLE).',
    applies: named(/^PMEV(CNTR|TYPER)15_EL0$/),
  },
  {
    about: 'MDCR_EL2.TPM and MDCR_EL3.TPM at EL0',
    oracle: 'QEMU forgets them where PMUSERENR_EL0.ER, CR or SW allowed the access.',
    here: 'The access traps: the accessibility pseudocode tests the controls of EL1 first, and those of EL2 and EL3 next.',
    applies: one =>
      one.el === 0 &&
      /^PM(SWINC|SELR|XEVCNTR|EVCNTR\d+|CCNTR)_EL0$/.test(one.row.name) &&
      (changes(one, 'MDCR_EL2', TPM) || changes(one, 'MDCR_EL3', TPM)),
  },
  {
    about: 'MDCR_EL2.TPMCR',
    oracle: 'QEMU does not have it.',
    here: 'Accesses of PMCR_EL0 trap (Arm ARM, MDCR_EL2.TPMCR; Linux uses it for its guests).',
    applies: one => one.row.name === 'PMCR_EL0' && changes(one, 'MDCR_EL2', TPMCR),
  },
  {
    about: 'HDFGRTR_EL2.PMUSERENR_EL0 and HDFGWTR_EL2.PMUSERENR_EL0',
    oracle: 'QEMU does not have them.',
    here: 'They trap PMUSERENR_EL0, as Linux, which lists the bit for both registers, expects.',
    applies: one =>
      one.row.name === 'PMUSERENR_EL0' && (one.controls.has('HDFGRTR_EL2') || one.controls.has('HDFGWTR_EL2')),
  },
  {
    about: 'HDFGRTR_EL2.OSDLR_EL1 and HDFGWTR_EL2.OSDLR_EL1',
    oracle: 'QEMU traps OSDLR_EL1.',
    here: 'The fields are RES0 where FEAT_DoubleLock is absent, as it is here.',
    applies: one =>
      one.row.name === 'OSDLR_EL1' && (one.controls.has('HDFGRTR_EL2') || one.controls.has('HDFGWTR_EL2')),
  },
  {
    about: 'DAIF at EL0 while HCR_EL2.{E2H,TGE} is {1,1}',
    oracle: 'QEMU asks bit 9 of SCTLR_EL2, which is RES0, as if it were UMA.',
    here: 'Trapped to EL2: only SCTLR_EL1 has UMA, and the accessibility pseudocode of DAIF names {E2H,TGE}.',
    applies: one =>
      one.el === 0 && /^DAIF/.test(one.row.name) && ((one.controls.get('HCR_EL2') ?? 0n) & TGE_AND_E2H) === TGE_AND_E2H,
  },
  {
    about: 'ISS of a trapped MSR DAIFSet or DAIFClr',
    oracle: 'QEMU swaps Op1 and Op2.',
    here: 'Op1 is 3, and Op2 is 6 or 7, as in the encoding.',
    applies: named(/^DAIF(Set|Clr)$/),
  },
];

/** Registers that only one of cortex-a57 and cortex-a72 has, here or in QEMU 7.2. */
export const modelDifferences: readonly AccessDifference[] = [
  {
    about:
      'OSDTRRX_EL1, OSDTRTX_EL1, OSECCR_EL1, DBGPRCR_EL1, DBGCLAIMSET_EL1, DBGCLAIMCLR_EL1, DBGAUTHSTATUS_EL1, DBGDTR*_EL0 and event counters that are not there, on Cortex-A57 and Cortex-A72',
    oracle: 'QEMU 7.2 does not have them.',
    here: 'They are there: the architecture requires the registers of every PE; for the counters see above.',
    applies: named(
      /^(OSDTR[RT]X_EL1|OSECCR_EL1|DBGPRCR_EL1|DBGCLAIM(SET|CLR)_EL1|DBGAUTHSTATUS_EL1|DBGDTR.*|PMEV(CNTR|TYPER)15_EL0)$/,
    ),
  },
  {
    about: 'DACR32_EL2, IFSR32_EL2, FPEXC32_EL2 and DBGVCR32_EL2, on Cortex-A57 and Cortex-A72',
    oracle: 'They hold state of AArch32.',
    here: 'UNDEFINED: there is no AArch32 state.',
    applies: named(/^(DACR32|IFSR32|FPEXC32|DBGVCR32)_EL2$/),
  },
];

export interface IdentificationDifference extends KnownDifference {
  readonly registers: RegExp;
  /** Bits that are the same all the same. */
  readonly same: bigint;
}

/** ID registers of cortex-a57 and cortex-a72 that say something else than QEMU's. */
export const identificationDifferences: readonly IdentificationDifference[] = [
  {
    about: 'ID registers of AArch32',
    oracle: 'They describe it.',
    here: 'They read as zero: there is no AArch32 state.',
    registers: /^(ID_(PFR|DFR|AFR|MMFR|ISAR)\d|MVFR\d)_EL1$/,
    same: 0n,
  },
  {
    about: 'ID_AA64PFR0_EL1.EL0 to EL3',
    oracle: '2: AArch64 and AArch32.',
    here: '1: AArch64.',
    registers: /^ID_AA64PFR0_EL1$/,
    same: ~0xffffn,
  },
  {
    about: 'ID_AA64DFR0_EL1.DoubleLock',
    oracle: '0: implemented.',
    here: '15: not implemented, as a PE may choose.',
    registers: /^ID_AA64DFR0_EL1$/,
    same: ~(15n << 36n),
  },
  {
    about: 'ID_AA64MMFR0_EL1.BigEnd',
    oracle: '1: big-endian data.',
    here: '0: not modelled.',
    registers: /^ID_AA64MMFR0_EL1$/,
    same: ~0xf00n,
  },
  {
    about: 'Revision in MIDR_EL1',
    oracle: 'r1p0 of Cortex-A57, r0p3 of Cortex-A72.',
    here: 'r1p3 and r1p0.',
    registers: /^MIDR_EL1$/,
    same: ~0xf0000fn,
  },
  {
    about: 'PMCR_EL0.IMP and IDCODE',
    oracle: 'Those of Arm.',
    here: '0: software looks at MIDR_EL1 instead.',
    registers: /^PMCR_EL0$/,
    same: 0xffffn,
  },
];

/** What QEMU leaves out, so that no program is compared with it there. */
export const omissions: readonly KnownDifference[] = [
  {
    about: 'SCTLR_ELx.SA and SA0',
    oracle: 'QEMU does not check the alignment of SP.',
    here: 'An access with SP as base faults (Arm ARM, CheckSPAlignment). test/engine/stack-alignment.test.ts has them.',
  },
];

/** Mends what the oracle is known to get wrong. False where there is nothing left to compare with. */
export function correctQemu(one: Case, theirs: Outcome): boolean {
  for (const { applies, correct } of caseDifferences) {
    if (!applies(one)) continue;
    if (!correct) return false;
    correct(one, theirs);
  }
  return true;
}

/** Whether a word is one that LLVM is known to write otherwise. */
export const isOtherwiseNamed = (word: number): boolean => wordDifferences.some(({ applies }) => applies(word));

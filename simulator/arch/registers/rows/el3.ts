import { type RegisterSpec, reg } from '../notation.ts';
import { sctlrOneRange, tcrOneRange } from './el2.ts';
import { esr, mair, spsr, vectorBase, whole, word } from './shared.ts';

/** System registers of EL3. */
export const el3: readonly RegisterSpec[] = [
  reg('SCTLR_EL3', '3 6 1 0 0', 'rw3', 'System control for EL3.', sctlrOneRange),
  reg('ACTLR_EL3', '3 6 1 0 1', 'rw3', 'Auxiliary control; nothing is in it.', '', { raz: true }),
  reg(
    'SCR_EL3',
    '3 6 1 1 0',
    'rw3',
    'Security state and what EL3 traps and takes.',
    `
    38 HXEn [hcx] HCRX_EL2 at EL2. | 0=trapped; 1=allowed
    33:30 TWEDEL [twed]
    29 TWEDEn [twed]
    28 ECVEn [ecv] CNTPOFF_EL2 at EL2. | 0=trapped; 1=allowed
    27 FGTEn [fgt] Fine-grained traps of EL2 are in use, and their registers are not trapped.
    25 EnSCXT [csv2_2] SCXTNUM registers below EL3. | 0=trapped; 1=allowed
    18 EEL2 =0
    17 API [pauth] PAuth instructions below EL3. | 0=trapped; 1=allowed
    16 APK [pauth] PAuth keys below EL3. | 0=trapped; 1=allowed
    15 TERR [ras] Traps error record registers.
    14 TLOR [lor] Traps the registers of limited ordering regions.
    13 TWE Traps WFE.
    12 TWI Traps WFI.
    11 ST Secure EL1 may use the secure timer.
    10 RW =1 The next lower level uses AArch64, the only state of this PE. | 1=AArch64
    9 SIF Secure state does not fetch from Non-secure memory.
    8 HCE HVC. | 0=UNDEFINED; 1=enabled
    7 SMD SMC. | 0=enabled; 1=UNDEFINED
    5:4 RES1
    3 EA External aborts and SError go to EL3.
    2 FIQ Physical FIQ goes to EL3.
    1 IRQ Physical IRQ goes to EL3.
    0 NS Security state below EL3. | 0=Secure; 1=Non-secure
  `,
  ),
  reg('SDER32_EL3', '3 6 1 1 1', 'rw3', 'Secure debug enable of AArch32.', '1 SUNIDEN\n0 SUIDEN', {
    feature: 'aarch32',
  }),
  reg(
    'CPTR_EL3',
    '3 6 1 1 2',
    'rw3',
    'Traps of FP, AdvSIMD, trace and CPACR_EL1, CPTR_EL2.',
    `
    31 TCPAC Traps CPACR_EL1 and CPTR_EL2.
    30 TAM =0
    20 TTA =0
    10 TFP Traps FP and AdvSIMD.
  `,
  ),
  reg(
    'MDCR_EL3',
    '3 6 1 3 1',
    'rw3',
    'Debug and performance monitors, seen from EL3.',
    `
    28 MTPME =0
    27 TDCC [fgt] Traps the debug communication channel.
    23 SCCD [pmuv3p5] Cycle counter stops in Secure state.
    21 EPMAD
    20 EDAD
    19 TTRF [trf]
    18 STE [trf]
    17 SPME Event counters count in Secure state.
    16 SDD Secure debug off.
    15:14 SPD32
    13:12 NSPB =0
    10 TDOSA Traps the registers of the OS lock.
    9 TDA Traps debug registers.
    6 TPM [pmuv3] Traps performance monitors.
  `,
  ),
  reg(
    'TTBR0_EL3',
    '3 6 2 0 0',
    'rw3',
    'Translation table of EL3.',
    `
    47:1 BADDR Address of the translation table.
    0 CnP [ttcnp] Common not private.
  `,
  ),
  reg('TCR_EL3', '3 6 2 0 2', 'rw3', 'Translation control of EL3.', tcrOneRange),
  reg('SPSR_EL3', '3 6 4 0 0', 'rw3', 'Saved program status of EL3.', spsr),
  reg('ELR_EL3', '3 6 4 0 1', 'rw3', 'Exception link register of EL3.', whole('ReturnAddress')),
  reg('SP_EL2', '3 6 4 1 0', 'rw3', 'Stack pointer of EL2.', whole('SP')),
  reg('AFSR0_EL3', '3 6 5 1 0', 'rw3', 'Auxiliary fault status 0.', word('AFSR')),
  reg('AFSR1_EL3', '3 6 5 1 1', 'rw3', 'Auxiliary fault status 1.', word('AFSR')),
  reg('ESR_EL3', '3 6 5 2 0', 'rw3', 'Exception syndrome of EL3.', esr),
  reg('FAR_EL3', '3 6 6 0 0', 'rw3', 'Fault address of EL3.', whole('VA')),
  reg('MAIR_EL3', '3 6 10 2 0', 'rw3', 'Memory attributes of EL3.', mair),
  reg('AMAIR_EL3', '3 6 10 3 0', 'rw3', 'Auxiliary memory attributes of EL3.', whole('AMAIR')),
  reg('VBAR_EL3', '3 6 12 0 0', 'rw3', 'Vector base of EL3.', vectorBase),
  reg('RVBAR_EL3', '3 6 12 0 1', 'r3', 'Reset address.', whole('ResetAddress')),
  reg(
    'RMR_EL3',
    '3 6 12 0 2',
    'rw3',
    'Warm reset request.',
    `
    1 RR Requests a warm reset.
    0 AA64 =1
  `,
  ),
  reg('TPIDR_EL3', '3 6 13 0 2', 'rw3', 'Thread pointer of EL3, for software.', whole('ThreadID')),
  reg('SCXTNUM_EL3', '3 6 13 0 7', 'rw3', 'Software context number of EL3.', whole('SoftwareContextNumber'), {
    feature: 'csv2_2',
  }),
];

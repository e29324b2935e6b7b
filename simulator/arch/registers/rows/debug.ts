import { family, type RegisterSpec, reg } from '../notation.ts';
import { spsr, whole, word } from './shared.ts';

/** Breakpoint and watchpoint registers have the index in CRm. */
const at = (op2: number) => (n: number) => `2 0 0 ${n} ${op2}`;

/** Of 16 possible ones, 6 breakpoints and 4 watchpoints are there, as ID_AA64DFR0_EL1 says (rows/id.ts). */
export const BREAKPOINTS = 6;
export const WATCHPOINTS = 4;

/** A register that is one of `count`; the architecture has room for 16. */
const oneOf = (count: number) => (n: number) => (n < count ? {} : { feature: 'morepoints' });

/** Self-hosted debug. There is no external debugger, so the channel to it (DTR) is always empty. */
export const debug: readonly RegisterSpec[] = [
  reg('OSDTRRX_EL1', '2 0 0 0 2', 'rw1', 'Debug channel in, for saving.', word('DTRRX')),
  reg(
    'MDCCINT_EL1',
    '2 0 0 2 0',
    'rw1',
    'Interrupts of the debug channel.',
    `
    30 RX
    29 TX
  `,
  ),
  reg(
    'MDSCR_EL1',
    '2 0 0 2 2',
    'rw1',
    'Control of self-hosted debug.',
    `
    30 RXfull
    29 TXfull
    27 RXO
    26 TXU
    23:22 INTdis
    21 TDA
    15 MDE Breakpoints and watchpoints. | 0=off; 1=on
    14 HDE
    13 KDE Debug exceptions within the level that takes them. | 0=off; 1=on
    12 TDCC Traps the debug channel at EL0.
    6 ERR
    0 SS Software step. | 0=off; 1=on
  `,
    { vncr: 0x158 },
  ),
  reg('OSDTRTX_EL1', '2 0 0 3 2', 'rw1', 'Debug channel out, for saving.', word('DTRTX')),
  reg('OSECCR_EL1', '2 0 0 6 2', 'rw1', 'External debug exception catch, for saving.', word('EDECCR')),
  ...family(16, 'DBGBVR<n>_EL1', at(4), 'rw1', 'Value of breakpoint <n>.', whole('Value'), oneOf(BREAKPOINTS)),
  ...family(
    16,
    'DBGBCR<n>_EL1',
    at(5),
    'rw1',
    'Control of breakpoint <n>.',
    `
    23:20 BT Type. | 0=address; 1=address, linked; 2=context; 3=context, linked; 4=address mismatch; 6=CONTEXTIDR_EL1; 8=VMID; 9=VMID, linked; 10=VMID and context; 11=VMID and context, linked; 12=CONTEXTIDR_EL2; 13=CONTEXTIDR_EL2, linked; 14=both contexts; 15=both contexts, linked
    19:16 LBN Linked breakpoint.
    15:14 SSC Security states.
    13 HMC Higher exception levels.
    8:5 BAS Bytes.
    2:1 PMC Exception levels.
    0 E | 0=off; 1=on
  `,
    oneOf(BREAKPOINTS),
  ),
  ...family(16, 'DBGWVR<n>_EL1', at(6), 'rw1', 'Address of watchpoint <n>.', '63:2 VA', oneOf(WATCHPOINTS)),
  ...family(
    16,
    'DBGWCR<n>_EL1',
    at(7),
    'rw1',
    'Control of watchpoint <n>.',
    `
    28:24 MASK Address bits that are not compared.
    20 WT Linked to a context breakpoint.
    19:16 LBN Linked breakpoint.
    15:14 SSC Security states.
    13 HMC Higher exception levels.
    12:5 BAS Bytes.
    4:3 LSC Accesses. | 1=loads; 2=stores; 3=both
    2:1 PAC Exception levels.
    0 E | 0=off; 1=on
  `,
    oneOf(WATCHPOINTS),
  ),
  reg(
    'MDRAR_EL1',
    '2 0 1 0 0',
    'r1',
    'Address of the debug ROM table: none.',
    `
    55:12 ROMADDR =0
    1:0 Valid =0
  `,
  ),
  reg('OSLAR_EL1', '2 0 1 0 4', 'w1', 'OS lock.', '0 OSLK | 0=unlock; 1=lock'),
  reg(
    'OSLSR_EL1',
    '2 0 1 1 4',
    'r1',
    'State of the OS lock.',
    `
    3 OSLM1 =1
    2 nTT =0
    1 OSLK | 0=unlocked; 1=locked
    0 OSLM0 =0
  `,
    // A cold reset locks it.
    { reset: 2n },
  ),
  reg('OSDLR_EL1', '2 0 1 3 4', 'rw1', 'OS double lock; not implemented, so RAZ/WI.', '0 DLK =0'),
  reg('DBGPRCR_EL1', '2 0 1 4 4', 'rw1', 'Debug power control.', '0 CORENPDRQ'),
  reg('DBGCLAIMSET_EL1', '2 0 7 8 6', 'rw1', 'Claim tags: reads as ones, sets.', '7:0 CLAIM', {
    storage: 'DBGCLAIMCLR_EL1',
  }),
  reg('DBGCLAIMCLR_EL1', '2 0 7 9 6', 'rw1', 'Claim tags: reads them, clears.', '7:0 CLAIM'),
  reg(
    'DBGAUTHSTATUS_EL1',
    '2 0 7 14 6',
    'r1',
    'State of the debug authentication signals.',
    `
    7:6 SNID =0
    5:4 SID =0
    3:2 NSNID =3
    1:0 NSID =3
  `,
  ),
  reg(
    'MDCCSR_EL0',
    '2 3 0 1 0',
    'r0',
    'State of the debug channel.',
    `
    30 RXfull
    29 TXfull
  `,
  ),
  reg(
    'DBGDTR_EL0',
    '2 3 0 4 0',
    'rw0',
    'Debug channel, 64 bits.',
    `
    63:32 HighWord
    31:0 LowWord
  `,
  ),
  reg('DBGDTRRX_EL0', '2 3 0 5 0', 'r0', 'Debug channel in.', word('DTRRX'), { writes: 'DBGDTRTX_EL0' }),
  reg('DBGDTRTX_EL0', '2 3 0 5 0', 'w0', 'Debug channel out.', word('DTRTX'), { shadowed: true }),
  // Accessible in Debug state only, which this machine never enters.
  reg('DSPSR_EL0', '3 3 4 5 0', 'rw4', 'Saved program status of Debug state.', spsr),
  reg('DLR_EL0', '3 3 4 5 1', 'rw4', 'Return address of Debug state.', whole('Address')),
];

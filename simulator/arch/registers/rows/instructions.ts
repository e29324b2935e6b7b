import type { InstructionRow } from '../notation.ts';

/** One instruction: name, `op0 op1 CRn CRm op2`, lowest EL, what it does, and the feature that brings it. */
function sys(name: string, encoding: string, el: number, text: string, feature?: string): InstructionRow {
  const [op0, op1, crn, crm, op2] = encoding.split(' ').map(Number);
  const argument = !/^(IC IALLU|IC IALLUIS|TLBI (VMALL|ALL).*)$/.test(name);
  return { kind: 'instruction', name, op0, op1, crn, crm, op2, el, text, feature, argument };
}

const domains = [
  { suffix: '', where: '' },
  { suffix: 'IS', where: ' in the Inner Shareable domain' },
  { suffix: 'OS', where: ' in the Outer Shareable domain' },
] as const;

/** CRm of TLBI of one address or of a space, by domain, and of TLBI of a range. */
const single = { '': 7, IS: 3, OS: 1 } as const;
const range = { '': 6, IS: 2, OS: 5 } as const;

/** TLBI of stage 1, for a regime: the forms in each domain. */
function tlbi(op1: number, el: number, regime: string, forms: readonly [string, number, string, 'single' | 'range'][]) {
  return domains.flatMap(({ suffix, where }) =>
    forms.map(([name, op2, what, kind]) =>
      sys(
        `TLBI ${name}${suffix}`,
        `1 ${op1} 8 ${(kind === 'single' ? single : range)[suffix]} ${op2}`,
        el,
        `Invalidates ${what} of ${regime}${where}.`,
        kind === 'range' ? 'tlbirange' : suffix === 'OS' ? 'tlbios' : undefined,
      ),
    ),
  );
}

/** System instructions in the encoding space of SYS. */
export const instructions: readonly InstructionRow[] = [
  sys('IC IALLUIS', '1 0 7 1 0', 1, 'Invalidates all instruction caches in the Inner Shareable domain.'),
  sys('IC IALLU', '1 0 7 5 0', 1, 'Invalidates the instruction cache.'),
  sys('IC IVAU', '1 3 7 5 1', 0, 'Invalidates the instruction cache for an address.'),
  sys('DC IVAC', '1 0 7 6 1', 1, 'Invalidates a data cache line to the point of coherency.'),
  sys('DC ISW', '1 0 7 6 2', 1, 'Invalidates a data cache line by set and way.'),
  sys('DC CSW', '1 0 7 10 2', 1, 'Cleans a data cache line by set and way.'),
  sys('DC CISW', '1 0 7 14 2', 1, 'Cleans and invalidates a data cache line by set and way.'),
  sys('DC ZVA', '1 3 7 4 1', 0, 'Zeroes a block of memory.'),
  sys('DC CVAC', '1 3 7 10 1', 0, 'Cleans a data cache line to the point of coherency.'),
  sys('DC CVAU', '1 3 7 11 1', 0, 'Cleans a data cache line to the point of unification.'),
  sys('DC CVAP', '1 3 7 12 1', 0, 'Cleans a data cache line to the point of persistence.', 'dpb'),
  sys('DC CVADP', '1 3 7 13 1', 0, 'Cleans a data cache line to the point of deep persistence.', 'dpb2'),
  sys('DC CIVAC', '1 3 7 14 1', 0, 'Cleans and invalidates a data cache line to the point of coherency.'),
  sys('CFP RCTX', '1 3 7 3 4', 0, 'Restricts control flow prediction of a context.', 'specres'),
  sys('DVP RCTX', '1 3 7 3 5', 0, 'Restricts data value prediction of a context.', 'specres'),
  sys('CPP RCTX', '1 3 7 3 7', 0, 'Restricts cache prefetch prediction of a context.', 'specres'),
  sys('AT S1E1R', '1 0 7 8 0', 1, 'Translates an address as a read at EL1, stage 1.'),
  sys('AT S1E1W', '1 0 7 8 1', 1, 'Translates an address as a write at EL1, stage 1.'),
  sys('AT S1E0R', '1 0 7 8 2', 1, 'Translates an address as a read at EL0, stage 1.'),
  sys('AT S1E0W', '1 0 7 8 3', 1, 'Translates an address as a write at EL0, stage 1.'),
  sys('AT S1E1RP', '1 0 7 9 0', 1, 'Translates an address as a read at EL1 with PAN, stage 1.', 'pan2'),
  sys('AT S1E1WP', '1 0 7 9 1', 1, 'Translates an address as a write at EL1 with PAN, stage 1.', 'pan2'),
  sys('AT S1E2R', '1 4 7 8 0', 2, 'Translates an address as a read at EL2.'),
  sys('AT S1E2W', '1 4 7 8 1', 2, 'Translates an address as a write at EL2.'),
  sys('AT S12E1R', '1 4 7 8 4', 2, 'Translates an address as a read at EL1, both stages.'),
  sys('AT S12E1W', '1 4 7 8 5', 2, 'Translates an address as a write at EL1, both stages.'),
  sys('AT S12E0R', '1 4 7 8 6', 2, 'Translates an address as a read at EL0, both stages.'),
  sys('AT S12E0W', '1 4 7 8 7', 2, 'Translates an address as a write at EL0, both stages.'),
  sys('AT S1E3R', '1 6 7 8 0', 3, 'Translates an address as a read at EL3.'),
  sys('AT S1E3W', '1 6 7 8 1', 3, 'Translates an address as a write at EL3.'),
  ...tlbi(0, 1, 'EL1&0', [
    ['VMALLE1', 0, 'all stage 1 entries of this VMID', 'single'],
    ['VAE1', 1, 'an address in an ASID', 'single'],
    ['ASIDE1', 2, 'an ASID', 'single'],
    ['VAAE1', 3, 'an address in every ASID', 'single'],
    ['VALE1', 5, 'the last level of an address in an ASID', 'single'],
    ['VAALE1', 7, 'the last level of an address in every ASID', 'single'],
    ['RVAE1', 1, 'a range in an ASID', 'range'],
    ['RVAAE1', 3, 'a range in every ASID', 'range'],
    ['RVALE1', 5, 'the last level of a range in an ASID', 'range'],
    ['RVAALE1', 7, 'the last level of a range in every ASID', 'range'],
  ]),
  ...tlbi(4, 2, 'EL2 or EL2&0', [
    ['ALLE2', 0, 'all entries', 'single'],
    ['VAE2', 1, 'an address', 'single'],
    ['VALE2', 5, 'the last level of an address', 'single'],
    ['RVAE2', 1, 'a range', 'range'],
    ['RVALE2', 5, 'the last level of a range', 'range'],
  ]),
  ...tlbi(4, 2, 'EL1&0', [
    ['ALLE1', 4, 'all entries of every VMID', 'single'],
    ['VMALLS12E1', 6, 'all entries of this VMID, both stages,', 'single'],
  ]),
  // Stage 2 forms have CRm 4, but for those of the Inner Shareable domain, which have CRm 0.
  sys('TLBI IPAS2E1IS', '1 4 8 0 1', 2, 'Invalidates an IPA in the Inner Shareable domain.'),
  sys('TLBI IPAS2LE1IS', '1 4 8 0 5', 2, 'Invalidates the last level of an IPA in the Inner Shareable domain.'),
  sys('TLBI IPAS2E1OS', '1 4 8 4 0', 2, 'Invalidates an IPA in the Outer Shareable domain.', 'tlbios'),
  sys('TLBI IPAS2E1', '1 4 8 4 1', 2, 'Invalidates an IPA.'),
  sys(
    'TLBI IPAS2LE1OS',
    '1 4 8 4 4',
    2,
    'Invalidates the last level of an IPA in the Outer Shareable domain.',
    'tlbios',
  ),
  sys('TLBI IPAS2LE1', '1 4 8 4 5', 2, 'Invalidates the last level of an IPA.'),
  sys('TLBI RIPAS2E1IS', '1 4 8 0 2', 2, 'Invalidates a range of IPAs in the Inner Shareable domain.', 'tlbirange'),
  sys(
    'TLBI RIPAS2LE1IS',
    '1 4 8 0 6',
    2,
    'Invalidates the last level of a range of IPAs, Inner Shareable.',
    'tlbirange',
  ),
  sys('TLBI RIPAS2E1', '1 4 8 4 2', 2, 'Invalidates a range of IPAs.', 'tlbirange'),
  sys('TLBI RIPAS2E1OS', '1 4 8 4 3', 2, 'Invalidates a range of IPAs in the Outer Shareable domain.', 'tlbirange'),
  sys('TLBI RIPAS2LE1', '1 4 8 4 6', 2, 'Invalidates the last level of a range of IPAs.', 'tlbirange'),
  sys(
    'TLBI RIPAS2LE1OS',
    '1 4 8 4 7',
    2,
    'Invalidates the last level of a range of IPAs, Outer Shareable.',
    'tlbirange',
  ),
  ...tlbi(6, 3, 'EL3', [
    ['ALLE3', 0, 'all entries', 'single'],
    ['VAE3', 1, 'an address', 'single'],
    ['VALE3', 5, 'the last level of an address', 'single'],
    ['RVAE3', 1, 'a range', 'range'],
    ['RVALE3', 5, 'the last level of a range', 'range'],
  ]),
];

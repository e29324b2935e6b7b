/**
 * What proves the parts of the architecture that are not instructions, as rows for docs/coverage.md. The generator fails
 * on a row whose test is not there.
 */

export interface Proof {
  readonly part:
    | 'Registers'
    | 'Traps'
    | 'Exceptions'
    | 'Translation'
    | 'Nested virtualization'
    | 'Instructions'
    | 'Debug';
  readonly what: string;
  readonly oracle: string;
  readonly cases: string;
  readonly file: string;
  /** Beginning of the name of the test. */
  readonly test: string;
}

export const PROOFS: readonly Proof[] = [
  {
    part: 'Registers',
    what: 'Names and encodings of registers',
    oracle: "Debian's GNU assembler",
    cases: 'every row that it knows',
    file: 'simulator/arch/registers/assembler.test.ts',
    test: 'the assembler gives every register the encoding of its row',
  },
  {
    part: 'Registers',
    what: 'Names and encodings of system instructions',
    oracle: "Debian's GNU assembler",
    cases: 'every row that it knows',
    file: 'simulator/arch/registers/assembler.test.ts',
    test: 'the assembler gives every system instruction the encoding of its row',
  },
  {
    part: 'Registers',
    what: 'MRS, MSR and system instructions as text',
    oracle: 'LLVM 14',
    cases: 'every row, both directions',
    file: 'test/differential/integer-disassembly.test.ts',
    test: 'every system register and system instruction is written as LLVM writes it',
  },
  {
    part: 'Registers',
    what: 'All 64 bits of every layout have a field, none twice',
    oracle: 'an invariant',
    cases: 'every layout of every row',
    file: 'simulator/arch/registers/registers.test.ts',
    test: 'every layout covers 64 bits, and no two fields overlap',
  },
  {
    part: 'Traps',
    what: 'Every rule has targets, and depends on no bit but those that it names',
    oracle: 'an invariant',
    cases: 'every rule',
    file: 'simulator/arch/traps/traps.test.ts',
    test: 'an access depends on no other register',
  },
  {
    part: 'Traps',
    what: 'What each control traps, with level and syndrome',
    oracle: 'the accessibility pseudocode of the Arm ARM, by hand',
    cases: 'examples of each control',
    file: 'simulator/arch/traps/traps.test.ts',
    test: 'HCR_EL2 traps what its bits say',
  },
  {
    part: 'Registers',
    what: 'cortex-a57 and cortex-a72: values of ID registers, and which of all registers and system instructions are UNDEFINED at EL0 to EL2',
    oracle: 'QEMU 7.2',
    cases: '2 x 2,253 accesses',
    file: 'test/differential/identification.test.ts',
    test: 'the ID registers of',
  },
  {
    part: 'Translation',
    what: 'VMIDs of 8 and 16 bits, access flag and dirty state by hardware, FWB, combined memory types, traces of both stages',
    oracle: 'the Arm ARM (D8), by hand',
    cases: 'examples of each',
    file: 'simulator/engine/core-tests/translation.test.ts',
    test: 'a VMID has 16 bits',
  },
  {
    part: 'Translation',
    what: 'TLBI by range: what its operand means',
    oracle: 'the Arm ARM (C5.5), by hand',
    cases: 'each granule, and with TCR_ELx.DS',
    file: 'simulator/engine/system/maintenance.test.ts',
    test: 'a TLBI by range covers',
  },
  {
    part: 'Traps',
    what: 'Every access at EL0, EL1 and EL2: bare, with E2H and TGE, with NV, NV1 and NV2, and with each control that has a rule for it: level, syndrome, return address, word of the VNCR_EL2 page',
    oracle: 'QEMU 10.0 (answers kept with the test)',
    cases: '11,645 accesses',
    file: 'test/differential/accesses.test.ts',
    test: 'every access at every level',
  },
  {
    part: 'Nested virtualization',
    what: 'FEAT_NV and FEAT_NV2 at EL1',
    oracle: 'the accessibility pseudocode of the Arm ARM, by hand',
    cases: 'examples of each class',
    file: 'simulator/arch/traps/traps.test.ts',
    test: 'FEAT_NV2: a guest hypervisor at EL1 uses memory',
  },
  {
    part: 'Nested virtualization',
    what: 'NEVE at EL1',
    oracle: 'the paper (SOSP 2017), by hand',
    cases: 'examples of each class',
    file: 'simulator/arch/traps/traps.test.ts',
    test: 'NEVE redirects more to EL1 than FEAT_NV2',
  },
  {
    part: 'Exceptions',
    what: 'Exception entry and return restore the state',
    oracle: 'an invariant',
    cases: '2,000 random states',
    file: 'simulator/engine/core-tests/exceptions.test.ts',
    test: 'an exception and its return restore every state that they can',
  },
  {
    part: 'Exceptions',
    what: 'Routing and masking of physical interrupts',
    oracle: 'the table of the Arm ARM (D1.3.6), by hand',
    cases: 'every combination of level, routing controls and mask',
    file: 'simulator/engine/core-tests/exceptions.test.ts',
    test: 'every combination of EL, routing controls and mask',
  },
  {
    part: 'Translation',
    what: 'Walks of all regimes, granules and sizes, concatenated and small tables, contiguous entries, with faults, permissions and attributes; each of LPA, LPA2, LVA, TTST, E0PD, HPDS, HAFDBS, XNX and FWB on or off, PAN and EPAN',
    oracle: 'a naive walk, written from the pseudocode on its own',
    cases: '45,000 random walks in 30 random memories',
    file: 'simulator/engine/core-tests/walk.test.ts',
    test: 'random walks agree with a naive walk',
  },
  {
    part: 'Translation',
    what: 'TLB maintenance by scope',
    oracle: 'the Arm ARM (D8.14), by hand',
    cases: 'each scope',
    file: 'simulator/engine/core-tests/access.test.ts',
    test: 'each scope of maintenance makes a changed table seen',
  },
  {
    part: 'Instructions',
    what: 'An aborted access changes no register, flag or memory',
    oracle: 'an invariant',
    cases: 'every row that accesses memory',
    file: 'test/engine/aborts.test.ts',
    test: 'an access that aborts leaves registers, flags and memory as they were',
  },
  {
    part: 'Instructions',
    what: 'Pointer authentication',
    oracle: 'its algebra: what was signed authenticates, and nothing else does',
    cases: 'each key, modifier and form',
    file: 'test/engine/signed-pointers.test.ts',
    test: 'each key signs a register and authenticates it',
  },
  {
    part: 'Traps',
    what: 'HCR_EL2.API and SCR_EL3.API, ERETAA and ERETAB, FEAT_FPAC',
    oracle: 'the pseudocode of the Arm ARM, by hand',
    cases: 'each form',
    file: 'test/engine/pauth-machine.test.ts',
    test: 'HCR_EL2.API traps authentication',
  },
  {
    part: 'Nested virtualization',
    what: 'Every register of the VNCR_EL2 page goes to its offset and nowhere else, with and without NV1',
    oracle: 'the offsets of the Arm ARM (D8.12), as rows',
    cases: 'every row with an offset',
    file: 'test/engine/nested-memory.test.ts',
    test: 'FEAT_NV2 keeps every register of a guest hypervisor',
  },
  {
    part: 'Nested virtualization',
    what: 'NEVE: deferred, copied and redirected registers, on a machine',
    oracle: 'the paper (SOSP 2017), by hand',
    cases: 'every row with a NEVE class',
    file: 'test/engine/nested-memory.test.ts',
    test: 'NEVE keeps registers in memory',
  },
  {
    part: 'Exceptions',
    what: 'Stack pointer alignment checking: every form of access and of write of SP, levels, SCTLR_ELx.SA and SA0, priority',
    oracle: 'the Arm ARM (D1), by hand',
    cases: 'six programs, interpreted, compiled, and with cycles counted',
    file: 'test/engine/stack-alignment.test.ts',
    test: 'stack alignment, ',
  },
  {
    part: 'Exceptions',
    what: 'Breakpoints, watchpoints and SErrors of the guest with compiled code, time travel and stops of the debugger; DC IVAC',
    oracle: 'an invariant; the Arm ARM (D2), by hand',
    cases: 'six programs',
    file: 'test/engine/debug-exceptions.test.ts',
    test: 'a run that goes back meets the breakpoints',
  },
  {
    part: 'Instructions',
    what: 'Programs of drawn instructions in loops, interpreted and compiled: all registers and memory',
    oracle: 'an invariant',
    cases: '4 programs of about 250 drawn words; single instructions, and whole systems, are in compiler.test.ts',
    file: 'test/engine/sequences.test.ts',
    test: 'a program of drawn instructions',
  },
  {
    part: 'Instructions',
    what: 'WFIT and its time',
    oracle: 'the Arm ARM, by hand',
    cases: 'a time to come and one that is over',
    file: 'test/engine/waits.test.ts',
    test: 'WFIT waits until the virtual count',
  },
  {
    part: 'Translation',
    what: 'A run is the same when TLB, contexts and access tables are dropped every 1 to 100, or 1 to 5,000, instructions',
    oracle: 'an invariant',
    cases: 'first light and every program below, all registers and memory',
    file: 'test/engine/tlb.test.ts',
    test: 'a run of first light is the same',
  },
  {
    part: 'Registers',
    what: 'Event counters: SW_INCR, selection, filter, overflow, chain, exceptions, and the interrupt at the very instruction',
    oracle: 'the Arm ARM (D13), by hand',
    cases: 'two programs',
    file: 'test/engine/performance-monitors.test.ts',
    test: 'SW_INCR counts where',
  },
];

/** What of the architecture a PE here should have and has not, in the words of the document. */
export const GAPS: readonly { readonly what: string; readonly instead: string }[] = [
  {
    what: 'Events of the performance monitors about branches, caches and memory accesses, and PMCR_EL0.D',
    instead: 'PMCEID0_EL0 and PMCEID1_EL0 do not name the events. The cycle counter counts every cycle.',
  },
  {
    what: 'QARMA for pointer authentication',
    instead: 'An algorithm of our own, which the ID registers say.',
  },
];

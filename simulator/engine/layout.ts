// Where everything lives in the one WebAssembly memory, in bytes. Plain constants only: this file is compiled by
// TypeScript and by AssemblyScript.
//
// The active PE has its state at fixed addresses, so that generated code needs no base register; the states of the
// other PEs are parked and swapped in when their turn comes.

// --- Active PE: 0x1000 to 0x8000 -------------------------------------------------------------------------------

export const PE_STATE = 0x1000;
export const PE_STATE_BYTES = 0x7000;

/** X0 to X30, 8 bytes each; then three slots that are no architectural numbers of their own. */
export const X = 0x1000;
export const SLOT_SP = 31; // the SP in use (SP_EL0 or SP_ELx); the others are in their system register slots
export const SLOT_ZERO = 32; // reads as zero, never written
export const SLOT_DISCARD = 33; // writes to XZR land here, never read

export const PC = 0x1110; // u64: the next instruction when no engine is running
// Condition flags in the form that ALU operations produce. N is the sign bit of FLAG_N, Z is FLAG_Z == 0,
// C is FLAG_C (0 or 1), V is the sign bit of FLAG_V. N and Z are apart because MSR NZCV and CCMP can set both.
export const FLAG_N = 0x1118; // i64
export const FLAG_Z = 0x1120; // i64
export const FLAG_V = 0x1128; // i64
export const FLAG_C = 0x1130; // u32

// PSTATE without NZCV, one u32 each.
export const EL = 0x1134;
export const SPSEL = 0x1138;
export const DAIF = 0x113c; // bits 9:6 as in SPSR_ELx: D 9, A 8, I 7, F 6
export const PAN = 0x1140;
export const UAO = 0x1144;
export const DIT = 0x1148;
export const SSBS = 0x114c;
export const TCO = 0x1150;
export const BTYPE = 0x1154; // as the last BR, BLR or return set it: see BTYPE_REMAINING
export const PSTATE_SS = 0x1158;
export const PSTATE_IL = 0x115c;

// What the engines and the rest of the machine tell each other.
export const REMAINING = 0x1160; // i32: instructions left in this slice
export const RECORD = 0x1164; // u32: address of the decoded record of the instruction that called out
export const IRQ_LINES = 0x1168; // u32: LINE_* bits, levels from the GIC and HCR_EL2.VI/VF/VSE
export const EXIT_REQUEST = 0x116c; // u32: not 0 when the slice has to end after the present instruction
export const STEPPING = 0x1170; // u32: 1 while the checked interpreter runs, which may access devices
export const FP_ENABLED = 0x1174; // u32: 1 when FP and AdvSIMD are not trapped in the present state
export const TRAP_TABLE = 0x1178; // u32: address of the access table of the present trap context
export const PE_INDEX = 0x117c; // u32

// Translation contexts (see TLB): ids for the present state. 0 means not resolved since the last change of controls.
export const CTX_DATA = 0x1180; // u64: loads and stores
export const CTX_FETCH = 0x1188; // u64: instruction fetch
export const CTX_UNPRIV = 0x1190; // u64: LDTR and STTR
export const CTX_DATA_HASH = 0x1198; // u32: contextHash(CTX_DATA), xored into the TLB index
export const CTX_FETCH_HASH = 0x119c; // u32
export const CTX_UNPRIV_HASH = 0x11a0; // u32

/** Per-EL cache of resolved contexts, so that an exception and its return look nothing up. See core/context.ts. */
export const CTX_CACHE = 0x1c00; // 4 ELs x 2 values of PAN x 48 bytes
export const CTX_CACHE_BYTES = 0x180;
/** u32: value of CTX_GENERATION_NOW when this PE's cache was last known to be good. */
export const CTX_GENERATION = 0x11a4;
/** u32: ISS bits 24:14 (ISV, SAS, SSE, SRT, SF, AR) of the instruction that aborts, for stage 2 aborts; 0 for none. */
export const ABORT_SYNDROME = 0x11a8;
/** u32: OBSERVE_* bits, what is done with every exception and return; 0 while nobody watches. */
export const OBSERVE = 0x11ac;
export const OBSERVE_LOG = 1; // written to the log
export const OBSERVE_INTERRUPTED = 2; // what they interrupt is kept
export const OBSERVE_ALL = 4; // `env.observed` is called for all of the levels below, else for what SIEVE lets through
/** Bit of OBSERVE at which those of levels begin, 4 x from + to: `env.observed` may be called. */
export const OBSERVE_LEVELS = 16;
/** u32 each: enabled breakpoints on addresses, unlinked ones on contexts, and watchpoints of the guest, a bit each. */
export const BREAKPOINTS_ADDRESS = 0x11b0;
export const BREAKPOINTS_CONTEXT = 0x11b4;
export const WATCHPOINTS = 0x11b8;
/** u32: ISS of the SError that LINE_SERROR asks for. */
export const SERROR_SYNDROME = 0x11bc;
/** u32: address of what is known of the trap controls as they are now, TRAP_UNSEEN if they were not looked up yet. */
export const TRAP_STATE = 0x1360;
/** f64: modelled time at which REMAINING is 0, less CYCLES. */
export const TIME_END = 0x1310;
/** f64: modelled cycles that the PE has executed; 0 in a machine without a cost profile. */
export const CYCLES = 0x1318;
/** f64: value of CYCLES at which the slice ends, while there are costs. */
export const CYCLES_END = 0x1320;
/** f64: accesses to system registers and system instructions that were charged. */
export const ACCESSES = 0x1328;

// Exclusive monitor.
export const EXCLUSIVE_BYTES = 0x12c4; // u32: 0 while there is no reservation
export const EXCLUSIVE_ADDRESS = 0x12c8; // u64: VA

// The last abort, for the exception that follows it, and for debuggers.
export const FAULT_VA = 0x12e0; // u64
export const FAULT_IPA = 0x12e8; // u64
export const FAULT_STATUS = 0x12f0; // u32: ESR_ELx.DFSC/IFSC
export const FAULT_FLAGS = 0x12f4; // u32: FAULT_* bits
export const FAULT_STAGE2 = 1;
export const FAULT_S1PTW = 2;
export const FAULT_WRITE = 4;
export const FAULT_FETCH = 8;
export const FAULT_CM = 16; // cache maintenance or address translation instruction
export const FAULT_VNCR = 32;
export const FAULT_PC = 128; // PC is not aligned
export const FAULT_BTI = 256; // an indirect branch to no target; FAULT_STATUS is PSTATE.BTYPE
export const FAULT_PAUTH = 512; // pointer authentication that a hypervisor or EL3 traps
export const FAULT_PAC_FAIL = 1024; // FEAT_FPAC: a failed authentication; FAULT_STATUS is the number of the key
export const FAULT_WATCHPOINT = 2048; // a watchpoint of the guest covers the byte at FAULT_VA
export const FAULT_SP = 4096; // SP is the base and not aligned
export const FAULT_DEVICE = 64; // a device access outside of the checked interpreter: no abort, run it there

/** 16 bytes through which slow loads and stores pass their data, and device accesses their values. */
export const BOUNCE = 0x1300;

/** u32: 1 when the instruction at PC has made its device access already; it begins anew with what is in BOUNCE. */
export const DEVICE_DONE = 0x1330;

// Where the interpreter is: the page of VA that it fetches from, and that page's decoded records.
export const FETCH_PAGE = 0x1340; // u64
export const FETCH_RECORDS = 0x1348; // u32
/** i32: value of REMAINING at which BTYPE is PSTATE.BTYPE; at any other it is 0. See core/branch-targets.ts. */
export const BTYPE_REMAINING = 0x134c;
/** u32: the low 4 bits of the SP in use, which loads and stores with SP as base may need to be 0. See core/stack-pointer.ts. */
export const SP_LOW = 0x1350;
/** u32: 1 when the last instruction with a key was not executed, for the reason in FAULT_FLAGS. See core/pointer-authentication.ts. */
export const PAUTH_REFUSED = 0x1354;
/** u32: 1 since the ITLB took in a guarded page. */
export const GUARDED_PAGES = 0x440014;
/** u32: offset of the entry that says whether pointer authentication is trapped; 0 where nobody can say. */
export const PAUTH_ENTRY = 0x440018;
/** u32: not 0 while somebody wants to be told of each page that the ITLB takes in (instruction breakpoints). */
export const FETCH_HOOK = 0x440010;

// Modes of a slow access: bits of the `mode` argument of loadSlow and storeSlow.
export const MODE_UNPRIVILEGED = 1; // LDTR and STTR
export const MODE_ORDERED = 2; // exclusive, acquire, release: alignment is always checked
export const MODE_ACQUIRE = 8; // of the ordered ones, those that are neither exclusive nor atomic: SCTLR_ELx.nAA
export const MODE_VNCR = 4; // the access that FEAT_NV2 makes instead of a register access
/** The only access of its instruction, with RECORD and REMAINING written: it may reach a device at once. */
export const MODE_ALONE = 256;
export const MODE_ELEMENT_SHIFT = 4; // bits 7:4: log2 of the element that has to be aligned, plus 1; 0 for the whole size

/** V0 to V31, 16 bytes each, then one discarded. */
export const V = 0x1400;
export const FPCR = 0x1620; // u32
export const FPSR = 0x1624; // u32
/** While compiled code runs: what the condition flags come from, see compiler/flags.ts. */
export const LAZY_KIND = 0x1628; // u32
export const LAZY_A = 0x1630; // u64, or u32 for operations on 32 bits
export const LAZY_B = 0x1638;

// Performance monitors: see core/counters.ts and system/performance-monitors.ts.
export const PMU_ON = 0x1700; // u32: some counter counts what the core tallies
export const PMU_EVENTS_EXIT = 0x1704; // u32: each other event than an instruction or a cycle ends the slice
export const PMU_SINCE = 0x1708; // f64: instructions retired when the tallies were last brought up
export const PMU_SINCE_CYCLES = 0x1710; // f64
/** f64: instructions that the PE will have retired when REMAINING is 0. */
export const RETIRED_END = 0x1718;
export const PMU_CONFIGURATION = 0x1720; // u32 each of 32 counters
export const PMU_BASES = 0x17a0; // f64 each: the counter's tallies when it was last brought up
export const PMU_TALLIES = 0x18a0; // f64 each, by TALLY_* and exception level
export const TALLY_INSTRUCTIONS = 0;
export const TALLY_CYCLES = 1;
export const TALLY_TAKEN = 2;
export const TALLY_RETURNS = 3;
export const TALLY_DATA_WALK = 4;
export const TALLY_INSTRUCTION_WALK = 5;
export const TALLY_UNDEFINED = 6;
export const TALLY_SVC = 7;
export const TALLY_HVC = 8;
export const TALLY_SMC = 9;
export const TALLY_INSTRUCTION_ABORT = 10;
export const TALLY_DATA_ABORT = 11;
export const TALLY_IRQ = 12;
export const TALLY_FIQ = 13;

/** Storage of system registers, 8 bytes each, by the index of their row. */
export const SYSREG = 0x2000;
export const SYSREG_SLOTS = 0xc00;

// LINE_* bits of IRQ_LINES.
export const LINE_IRQ = 1;
export const LINE_FIQ = 2;
export const LINE_VIRQ = 4;
export const LINE_VFIQ = 8;
export const LINE_VSERROR = 16;
/** No interrupt: MDSCR_EL1.SS is set, so that who unmasks debug exceptions looks for a step. */
export const LINE_STEP = 32;
export const LINE_SERROR = 64;
/** Lines that end WFI. */
export const LINES_INTERRUPT = 95;

// --- Constants of the compiled core (lookup tables): 0x10000 to 0x40000 -----------------------------------------

export const CORE_DATA = 0x10000;

// --- Software TLB -----------------------------------------------------------------------------------------------

// One entry is 32 bytes, direct mapped. A tag is the page of the VA in bits 63:12 and the context id in bits 11:0, so
// one compare checks regime, ASID, VMID, PE and page. A tag of all ones matches nothing.
export const TLB = 0x40000;
export const TLB_ENTRIES = 4096;
export const TLB_ENTRY_BITS = 5; // an entry has 32 bytes
export const TLB_READ = 0; // u64 tag: loads may go straight to RAM
export const TLB_WRITE = 8; // u64 tag: stores may go straight to RAM
export const TLB_ADDEND = 16; // u32: host address minus the low 32 bits of the VA (mod 2^32)
export const TLB_PAGE = 20; // u32: PA >> 12
export const TLB_ANY = 24; // u64 tag: the translation is valid; the rest is in TLB_INFO

// What the slow path and the debugger know of an entry: 32 bytes at the same index.
export const TLB_INFO = 0x60000;
export const INFO_IPA = 0; // u64
export const INFO_DESCRIPTOR = 8; // u64: the stage 1 leaf, or the stage 2 leaf if stage 1 is off
export const INFO_FLAGS = 16; // u32: INFO_* bits
export const INFO_SIZE = 20; // u32: log2 of the smallest mapped block on the way, 12 for a 4 KB page
export const INFO_PA = 24; // u64: PA of the page
export const INFO_READ = 1;
export const INFO_WRITE = 2;
export const INFO_DEVICE = 4; // Device memory type: unaligned accesses fault
export const INFO_RAM = 8; // the PA is RAM
export const INFO_GLOBAL = 16;

// Instruction side: 16 bytes an entry: u64 tag (as above), u32 address of the page's records, u32 PA >> 12.
export const ITLB = 0x80000;
export const ITLB_ENTRIES = 2048;
export const ITLB_BYTES = 16;
export const ITLB_RECORDS = 8;
export const ITLB_PAGE = 12;
/** Bit of an entry's last word, whose others are PA[42:12]: stage 1 says that the page is guarded (FEAT_BTI). */
export const ITLB_GUARDED = 0x80000000;

// --- Access tables: system registers and trapped instructions by trap context -----------------------------------

export const TRAP_TABLES = 0x100000;
export const TRAP_TABLES_END = 0x400000;

// --- Translation contexts: what an id stands for, see core/context.ts -------------------------------------------

export const CONTEXTS = 0x400000; // 4096 x 64 bytes
export const CONTEXTS_END = 0x440000;
export const CONTEXT_BYTES = 64;
export const CONTEXT_SIZES = 40; // u64: bit n set: a block of 2^n bytes was entered; bit 63: a global page of the lower range
export const CONTEXT_LIVE = 56; // u32: 1 until it is given up

// --- Configuration of the machine, written by the host ------------------------------------------------------------

export const FEATURES = 0x440000; // u32: FEATURE_* bits
export const PA_BITS = 0x440004; // u32: size of a PA by ID_AA64MMFR0_EL1.PARange
/** u32: 1 when unaligned accesses to RAM that is mapped as Device memory fault. Slow: no such page gets a fast tag. */
export const STRICT_DEVICE_ALIGNMENT = 0x440008;
/** u32: grows with every retired translation context. */
export const CTX_GENERATION_NOW = 0x44000c;

export const FEATURE_EL2 = 0x1;
export const FEATURE_EL3 = 0x2;
export const FEATURE_HAF = 0x4; // FEAT_HAFDBS: access flag
export const FEATURE_HDBM = 0x8; // FEAT_HAFDBS: dirty state
export const FEATURE_XNX = 0x10;
export const FEATURE_LPA = 0x20;
export const FEATURE_LPA2 = 0x40; // 4 KB and 16 KB granules
export const FEATURE_LVA = 0x80;
export const FEATURE_TTST = 0x100;
export const FEATURE_PAN = 0x200;
export const FEATURE_UAO = 0x400;
export const FEATURE_VHE = 0x800;
export const FEATURE_HPDS = 0x1000;
export const FEATURE_E0PD = 0x2000;
export const FEATURE_NV = 0x4000;
export const FEATURE_NV2 = 0x8000;
export const FEATURE_FWB = 0x10000;
export const FEATURE_VMID16 = 0x20000;
export const FEATURE_ASID16 = 0x40000;
export const FEATURE_SSBS = 0x80000;
export const FEATURE_DIT = 0x100000;
export const FEATURE_MTE = 0x200000;
export const FEATURE_BTI = 0x400000;
export const FEATURE_PAUTH = 0x800000;
export const FEATURE_SEL2 = 0x1000000;
export const FEATURE_LSE2 = 0x2000000;
export const FEATURE_PAUTH2 = 0x4000000;
export const FEATURE_FPAC = 0x8000000;
export const FEATURE_NO_GRANULE16 = 0x10000000; // translation tables have 4 KB or 64 KB pages only

/**
 * RAM-like regions of the physical address space, 32 bytes each: u64 first PA, u64 bytes (0 ends the table),
 * u32 host address, u32 REGION_* bits. The first one is RAM. Page indices count from RAM in host memory.
 */
export const REGIONS = 0x440040;
export const REGIONS_MAX = 8;
export const REGION_BASE = 0;
export const REGION_SIZE = 8;
export const REGION_HOST = 16;
export const REGION_FLAGS = 20;
export const REGION_READ_ONLY = 1; // a store is a device access (flash)

// --- Trace of a translation table walk: see core/trace.ts ---------------------------------------------------------

// Header, then steps of 48 bytes. A field that does not apply is all ones.
export const TRACE = 0x441000;
export const TRACE_STEPS = 0x00; // u32: number of steps
export const TRACE_STATUS = 0x04; // i32: fault status code (DFSC), -1 when the walk succeeded
export const TRACE_FAULT_FLAGS = 0x08; // u32: FAULT_STAGE2, FAULT_S1PTW
export const TRACE_PERMISSIONS = 0x0c; // u32: PERMIT_* bits of the asked privilege
export const TRACE_IPA = 0x10; // u64: output of stage 1
export const TRACE_PA = 0x18; // u64
export const TRACE_FAULT_IPA = 0x20; // u64
export const TRACE_ATTRIBUTES = 0x28; // u32: MAIR_ELx encoding of the combined memory type
export const TRACE_SHAREABILITY = 0x2c; // u32: 0 none, 2 outer, 3 inner
export const TRACE_SIZE = 0x30; // u32: log2 of the smallest mapped block on the way
export const TRACE_REGIME = 0x34; // u32: 0 EL1&0, 1 EL2, 2 EL2&0, 3 EL3
export const TRACE_FIRST_STEP = 0x40;
export const TRACE_STEP_BYTES = 48;
export const TRACE_STEPS_MAX = 64;
export const STEP_STAGE = 0; // u32: 1 or 2
export const STEP_LEVEL = 4; // i32: -1 to 3
export const STEP_PA = 8; // u64: PA of the descriptor
export const STEP_IPA = 16; // u64: IPA of the descriptor, for stage 1 under stage 2
export const STEP_DESCRIPTOR = 24; // u64
export const STEP_OUTPUT = 32; // u64: next table or mapped block
export const STEP_KIND = 40; // u32: STEP_* kind
export const STEP_TABLE = 0;
export const STEP_BLOCK = 1;
export const STEP_PAGE = 2;
export const STEP_INVALID = 3;
export const STEP_FAULT = 4;
export const PERMIT_READ = 1;
export const PERMIT_WRITE = 2;
export const PERMIT_EXECUTE = 4;

// Arguments of translate().
export const ACCESS_READ = 0;
export const ACCESS_WRITE = 1;
export const ACCESS_EXECUTE = 2;
export const TRANSLATE_UNPRIVILEGED = 1; // as EL0 would, in the regime of the given EL
export const TRANSLATE_STAGE1 = 2; // stop at the IPA
export const TRANSLATE_PAN = 4; // as if PSTATE.PAN were set

/** u16 each: first context of a bucket by full key, and by regime and VMID. See core/context.ts. */
export const CONTEXT_HASH = 0x444000;
export const CONTEXT_HASH_BUCKETS = 4096;
export const CONTEXT_GROUPS = 0x446000;
export const CONTEXT_GROUP_BUCKETS = 1024;
export const CONTEXT_NEXT = 0x446800; // u32: id that the next new context gets

/** Stage 2 of the pages that hold stage 1 tables: 64 x {u64 IPA, u64 PA}, and the controls they were made under. */
export const WALK_CACHE = 0x447000;
export const WALK_CACHE_ENTRIES = 64;
export const WALK_CACHE_CONTROLS = 0x447400; // u64 VTTBR_EL2, VTCR_EL2, HCR_EL2 as it acts
export const WALK_CACHE_END = 0x447418;

// --- Bits of each system register that a write changes, u64 by row, for writes without effects --------------------

export const WRITE_MASKS = 0x450000;
export const WRITE_MASKS_END = 0x458000;

// --- Access tables: how a context finds its table, and what entries refer to ----------------------------------------

/** u32 each: first state of a bucket; the next one is in the state. */
export const TRAP_HASH = 0x458000;
export const TRAP_HASH_BUCKETS = 1024;
/** {u32 address, u32 0, u64 mask} of every control that answers depend on. */
export const TRAP_CONTROLS = 0x459000;
export const TRAP_CONTROLS_MAX = 64;
/** The first of them, in which contexts differ most, find the bucket. */
export const TRAP_HASHED = 3;
export const TRAP_CONTROL_COUNT = 0x459400; // u32
export const TRAP_TABLE_BYTES = 0x459404; // u32: bytes of the entries of one table
export const TRAP_TABLE_NEXT = 0x459408; // u32: where the next new table begins
export const FP_ENTRY = 0x45940c; // u32: offset of the entry that says whether FP and AdvSIMD are trapped
export const TICK_TIME = 0x459410; // f64: modelled time that a tick of the counter takes
/** f64: modelled time that an instruction takes besides what it adds to CYCLES: 0 in a machine with a cost profile, else 1. */
export const INSTRUCTION_TIME = 0x459418;
/** u64 each: what registers read as that have the same value throughout a trap context. */
export const CONSTANTS = 0x459420;
export const CONSTANTS_END = 0x459780;
/** What TRAP_STATE refers to before the controls were looked up: no table for any level. */
export const TRAP_UNSEEN = 0x459780; // TRAP_STATE_LEVELS bytes
/** What a write to a control does, CONTROL_BYTES each. */
export const CONTROL_WRITES = 0x459800;
export const CONTROL_WRITES_END = 0x460000;
export const CONTROL_BYTES = 64;
export const CONTROL_SLOT = 0; // u32: address of the register's storage
export const CONTROL_LEVELS = 4; // u32: bit n when translation at ELn may change
export const CONTROL_KEEP = 8; // u64: bits that a write changes
export const CONTROL_ONES = 16; // u64: bits that are always one
export const CONTROL_TRAPS = 24; // u64: bits that access tables depend on
export const CONTROL_EFFECTS = 32; // u64: bits whose change has an effect outside of the PE's state
/** u64: a bit by which the register has another layout, 0 for none; what is for values with it follows. */
export const CONTROL_VARIANT = 40;
/** u64 each: the host does writes after which the register has the value under the mask. */
export const CONTROL_WANTED_MASK = 48;
export const CONTROL_WANTED = 56;

// Entries of an access table. A row has two: read (or execute) and write.
export const ENTRY_BYTES = 8;
export const WRITE_ENTRY = 4;
/** Low bits of an entry. */
export const ENTRY_KIND = 7;
/** Not asked for yet in this context. */
export const ENTRY_UNKNOWN = 0;
/** The rest of the entry is the address of the register's value; no effect. */
export const ENTRY_PLAIN = 1;
/** The rest, shifted by 3, is an index of the host's answers: an access with effects, or a trap. */
export const ENTRY_ANSWER = 2;
/** An instruction with a trap rule is not trapped. */
export const ENTRY_ALLOWED = 3;
/** The rest is an address among CONTROL_WRITES. */
export const ENTRY_CONTROL = 4;
/** What the core does or computes by itself; the rest, shifted by 3, is a CORE_* number. */
export const ENTRY_CORE = 5;
/** An instruction without effect in this machine. */
export const ENTRY_NOTHING = 6;
/** FEAT_NV2: the rest, shifted by 3, is the offset in the page of VNCR_EL2 that is accessed in place of the register. */
export const ENTRY_MEMORY = 7;

// Reads, then instructions with the value of their register.
export const CORE_PHYSICAL_COUNT = 0;
export const CORE_VIRTUAL_COUNT = 1;
export const CORE_INTERRUPT_STATUS = 2; // ISR_EL1
export const CORE_INSTRUCTIONS = 4; // the first of them
export const CORE_CACHE = 4; // maintenance by VA that acts as a load
export const CORE_CACHE_STORE = 5; // and as a store: DC IVAC
/** Plus one of TLBI_*, the exception level from TLBI_LEVEL_SHIFT on, and TLBI_SHAREABLE. */
export const CORE_TLBI = 64;
export const TLBI_KIND = 7;
export const TLBI_VMALL = 0;
export const TLBI_VMALLS12 = 1;
export const TLBI_ALL = 2;
export const TLBI_IPA = 3;
export const TLBI_ASID = 4;
export const TLBI_VA = 5;
export const TLBI_VAA = 6;
export const TLBI_LEVEL_SHIFT = 3;
export const TLBI_SHAREABLE = 32;
/** Flag of the tlbi functions: contexts of all PEs, not of the present one alone. */
export const TLBI_ALL_PES = 1;

/**
 * Where a change of a control leads: {u32 from, u32 address of the control, u64 its new value, u32 to, u32 0} each, by a
 * hash. Switching worlds changes the same controls to the same values in the same order.
 */
export const TRAP_CHANGES = 0x448000; // to 0x44e000
export const TRAP_CHANGES_MAX = 1024;
export const TRAP_CHANGE_BYTES = 24;

// --- Compiled code: see compiler/ ----------------------------------------------------------------------------------

/**
 * Where compiled code may be entered. A record at such a place has OP_COMPILED plus the number of its entry here as its
 * handler number; its operands stay what they were.
 */
export const COMPILED_ENTRIES = 0x460000; // 32768 x 16 bytes
export const COMPILED_ENTRIES_MAX = 0x8000;
export const COMPILED_FUNCTION = 0; // u16: number of the region's function in the table of regions
export const COMPILED_INDEX = 2; // u16: which of the region's entries
export const COMPILED_OP = 4; // u16: the handler number that the record had
export const COMPILED_LIMIT = 6; // u16: instructions that have to be left
export const COMPILED_OFFSET = 8; // i32: bytes from the region's first page to the instruction

/** u16 each: how often branches went to a record, by a hash of its address. */
export const HEAT = 0x4e0000;
export const HEAT_END = 0x500000;

// --- Parked PE states -------------------------------------------------------------------------------------------

export const PARKED = 0x500000; // up to 64 PEs
export const PARKED_END = 0x6c0000;

// --- Costs, all 0 in a machine without a cost profile: f64 each ----------------------------------------------------

/** By number of the handler. */
export const OP_COSTS = 0x6c0000;
export const OP_COSTS_END = 0x6d0000;
/** Of accesses to system registers and of system instructions, at twice the offset of their entry in an access table. */
export const ACCESS_COSTS = 0x6d0000;
export const ACCESS_COSTS_END = 0x6e0000;
/** Of an exception by its target, and of a return by where it comes from: EL0 to EL3. */
export const ENTRY_COSTS = 0x6e0000;
export const RETURN_COSTS = 0x6e0020;
/** Of a table walk that ends in a fault. */
export const WALK_COST = 0x6e0040;

// --- Traps among the host's answers ---------------------------------------------------------------------------------

/** u64 by the index of an answer: ESR_ELx, and in bits 33:32 the exception level that takes it; 0 for other answers. */
export const TRAPS = 0x6e8000;
export const TRAPS_MAX = 4096;

// --- Pages of RAM: one byte each, PAGE_* bits ----------------------------------------------------------------------

// For RAM of up to 3.5 GiB.
export const PAGE_FLAGS = 0x700000;
export const PAGE_FLAGS_END = 0x800000;
export const PAGE_CODE = 1; // instructions of this page are decoded: a store has to drop their records
export const PAGE_CLEAN = 2; // unchanged since the last snapshot: copy it before the first store
export const PAGE_WATCH = 4; // a data breakpoint is in it
export const PAGE_COMPILED = 8; // compiled code was made of some of its instructions

/** u32 per page of RAM: address of its decoded records, 0 for none. */
export const PAGE_RECORDS = 0x800000;
export const PAGE_RECORDS_END = 0xc00000;

// --- Exceptions under observation: see core/observe.ts and observe/exception-log.ts ---------------------------------

/** By PE, up to 64 of them. */
export const OBSERVED = 0xc00000;
export const OBSERVED_BYTES = 0xd000;
export const OBSERVED_END = 0xf40000;
// Processors compare a load with stores before it by 12 bits of the address: what is written here at every exception has
// others than the state of the PE that is read next.
// The log. Events of one window are written here; the host takes them away and opens the next one.
export const LOG_AT = 0x7c0; // u32: address of the next event
export const LOG_LIMIT = 0x7c4; // u32: address at which something else has to be done than to append
export const LOG_KNOWN = 0x7c8; // u32: end of the events that were recorded before, which come again after a way back
export const LOG_BLIND = 0x7cc; // u32: 1 when those that were recorded have been given up, so that none is compared
export const LOG_OTHERS = 0x7d0; // f64: instructions that the other PEs have retired
export const LOG_FIRST = 0x7d8; // f64: instructions of the machine before which nothing is logged
export const LOG_TIMED = 0x7e0; // u32: 1 when cycles of the PE are not instructions of the machine, and so are kept too
// Sums of all that the host has taken away.
export const LOG_STATE = 0x040; // u32: present level, and the classes of what entered EL1 to EL3, a byte each
export const LOG_INSTRUCTIONS = 0x048; // f64: those of the last event
export const LOG_CYCLES = 0x050; // f64
export const LOG_LEVEL_CYCLES = 0x058; // f64 by level
export const LOG_COUNTS = 0x080; // u32 by class
export const LOG_CLASS_CYCLES = 0x100; // f64 by class of what entered the level
export const LOG_CLASSES_MAX = 32;
/** u64 each, by the low bits of VMID: VTTBR_EL2 of guests that the host knows of. */
export const KNOWN_GUESTS = 0x200;
export const KNOWN_GUESTS_MAX = 32;
/** What the last exception to EL1, EL2 and EL3 from a lower level interrupted. */
export const INTERRUPTED = 0xc00;
export const INTERRUPTED_BYTES = 0x120;
export const INTERRUPTED_KIND = 0; // u32: kind of the exception, plus 1; 0 for none
export const INTERRUPTED_PC = 8; // u64: ELR_ELx
export const INTERRUPTED_SPSR = 16; // u64
export const INTERRUPTED_X = 32; // X0 to X30
export const LOG_EVENTS = 0x1000;
export const LOG_WINDOW = 2048; // events
/** f64 each: cycles of the PE at the events of the window, if LOG_TIMED. */
export const LOG_TIMES = 0x9000;
// An event.
export const EVENT_BYTES = 16;
export const EVENT_INSTRUCTIONS = 0; // f64, of the machine
export const EVENT_INFO = 8; // u32: row 6:0, guest 7, from 9:8, to 11:10, VMID 31:16
export const EVENT_SYNDROME = 12; // u32: low word of ESR_ELx of a synchronous exception
/**
 * An exception has a row by what it is: ESR_ELx.EC of a synchronous one, 64 to 66 for IRQ, FIQ and SError, 67 for a return.
 */
export const EXCEPTION_ROWS = 68;
export const ROW_OF_KIND = 63; // plus the kind, for all but synchronous ones
/** u8 each: class of an event by bits 11:0 of EVENT_INFO. */
export const EXCEPTION_CLASSES = 0xf40000;
export const EXCEPTION_CLASSES_BYTES = 0x1000;
/** u16 by row: bit 4 x from + to is 1 when somebody wants to be asked about such exceptions. */
export const SIEVE = 0xf41000;
/** f64: exceptions that all PEs have taken. */
export const EXCEPTIONS_TAKEN = 0xf41100;
/** f64 by level and class, LOG_CLASSES_MAX to a level: where cycles are added up before they go to the sums of a PE. */
export const LOG_SPENT = 0xf41200;
export const LOG_SPENT_BYTES = 0x400;

/**
 * By PE: registers that guests were left with, by the low bits of VMID. A guest has VTTBR_EL2, VTCR_EL2, HCR_EL2, SCTLR_EL1,
 * TCR_EL1, TTBR0_EL1, TTBR1_EL1 and MAIR_EL1, 8 bytes each.
 */
export const LEFT_GUESTS = 0xf50000;
export const LEFT_GUESTS_BYTES = 0x900;
export const LEFT_GUESTS_MAX = 32;
export const LEFT_GUEST_BYTES = 64;
export const LEFT_ORDER = 0x800; // u32 by guest: greater for one that was left later
export const LEFT_COUNT = 0x880; // u32: the greatest of them
export const LEFT_GUESTS_END = 0xf80000;

// --- Decoded instructions ------------------------------------------------------------------------------------------

// A page has 1024 records and a closing one that goes on with the next page.
export const RECORDS = 0x1000000;
export const RECORD_BYTES = 16;
export const RECORD_OP = 0; // u16: handler number
export const RECORD_D = 2; // u16: offset of a register from X, or a number
export const RECORD_N = 4; // u16
export const RECORD_M = 6; // u16
export const RECORD_IMM = 8; // u64, or two u32
export const PAGE_RECORD_BYTES = 0x4040;
export const RECORD_PAGES = 8100;
export const RECORDS_END = 0x9000000;

// --- Blocks that contexts have entered into the TLB: see core/context.ts --------------------------------------------

/** Bits by context id: a set of hashed block addresses. */
export const BLOCK_SETS = 0x9000000; // 4096 x 512 bytes
export const BLOCK_SET_BYTES = 512;
export const BLOCK_SETS_END = 0x9200000;

// --- RAM -----------------------------------------------------------------------------------------------------------

/** Host address of the first byte of RAM. */
export const RAM = 0x9200000;
/** PA of the first byte of RAM on the `virt` board. */
export const RAM_BASE = 0x40000000;

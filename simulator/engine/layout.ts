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
export const BTYPE = 0x1154;
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
export const CTX_CACHE = 0x11c0; // 4 ELs x 2 values of PAN x 32 bytes
export const CTX_CACHE_BYTES = 0x100;

// Exclusive monitor.
export const EXCLUSIVE_VALID = 0x12c0; // u32
export const EXCLUSIVE_BYTES = 0x12c4; // u32
export const EXCLUSIVE_ADDRESS = 0x12c8; // u64: PA
export const EXCLUSIVE_VALUE = 0x12d0; // 16 bytes: what was loaded

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
export const FAULT_DEVICE = 64; // a device access outside of the checked interpreter: no abort, run it there

/** 16 bytes through which slow loads and stores pass their data, and device accesses their values. */
export const BOUNCE = 0x1300;

/** V0 to V31, 16 bytes each, then one discarded. */
export const V = 0x1400;
export const FPCR = 0x1620; // u32
export const FPSR = 0x1624; // u32

/** Storage of system registers, 8 bytes each, by the index of their row. */
export const SYSREG = 0x2000;
export const SYSREG_SLOTS = 0xc00;

// LINE_* bits of IRQ_LINES.
export const LINE_IRQ = 1;
export const LINE_FIQ = 2;
export const LINE_VIRQ = 4;
export const LINE_VFIQ = 8;
export const LINE_VSERROR = 16;

// --- Constants of the compiled core (lookup tables): 0x10000 to 0x40000 -----------------------------------------

export const CORE_DATA = 0x10000;

// --- Software TLB -----------------------------------------------------------------------------------------------

// One entry is 32 bytes, direct mapped. A tag is the page of the VA in bits 63:12 and the context id in bits 11:0, so
// one compare checks regime, ASID, VMID, PE and page. A tag of all ones matches nothing.
export const TLB = 0x40000;
export const TLB_ENTRIES = 4096;
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
export const INFO_READ = 1;
export const INFO_WRITE = 2;
export const INFO_DEVICE = 4; // Device memory type: unaligned accesses fault
export const INFO_RAM = 8; // the PA is RAM
export const INFO_GLOBAL = 16;

// Instruction side: 16 bytes an entry: u64 tag (as above), u32 address of the page's records, u32 PA >> 12.
export const ITLB = 0x80000;
export const ITLB_ENTRIES = 2048;

// --- Access tables: system registers and trapped instructions by trap context -----------------------------------

export const TRAP_TABLES = 0x100000;
export const TRAP_TABLES_END = 0x400000;

// --- Translation contexts: what an id stands for, see core/context.ts -------------------------------------------

export const CONTEXTS = 0x400000; // 4096 x 64 bytes
export const CONTEXTS_END = 0x440000;

// --- Parked PE states -------------------------------------------------------------------------------------------

export const PARKED = 0x500000; // up to 64 PEs
export const PARKED_END = 0x6c0000;

// --- Pages of RAM: one byte each, PAGE_* bits ----------------------------------------------------------------------

// For RAM of up to 3.5 GiB.
export const PAGE_FLAGS = 0x700000;
export const PAGE_FLAGS_END = 0x800000;
export const PAGE_CODE = 1; // instructions of this page are decoded: a store has to drop their records
export const PAGE_CLEAN = 2; // unchanged since the last snapshot: copy it before the first store
export const PAGE_WATCH = 4; // a data breakpoint is in it

/** u32 per page of RAM: address of its decoded records, 0 for none. */
export const PAGE_RECORDS = 0x800000;
export const PAGE_RECORDS_END = 0xc00000;

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

// --- RAM -----------------------------------------------------------------------------------------------------------

/** Host address of the first byte of RAM. */
export const RAM = 0x9000000;
/** PA of the first byte of RAM on the `virt` board. */
export const RAM_BASE = 0x40000000;

/**
 * Single instructions at EL0, on this engine and under `qemu-aarch64`: a case is a state of the registers, a window of
 * memory and one or two instruction words; its outcome is all of that afterwards, and where it went on.
 *
 * For QEMU the cases of a batch become one program that loads the state, executes the words and stores the state, case
 * by case. The same image is the memory of our engine, which is set to each case directly and runs its words alone: so
 * addresses are equal in both, and nothing but the words under test is executed here.
 */

import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Decoder } from '../../simulator/arch/instructions/decoder.ts';
import type { InstructionRow } from '../../simulator/arch/instructions/row.ts';
import { Engine } from '../../simulator/engine/engine.ts';
import { callOut } from '../../simulator/engine/ir.ts';
import * as L from '../../simulator/engine/layout.ts';
import type { Handlers, Lowerings } from '../../simulator/engine/semantics/handler.ts';
import { SLOT } from '../../simulator/engine/slots.generated.ts';

/** Bytes of memory that a case has for itself, and its first address. */
export const WINDOW = 256;

export interface State {
  /** X0 to X30. */
  readonly x: bigint[];
  sp: bigint;
  nzcv: number;
  /** V0 to V31 as low and high halves in turn. */
  readonly v: bigint[];
  /** 0 when left out. */
  fpcr?: number;
  fpsr?: number;
  readonly window: Uint8Array;
}

export interface Case {
  readonly name: string;
  readonly words: readonly number[];
  readonly before: State;
}

export interface Outcome extends State {
  /** It went on at the second word after the case rather than the first. */
  branched: boolean;
}

// The image: code, then a block of 1024 bytes per case with the registers before, the windows, and the blocks after.
const CASES = 1024;
const CODE = L.RAM_BASE;
const BLOCK = 1024;
const BEFORE = CODE + 0x100000;
const WINDOWS = BEFORE + CASES * BLOCK;
const AFTER = WINDOWS + CASES * WINDOW;
/** Exception vectors for our engine, in what the code leaves free. */
const VECTORS = BEFORE - 0x1000;
const END = AFTER + CASES * BLOCK;
/** Words of code per case. */
const CODE_WORDS = 104;
const WORDS_AT = 45;

export const batchSize = CASES;
export const windowAddress = (index: number): bigint => BigInt(WINDOWS + index * WINDOW);
/** Address of the first word of a case. */
export const wordAddress = (index: number): bigint => BigInt(CODE + (index * CODE_WORDS + WORDS_AT) * 4);

// Offsets in a block.
const SP_AT = 248;
const NZCV_AT = 256;
const MARK_AT = 264;
const V_AT = 272;
const FPCR_AT = 784;
const FPSR_AT = 792;

// --- The program for QEMU -------------------------------------------------------------------------------------------

const movz = (rd: number, imm: number, hw: number): number => 0xd2800000 | (hw << 21) | (imm << 5) | rd;
const movk = (rd: number, imm: number, hw: number): number => 0xf2800000 | (hw << 21) | (imm << 5) | rd;
const address = (rd: number, value: number): number[] => [movz(rd, value & 0xffff, 0), movk(rd, value >>> 16, 1)];
const pair = (opcode: number, rt: number, offset: number, bytes: number): number =>
  opcode | ((offset / bytes) << 15) | ((rt + 1) << 10) | (30 << 5) | rt;
const one = (opcode: number, rt: number, offset: number): number => opcode | ((offset / 8) << 10) | (30 << 5) | rt;
const LDP = 0xa9400000;
const STP = 0xa9000000;
const LDP_Q = 0xad400000;
const STP_Q = 0xad000000;
const LDR = 0xf9400000;
const STR = 0xf9000000;
const vectorPairs = (opcode: number): number[] =>
  Array.from({ length: 16 }, (_, i) => pair(opcode, 2 * i, V_AT + 32 * i, 16));
const registerPairs = (opcode: number): number[] =>
  Array.from({ length: 15 }, (_, i) => pair(opcode, 2 * i, 16 * i, 8));
const CLREX = 0xd5033f5f;
const MSR_NZCV_X0 = 0xd51b4200;
const MRS_X0_NZCV = 0xd53b4200;
const MSR_FPCR_X0 = 0xd51b4400;
const MSR_FPSR_X0 = 0xd51b4420;
const MRS_X0_FPSR = 0xd53b4420;
const MSR_TPIDR_X30 = 0xd51bd05e;
const MRS_X0_TPIDR = 0xd53bd040;
const MOV_SP_X0 = 0x9100001f;
const MOV_X0_SP = 0x910003e0;
const ROR_X30_16 = 0x93de43de;
const b = (words: number): number => 0x14000000 | (words & 0x3ffffff);
const NOP = 0xd503201f;
const BRANCH_TO_SELF = 0x14000000;

function caseCode(index: number, words: readonly number[]): number[] {
  const head = [
    ...address(30, BEFORE + index * BLOCK),
    CLREX,
    ...vectorPairs(LDP_Q),
    one(LDR, 0, NZCV_AT),
    MSR_NZCV_X0,
    one(LDR, 0, FPCR_AT),
    MSR_FPCR_X0,
    one(LDR, 0, FPSR_AT),
    MSR_FPSR_X0,
    one(LDR, 0, SP_AT),
    MOV_SP_X0,
    ...registerPairs(LDP),
    one(LDR, 30, 240),
  ];
  while (head.length < WORDS_AT) head.unshift(NOP);
  const after = AFTER + index * BLOCK;
  // X30 is kept in TPIDR_EL0. The top byte of the address tells which way was taken; it is ignored (TBI).
  const tail = [
    b(2),
    b(4),
    ...[MSR_TPIDR_X30, movz(30, 0, 0), b(3)],
    ...[MSR_TPIDR_X30, movz(30, 0x100, 0)],
    movk(30, after & 0xffff, 1),
    movk(30, after >>> 16, 2),
    ROR_X30_16,
    ...registerPairs(STP),
    MRS_X0_TPIDR,
    one(STR, 0, 240),
    MOV_X0_SP,
    one(STR, 0, SP_AT),
    MRS_X0_NZCV,
    one(STR, 0, NZCV_AT),
    MRS_X0_FPSR,
    one(STR, 0, FPSR_AT),
    one(STR, 30, MARK_AT),
    ...vectorPairs(STP_Q),
  ];
  const code = [...head, ...words, ...tail];
  if (code.length > CODE_WORDS) throw new Error(`A case has ${code.length} words; there is room for ${CODE_WORDS}.`);
  while (code.length < CODE_WORDS) code.push(NOP);
  return code;
}

const SVC = 0xd4000001;
const SYS_WRITE = 64;
const SYS_EXIT = 93;
/** Writes the windows and the blocks after to standard output, and exits. */
const epilogue = [
  ...address(1, WINDOWS),
  ...address(2, END - WINDOWS),
  movz(0, 1, 0),
  movz(8, SYS_WRITE, 0),
  SVC,
  movz(0, 0, 0),
  movz(8, SYS_EXIT, 0),
  SVC,
];

function makeImage(cases: readonly Case[]): Uint8Array {
  const image = new Uint8Array(END - CODE);
  const view = new DataView(image.buffer);
  const put = (at: number, words: readonly number[]): void => {
    for (const [i, word] of words.entries()) view.setUint32(at - CODE + i * 4, word, true);
  };
  for (const [index, { words, before }] of cases.entries()) {
    put(CODE + index * CODE_WORDS * 4, caseCode(index, words));
    writeBlock(view, BEFORE - CODE + index * BLOCK, before);
    image.set(before.window, WINDOWS - CODE + index * WINDOW);
  }
  put(CODE + cases.length * CODE_WORDS * 4, epilogue);
  return image;
}

function writeBlock(view: DataView, at: number, state: State): void {
  for (const [n, value] of state.x.entries()) view.setBigUint64(at + n * 8, value, true);
  view.setBigUint64(at + SP_AT, state.sp, true);
  view.setBigUint64(at + NZCV_AT, BigInt(state.nzcv) << 28n, true);
  view.setBigUint64(at + FPCR_AT, BigInt(state.fpcr ?? 0), true);
  view.setBigUint64(at + FPSR_AT, BigInt(state.fpsr ?? 0), true);
  for (const [n, value] of state.v.entries()) view.setBigUint64(at + V_AT + n * 8, value, true);
}

/** A static ELF file with one segment. */
function makeElf(image: Uint8Array): Uint8Array {
  const offset = 0x1000;
  const elf = new Uint8Array(offset + image.length);
  const view = new DataView(elf.buffer);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true); // ET_EXEC
  view.setUint16(18, 183, true); // EM_AARCH64
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(CODE), true); // e_entry
  view.setBigUint64(32, 64n, true); // e_phoff
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 1, true); // PT_LOAD
  view.setUint32(68, 7, true);
  view.setBigUint64(72, BigInt(offset), true);
  view.setBigUint64(80, BigInt(CODE), true);
  view.setBigUint64(88, BigInt(CODE), true);
  view.setBigUint64(96, BigInt(image.length), true);
  view.setBigUint64(104, BigInt(image.length), true);
  view.setBigUint64(112, 0x1000n, true);
  elf.set(image, offset);
  return elf;
}

/** The program, or undefined when the machine has none. */
export const findQemu = (): string | undefined =>
  ['qemu-aarch64', 'qemu-aarch64-static'].find(name => spawnSync(name, ['--version']).status === 0);

/** What QEMU makes of at most `batchSize` cases. */
export function runOnQemu(program: string, cases: readonly Case[]): Outcome[] {
  const folder = mkdtempSync(join(tmpdir(), 'hyperstep-'));
  try {
    const elf = join(folder, 'cases');
    const output = join(folder, 'output');
    writeFileSync(elf, makeElf(makeImage(cases)), { mode: 0o755 });
    const file = openSync(output, 'w');
    const result = spawnSync(program, ['-cpu', 'max', elf], { stdio: ['ignore', file, 'pipe'], timeout: 120_000 });
    closeSync(file);
    const bytes = readFileSync(output);
    if (bytes.length !== END - WINDOWS) {
      throw new Error(`QEMU ended with ${result.signal ?? result.status}: ${result.stderr.toString().slice(0, 500)}`);
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return cases.map((_, index): Outcome => {
      const at = AFTER - WINDOWS + index * BLOCK;
      const u64 = (offset: number): bigint => view.getBigUint64(at + offset, true);
      return {
        x: Array.from({ length: 31 }, (_, n) => u64(n * 8)),
        sp: u64(SP_AT),
        nzcv: Number(u64(NZCV_AT) >> 28n),
        v: Array.from({ length: 64 }, (_, n) => u64(V_AT + n * 8)),
        fpsr: Number(u64(FPSR_AT)),
        window: bytes.subarray(index * WINDOW, (index + 1) * WINDOW),
        branched: u64(MARK_AT) >> 56n === 1n,
      };
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// --- Our engine -----------------------------------------------------------------------------------------------------

/** An engine with nothing around it, at EL0 with the MMU off. */
export class EngineUnderTest {
  readonly #engine: Engine;

  constructor(rows: readonly InstructionRow[], handlers: Handlers, lowerings: Lowerings) {
    const refuse = { body: [callOut('refused')] };
    const refused = (): number => {
      throw new Error('An instruction under test was refused.');
    };
    const all = { ...handlers, undefined: refuse, unimplemented: refuse };
    const names = new Set(Object.values(all).flatMap(({ body }) => callOutsOf(body)));
    this.#engine = new Engine(
      Math.ceil((END - CODE) / 65536) * 65536,
      all,
      { decoder: new Decoder(rows), lowerings, hasFeature: () => true },
      {
        watch: () => {},
        firstWrite: () => {},
        // There are no devices: an access outside of RAM is an external abort.
        deviceRead: () => -1,
        deviceWrite: () => 0,
        observed: () => {},
        logFull: () => {},
        logDiffers: () => 0,
        guestSeen: () => {},
        accessEntry: () => L.ENTRY_ALLOWED,
        accessTablesDropped: () => {},
        slowCall: refused,
        fetched: () => {},
        callOuts: Object.fromEntries([...names, 'fpTrapped'].map(name => [name, refused])),
      },
    );
    const { u32, u64, core } = this.#engine;
    u64[(L.REGIONS + L.REGION_BASE) >> 3] = BigInt(L.RAM_BASE);
    u64[(L.REGIONS + L.REGION_SIZE) >> 3] = BigInt(END - CODE + 65535) & ~65535n;
    u32[(L.REGIONS + L.REGION_HOST) >> 2] = L.RAM;
    u32[L.PA_BITS >> 2] = 48;
    core.flushAll();
    this.setRegister('VBAR_EL1', BigInt(VECTORS));
  }

  /** Sets a system register by the name of its slot. */
  setRegister(name: string, value: bigint): void {
    this.#engine.u64[(L.SYSREG >> 3) + SLOT[name]] = value;
    this.#engine.core.contextsChanged();
  }

  /** What the engine makes of at most `batchSize` cases. Throws when one does not end after its words. */
  run(cases: readonly Case[]): Outcome[] {
    this.#load(cases);
    return cases.map(({ name, words, before }, index): Outcome => {
      const executed = this.#execute(index, words.length, before);
      const next = this.#engine.u64[L.PC >> 3] - wordAddress(index) - BigInt(words.length * 4);
      if (executed !== words.length || (next !== 0n && next !== 4n)) {
        throw new Error(`${name}: ${executed} of ${words.length} words ran and PC is ${next} bytes off.`);
      }
      if (this.#engine.u64[(L.X >> 3) + L.SLOT_ZERO] !== 0n) throw new Error(`${name}: XZR was written.`);
      return { ...this.#state(index), branched: next === 4n };
    });
  }

  /** As `run`, for cases that end in an exception to EL1: whether each did, and the state it left. */
  runToException(cases: readonly Case[]): (State & { readonly taken: boolean })[] {
    this.#load(cases);
    return cases.map(({ words, before }, index) => {
      const { u32, u64, core } = this.#engine;
      this.#execute(index, words.length, before);
      const taken = u32[L.EL >> 2] === 1;
      const state = this.#state(index);
      if (taken) {
        state.sp = u64[(L.SYSREG >> 3) + SLOT.SP_EL0];
        state.nzcv = Number((u64[(L.SYSREG >> 3) + SLOT.SPSR_EL1] >> 28n) & 15n);
        u32[L.EL >> 2] = 0;
        u32[L.SPSEL >> 2] = 0;
        core.contextsChanged();
      }
      return { ...state, taken };
    });
  }

  #load(cases: readonly Case[]): void {
    this.#engine.u8.set(makeImage(cases), L.RAM);
    this.#engine.u32.fill(BRANCH_TO_SELF, (L.RAM + VECTORS - CODE) >> 2, (L.RAM + VECTORS - CODE + 0x1000) >> 2);
    this.#engine.records.clear();
    this.#engine.core.flushAll();
  }

  #execute(index: number, words: number, before: State): number {
    const { u32, u64, core } = this.#engine;
    for (const [n, value] of before.x.entries()) u64[(L.X >> 3) + n] = value;
    u64[(L.X >> 3) + L.SLOT_SP] = before.sp;
    // What lands in the slot for discarded results must never be seen.
    u64[(L.X >> 3) + L.SLOT_DISCARD] = 0xdeadbeefdeadbeefn;
    for (const [n, value] of before.v.entries()) u64[(L.V >> 3) + n] = value;
    u32[L.FPCR >> 2] = before.fpcr ?? 0;
    u32[L.FPSR >> 2] = before.fpsr ?? 0;
    u32[L.EXCLUSIVE_BYTES >> 2] = 0;
    u32[L.FP_ENABLED >> 2] = 1;
    core.writeFlags(before.nzcv << 28);
    u64[L.PC >> 3] = wordAddress(index);
    return this.#engine.run(words).executed;
  }

  #state(index: number): State {
    const { u8, u32, u64, core } = this.#engine;
    const window = L.RAM + WINDOWS - CODE + index * WINDOW;
    return {
      x: Array.from({ length: 31 }, (_, n) => u64[(L.X >> 3) + n]),
      sp: u64[(L.X >> 3) + L.SLOT_SP],
      nzcv: core.readFlags() >>> 28,
      v: Array.from({ length: 64 }, (_, n) => u64[(L.V >> 3) + n]),
      fpsr: u32[L.FPSR >> 2],
      window: u8.slice(window, window + WINDOW),
    };
  }
}

function callOutsOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = (value as { s?: string }).s === 'callOut' ? [(value as { fn: string }).fn] : [];
  return [...own, ...Object.values(value).flatMap(callOutsOf)];
}

// --- Comparison -----------------------------------------------------------------------------------------------------

/** What differs between two outcomes, as sentences; none if they are equal. */
export function differences(ours: Outcome, theirs: Outcome): string[] {
  const found = stateDifferences(ours, theirs);
  if (ours.branched !== theirs.branched) found.push(`Branched is ${ours.branched} here and ${theirs.branched} there.`);
  return found;
}

/** As `differences`, without where it went on. */
export function stateDifferences(ours: State, theirs: State): string[] {
  const found: string[] = [];
  const check = (name: string, a: bigint | number, b: bigint | number): void => {
    if (a !== b) found.push(`${name} is ${show(a)} here and ${show(b)} there.`);
  };
  for (const [n, value] of ours.x.entries()) check(`X${n}`, value, theirs.x[n]);
  check('SP', ours.sp, theirs.sp);
  check('NZCV', ours.nzcv, theirs.nzcv);
  for (const [n, value] of ours.v.entries()) check(`V${n >> 1}[${n & 1}]`, value, theirs.v[n]);
  check('FPSR', ours.fpsr ?? 0, theirs.fpsr ?? 0);
  for (const [n, value] of ours.window.entries()) check(`Byte ${n} of the window`, value, theirs.window[n]);
  return found;
}

const show = (value: bigint | number): string => `0x${value.toString(16)}`;

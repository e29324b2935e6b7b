/**
 * A region as one WebAssembly function. It takes the address of an entry and returns REGION_*. General registers are in
 * locals, loaded at the entry and written back at the one exit. The statements of the handlers are the interpreter's.
 */

import { CALL_JUMP } from '../callout.ts';
import {
  type Environment,
  emitAll,
  emitArms,
  emitExpr,
  emitFpLimit,
  emitFpPlain,
  emitStmt,
  type LastPage,
  writesFlags,
} from '../emit.ts';
import { OP_COMPILED, REGION_ABORT, REGION_CALL, REGION_ENTER, REGION_INTERPRET } from '../interpreter.ts';
import { conditionMask, type Expr, type FlagKind, type Local, type Operand, type Stmt } from '../ir.ts';
import {
  COMPILED_ENTRIES,
  COMPILED_ENTRIES_MAX,
  COMPILED_FUNCTION,
  COMPILED_INDEX,
  COMPILED_LIMIT,
  COMPILED_OFFSET,
  CTX_DATA,
  CTX_DATA_HASH,
  CTX_FETCH,
  CTX_FETCH_HASH,
  CTX_UNPRIV,
  FETCH_PAGE,
  FP_ENABLED,
  ITLB,
  ITLB_ENTRIES,
  LAZY_A,
  LAZY_B,
  LAZY_KIND,
  PC,
  RECORD,
  RECORD_BYTES,
  REMAINING,
  SLOT_DISCARD,
  SLOT_SP,
  SLOT_ZERO,
  TLB_ENTRY_BITS,
  TLB_READ,
  TLB_WRITE,
  X,
} from '../layout.ts';
import { Scope } from '../scope.ts';
import { DROP, I64_CONST, LOCAL_GET, LOCAL_SET, NOP, type Type } from '../wasm/opcodes.ts';
import { comparisonFor, kindNumber, NZCV } from './flags.ts';
import { type Flow, structure } from './flow.ts';
import { fusesMultiplyAdd } from './fused.ts';
import { Narrowing } from './narrow.ts';
import { type Block, branchTarget, type Instruction, pageNumber, type Region, successors } from './region.ts';
import { type Fill, Recording, type Template, Temporaries } from './templates.ts';
import type { Usage } from './usage.ts';

export interface CompiledRegion {
  readonly code: Scope['code'];
  readonly locals: readonly Type[];
  /** By offset: index for the dispatch, and instructions that have to be left to enter there. */
  readonly entries: ReadonlyMap<number, { readonly index: number; readonly limit: number }>;
}

export type ImportFunction = (name: string, args: readonly Type[], result: Type | undefined) => number;

/** What all regions of a compiler have in common. */
export class Shared {
  readonly temporaries = new Temporaries(FIRST_TEMPORARY);
  readonly templates = new Map<number, Template<RegionEmitter>>();

  constructor(readonly importFunction: ImportFunction) {}
}

/** What is known where code is emitted, on the one way that leads there. */
interface Known {
  /** The operation that set the flags, whose operands are in locals; undefined when only LAZY_KIND tells. */
  flags: FlagKind | 'nzcv' | undefined;
  /** LAZY_KIND, LAZY_A and LAZY_B are right. */
  settled: boolean;
  /** FP has been found enabled. */
  fp: boolean;
  /** Bits by slot: registers whose upper halves are 0, see narrow.ts. */
  narrow: number;
}

const NOTHING: Known = { flags: undefined, settled: true, fp: false, narrow: 0 };

// Locals: the parameter is the address of the entry.
const ENTRY = 0;
const LEFT = 1; // instructions left after the present block
const INDEX = 2; // which entry the dispatch goes to; for other short uses in between
const RESULT = 3;
// Operands of what set the flags, in 32 or 64 bits.
const FLAG_A_32 = 4;
const HASH = 5; // CTX_DATA_HASH in the place of an index of TLB entries
const FLAG_A_64 = 6;
const FLAG_B_64 = 7;
const BASE = 8; // VA of offset 0
const TARGET = 9; // VA to go to
const CONTEXT = 10; // CTX_DATA
// What fpLimit() of ir.ts says, for singles and doubles.
const FP_LIMIT_32 = 11;
const FP_LIMIT_64 = 12;
const FLAG_B_32 = 13;
const fixedLocals: readonly Type[] = [
  ...(['i32', 'i32', 'i32', 'i32', 'i32', 'i64', 'i64', 'i64', 'i64', 'i64'] as const),
  ...(['i32', 'i64', 'i32'] as const),
];

// Registers, last pages and temporaries: the same in all regions, so that code of handlers can be.
const FIRST_REGISTER = 1 + fixedLocals.length;
const REGISTERS = SLOT_SP + 1;
const FIRST_PAGE = FIRST_REGISTER + REGISTERS;
/** Bases, for loads and for stores, that have a last page in one region. More would take the host's registers away. */
const LAST_PAGES = 2;
const lastPages: readonly LastPage[] = Array.from({ length: LAST_PAGES }, (_, index) => ({
  number: FIRST_PAGE + 2 * index,
  addend: FIRST_PAGE + 2 * index + 1,
}));
const FIRST_TEMPORARY = FIRST_PAGE + 2 * LAST_PAGES;
const constantLocals: readonly Type[] = [
  ...fixedLocals,
  ...new Array<Type>(REGISTERS).fill('i64'),
  ...lastPages.flatMap((): Type[] => ['i64', 'i32']),
];

/** Locals of the operands that an operation's flags come from; none of NZCV themselves but the first. */
const flagLocals = (flags: FlagKind | 'nzcv'): { a: number; b: number; type: 'i32' | 'i64' } =>
  flags.endsWith('64') ? { a: FLAG_A_64, b: FLAG_B_64, type: 'i64' } : { a: FLAG_A_32, b: FLAG_B_32, type: 'i32' };
/** The second operand is not asked for. */
const hasOneOperand = (flags: FlagKind | 'nzcv'): boolean => flags === 'nzcv' || flags.startsWith('logic');

const codeOfMask = new Map(Array.from({ length: 14 }, (_, code) => [conditionMask(code), code]));
const LINK = 30;
const NO_PAGE = -1;
/** What moves to and from system registers call out for. */
const SYSTEM_REGISTER = 'systemRegister';

/** Of code for an instruction; few regions take more. */
const USUAL_BYTES = 80;
const operands: readonly Operand[] = ['rd', 'rn', 'rm', 'ra'];

const usesMany = (region: Region): boolean => region.entries.size > 1;

/** Control flow of a region, and its nodes by offset. */
export interface RegionPlan {
  readonly flow: Flow;
  readonly node: ReadonlyMap<number, number>;
}

/** Undefined when a way through the region is too long for a budget. */
export function planRegion(region: Region, mostLimit: number): RegionPlan | undefined {
  const node = new Map<number, number>();
  for (const { offset } of region.blocks) node.set(offset, node.size + 1);
  const edges: number[][] = [[]];
  const sizes = [0];
  const many = usesMany(region);
  for (const block of region.blocks) {
    const targets: number[] = [];
    for (const offset of successors(block)) {
      const to = node.get(offset);
      if (to !== undefined) targets.push(to);
    }
    if (many && block.branch?.usage.ending === 'branchTo') targets.push(0);
    edges.push(targets);
    sizes.push(block.instructions.length);
  }
  const entries = [...region.entries].map(offset => node.get(offset) as number);
  const flow = structure(edges, entries, sizes);
  return Math.max(...flow.longest.slice(1)) > mostLimit ? undefined : { flow, node };
}

/** `number` is that of the region in the table of regions. */
export function emitRegion(region: Region, { flow, node }: RegionPlan, number: number, shared: Shared): CompiledRegion {
  return new RegionEmitter(region, number, flow, node, shared).emit();
}

class RegionEmitter implements Environment {
  readonly scope: Scope;
  readonly vectorBase = X;
  /** Loops without calls keep their registers in the host's; to come back costs little, and misses are rare. */
  readonly leavesOnMiss = true;
  readonly costs = false;
  readonly fuses = fusesMultiplyAdd();
  /** Bits by slot. */
  #used = 0;
  #written = 0;
  /** Temporaries that there have to be. */
  #temporaries = 0;
  readonly #index = new Map<number, number>();
  readonly #usesFpLimits: boolean;
  /** Keys of bases that have a last page, in the order of `lastPages`. */
  #pagedBases: readonly number[] = [];
  readonly #flagsNeeded: readonly boolean[];
  #known: Known = { ...NOTHING };
  /** While the code of a handler becomes a template. */
  #recording: Recording<RegionEmitter> | undefined;
  #recordedFrom = 0;
  #present!: Instruction;
  /** Instructions of the block from the present one on. */
  #ahead = 0;

  constructor(
    readonly region: Region,
    readonly regionNumber: number,
    readonly flow: Flow,
    readonly node: ReadonlyMap<number, number>,
    readonly shared: Shared,
  ) {
    const instructions = region.blocks.reduce((sum, block) => sum + block.instructions.length, 0);
    this.scope = new Scope(instructions * USUAL_BYTES);
    this.#usesFpLimits = region.blocks.some(({ instructions }) => instructions.some(({ usage }) => usage.fpLimit));
    this.#findRegisters();
    this.#findLastPages();
    for (const entry of flow.entries) this.#index.set(entry, this.#index.size);
    this.#flagsNeeded = this.#findFlagsNeeded();
  }

  get code(): Scope['code'] {
    return this.scope.code;
  }

  #findRegisters(): void {
    const bit = (slot: number): number => (slot < REGISTERS ? 1 << slot : 0);
    for (const block of this.region.blocks) {
      for (const instruction of block.instructions) {
        const { reads, writes, link } = instruction.usage;
        for (const operand of reads) this.#used |= bit(slotOf(instruction, operand));
        for (const operand of writes) this.#written |= bit(slotOf(instruction, operand));
        if (link) this.#written |= 1 << LINK;
      }
    }
    this.#used |= this.#written;
  }

  #block(node: number): Block {
    return this.region.blocks[this.flow.origin[node] - 1];
  }

  /** Gives locals for a last page to the bases that are most used. */
  #findLastPages(): void {
    const weights = new Map<number, number>();
    const visit = (node: number, depth: number): void => {
      const inside = depth + Number(node > 0 && this.flow.isLoop[node]);
      for (const instruction of node ? this.#block(node).instructions : []) {
        const { loads, stores } = instruction.usage;
        const slot = slotOf(instruction, 'rn');
        const add = (key: number) => weights.set(key, (weights.get(key) ?? 0) + 8 ** inside);
        if (loads) add(pagedBase(slot, TLB_READ));
        if (stores) add(pagedBase(slot, TLB_WRITE));
      }
      for (const child of this.flow.children[node]) visit(child, inside);
    };
    visit(0, 0);
    const most = [...weights].filter(([, weight]) => weight >= 8).sort(([, a], [, b]) => b - a);
    this.#pagedBases = most.slice(0, LAST_PAGES).map(([key]) => key);
  }

  lastPage(tag: number): LastPage | undefined {
    return lastPages[this.#pageOf(this.#present, tag)];
  }

  /** Index in `lastPages`; -1 for none. */
  #pageOf(instruction: Instruction, tag: number): number {
    if (!this.#pagedBases.length || !instruction.usage.reads.includes('rn')) return -1;
    return this.#pagedBases.indexOf(pagedBase(slotOf(instruction, 'rn'), tag));
  }

  // --- The function ---------------------------------------------------------------------------------------------------

  emit(): CompiledRegion {
    const { scope } = this;
    const code = this.code;
    for (let slot = 0; slot < REGISTERS; slot++) {
      if ((this.#used >>> slot) % 2)
        code
          .i32(0)
          .load('i64', X + slot * 8)
          .set(FIRST_REGISTER + slot);
    }
    code.i32(0).load('i32', REMAINING).set(LEFT);
    this.#loadContext();
    this.#loadFpLimits();
    code.i32(0).load('i64', PC).set(TARGET);
    scope.block('exit');
    const pages = [...this.region.pages.keys()];
    for (const page of pages) scope.block(undoneIn(page), 'i32');
    this.#setBase();
    this.#tree(0);
    // Nothing goes on here: control has gone to a block or out.
    code.unreachable();
    for (const page of pages.reverse()) {
      scope.end();
      this.#leaveUndone(page);
    }
    scope.end();
    for (let slot = 0; slot < REGISTERS; slot++) {
      if ((this.#written >>> slot) % 2)
        code
          .i32(0)
          .get(FIRST_REGISTER + slot)
          .store('i64', X + slot * 8);
    }
    code.i32(0).get(LEFT).store('i32', REMAINING);
    code.i32(0).get(TARGET).store('i64', PC);
    code.get(RESULT).end();
    const entries = new Map<number, { index: number; limit: number }>();
    for (const [node, index] of this.#index) {
      const { offset } = this.#block(node);
      if (!entries.has(offset)) entries.set(offset, { index, limit: this.flow.longest[node] });
    }
    const temporaries = this.shared.temporaries.types.slice(0, this.#temporaries);
    return { code, locals: [...constantLocals, ...temporaries], entries };
  }

  /** Finds the translation contexts if a control has changed. */
  #enterState(): void {
    this.code.i32(0).load('i64', CTX_DATA).op('i64.eqz');
    this.scope.if();
    this.code.call(this.shared.importFunction('enterState', [], undefined));
    this.scope.end();
    this.#loadContext();
  }

  #loadContext(): void {
    this.code.i32(0).load('i64', CTX_DATA).set(CONTEXT);
    this.code.i32(0).load('i32', CTX_DATA_HASH).i32(TLB_ENTRY_BITS).op('i32.shl').set(HASH);
    for (const index of this.#pagedBases.keys()) this.code.i64(NO_PAGE).set(lastPages[index].number);
  }

  #loadFpLimits(): void {
    if (!this.#usesFpLimits) return;
    const code = this.code;
    emitFpPlain(this);
    code.set(INDEX);
    emitFpLimit('i32', this, () => code.get(INDEX));
    code.set(FP_LIMIT_32);
    emitFpLimit('i64', this, () => code.get(INDEX));
    code.set(FP_LIMIT_64);
  }

  fpLimit(type: 'i32' | 'i64'): void {
    this.code.get(type === 'i32' ? FP_LIMIT_32 : FP_LIMIT_64);
  }

  /** The core signals what FP instructions find. */
  called(): void {
    if (this.#present.usage.fp) this.#differing(emitter => emitter.#loadFpLimits());
  }

  /** From the entry in ENTRY, whose VA is in TARGET. */
  #setBase(): void {
    const code = this.code;
    code
      .get(TARGET)
      .get(ENTRY)
      .load('i64', COMPILED_ENTRIES + COMPILED_OFFSET, 4, true)
      .op('i64.sub')
      .set(BASE);
    if (this.flow.entries.size > 1)
      code
        .get(ENTRY)
        .load('i32', COMPILED_ENTRIES + COMPILED_INDEX, 2)
        .set(INDEX);
  }

  // --- Control flow ---------------------------------------------------------------------------------------------------

  #tree(node: number): void {
    const { scope, flow } = this;
    const merges = flow.children[node]
      .filter(child => flow.isMerge[child])
      .sort((a, b) => flow.order[b] - flow.order[a]);
    if (!flow.isLoop[node]) {
      this.#within(node, merges, 0);
      return;
    }
    this.#meet(node);
    scope.loop(`loop ${node}`);
    this.#within(node, merges, 0);
    scope.end();
  }

  /** The code of a node inside of blocks after which its children that are merges follow, from one of them on. */
  #within(node: number, merges: readonly number[], index: number): void {
    if (index === merges.length) {
      if (node === 0) this.#dispatch();
      else this.#emitBlock(node);
      return;
    }
    const merge = merges[index];
    this.scope.block(`block ${merge}`);
    this.#within(node, merges, index + 1);
    this.scope.end();
    this.#known = { ...NOTHING };
    this.#tree(merge);
  }

  /** Nothing may be known here that does not hold on all ways to this place. */
  #meet(node: number): void {
    this.#settleFor(node);
    this.#known = { ...NOTHING };
  }

  #dispatch(): void {
    const entries = [...this.#index.keys()];
    if (entries.length > 1) {
      const depths = entries.slice(1).map(entry => this.scope.depth(`block ${entry}`));
      this.code
        .get(INDEX)
        .i32(1)
        .op('i32.sub')
        .brTable(depths, this.scope.depth(`block ${entries[0]}`));
    } else {
      this.scope.br(`block ${entries[0]}`);
    }
  }

  #emitBlock(node: number): void {
    const block = this.#block(node);
    const code = this.code;
    const { instructions } = block;
    code.get(LEFT).i32(instructions.length).op('i32.sub').set(LEFT);
    this.#ahead = instructions.length;
    for (const instruction of instructions) {
      this.#present = instruction;
      const { usage } = instruction;
      if (usage.fp) this.#requireFp();
      if (instruction === block.branch) this.#emitBranch(node, block, instruction);
      else this.#emitStraight(instruction);
      if (usage.entersState) this.#loadContext();
      this.#release();
      this.#ahead--;
    }
    if (!block.branch) this.#goTo(node, block, block.end);
  }

  /** An instruction that does not branch. */
  #emitStraight(instruction: Instruction): void {
    const { usage, ready } = instruction;
    const narrow = usage.narrow.simplifies ? this.#narrowOperands(instruction) : 0;
    if (usage.flagsInArms) {
      this.#emitBody(usage, narrow);
    } else {
      // All that the code depends on, besides what fills the gaps.
      const read = this.#pageOf(instruction, TLB_READ) + 1;
      const write = this.#pageOf(instruction, TLB_WRITE) + 1;
      const key = ((ready.near * (LAST_PAGES + 1) + read) * (LAST_PAGES + 1) + write) * 2 ** operands.length + narrow;
      const template = this.shared.templates.get(key);
      if (template) this.#emitTemplate(template);
      else this.shared.templates.set(key, this.#makeTemplate(usage, narrow));
    }
    this.#writeNarrow(instruction);
  }

  /** Bits by operand: those that are read and known to be narrow. */
  #narrowOperands(instruction: Instruction): number {
    let bits = 0;
    for (const operand of instruction.usage.reads) {
      const slot = slotOf(instruction, operand);
      if (slot === SLOT_ZERO || (slot <= SLOT_SP && (this.#known.narrow >>> slot) % 2 === 1))
        bits |= 1 << operands.indexOf(operand);
    }
    return bits;
  }

  #emitBody({ body }: Usage, narrow: number): void {
    if (!narrow) {
      emitAll(body, this);
      return;
    }
    const narrowing = new Narrowing(operand => ((narrow >> operands.indexOf(operand)) & 1) === 1);
    for (const statement of body) emitStmt(narrowing.statement(statement), this);
  }

  /** Emits the present instruction, and keeps its code for others. */
  #makeTemplate(usage: Usage, narrow: number): Template<RegionEmitter> {
    this.#recording = new Recording<RegionEmitter>(this.scope.code);
    this.#recordedFrom = this.scope.level;
    this.#emitBody(usage, narrow);
    const template = this.#recording.end(this.#release());
    this.#recording = undefined;
    return template;
  }

  #emitTemplate({ bytes, parts, temporaries }: Template<RegionEmitter>): void {
    const { scope, code } = this;
    let from = 0;
    for (const { end, registers, depth, fill } of parts) {
      const shift = code.length - from;
      code.copy(bytes, from, end);
      for (const { at, operand, write } of registers) this.#fillRegister(shift + at, operand, write);
      from = end;
      if (fill) scope.inside(depth, fill, this);
    }
    if (temporaries > this.#temporaries) this.#temporaries = temporaries;
  }

  /** Emits what differs from one instruction of a handler to another. */
  #differing(fill: Fill<RegionEmitter>): void {
    if (this.#recording) this.#recording.gap(this, this.scope.level - this.#recordedFrom, fill);
    else fill(this);
  }

  /** Gives temporaries back. */
  #release(): number {
    const most = this.shared.temporaries.release();
    if (most > this.#temporaries) this.#temporaries = most;
    return most;
  }

  #writeNarrow(instruction: Instruction): void {
    const { writes, narrow } = instruction.usage;
    for (const operand of writes) this.#setNarrow(slotOf(instruction, operand), false);
    if (!narrow.writes.length) return;
    // Two operands may be one register, of which the base is written last: it is no narrow one.
    if (writes.length === narrow.writes.length || slotsDiffer(instruction))
      for (const operand of narrow.writes) this.#setNarrow(slotOf(instruction, operand), true);
  }

  #setNarrow(slot: number, isNarrow: boolean): void {
    if (slot > SLOT_SP) return;
    if (isNarrow) this.#known.narrow |= 1 << slot;
    else this.#known.narrow &= ~(1 << slot);
  }

  #emitBranch(node: number, block: Block, branch: Instruction): void {
    const { body, link, ending, call } = branch.usage;
    const code = this.code;
    if (ending === 'call') {
      this.#undone(REGION_CALL + call);
      return;
    }
    // Indirect branches that look at their page find it where the interpreter has it.
    if (branch.usage.performs) {
      code.i32(0);
      this.#pushAddress(pageNumber(branch.offset) << 12);
      code.store('i64', FETCH_PAGE);
    }
    emitAll(body.slice(0, -1), this);
    const last = body[body.length - 1];
    if (last.s === 'branchTo') {
      emitExpr(last.target, this);
      code.set(TARGET);
      if (link) this.#link(block.end);
      this.#indirect();
    } else if (last.s === 'branch' && ending === 'branch') {
      if (!last.when) {
        if (link) this.#link(block.end);
        this.#goTo(node, block, branchTarget(branch));
        return;
      }
      emitExpr(last.when, this);
      this.#release();
      this.scope.if();
      const known = { ...this.#known };
      this.#goTo(node, block, branchTarget(branch));
      this.#known = known;
      this.scope.end();
      this.#goTo(node, block, block.end);
    }
  }

  #link(offset: number): void {
    this.#pushAddress(offset);
    this.code.set(FIRST_REGISTER + LINK);
    this.#setNarrow(LINK, false);
  }

  /** From a node to an offset, inside or out. */
  #goTo(from: number, block: Block, offset: number): void {
    const { scope, flow } = this;
    const code = this.code;
    const original = this.node.get(offset);
    const to = original === undefined ? undefined : flow.successor(from, original);
    const page = this.region.pages.get(pageNumber(offset));
    if (to === undefined || !page) {
      this.#exit(offset);
      return;
    }
    if (pageNumber(offset) !== pageNumber(block.offset)) this.#guardPage(offset, page.records);
    const viaDispatch = flow.viaDispatch(from, to);
    if (viaDispatch || flow.order[to] <= flow.order[from]) {
      code.get(LEFT).i32(flow.longest[to]).op('i32.lt_s').rarely();
      scope.if();
      this.#exit(offset);
      scope.end();
    }
    if (viaDispatch) {
      this.#settle();
      code.i32(this.#index.get(to) as number).set(INDEX);
      scope.br('loop 0');
    } else if (flow.order[to] <= flow.order[from]) {
      this.#settleFor(to);
      scope.br(`loop ${to}`);
    } else if (flow.isMerge[to]) {
      this.#settleFor(to);
      scope.br(`block ${to}`);
    } else {
      this.#tree(to);
    }
  }

  /** The interpreter fetches from the ITLB when it goes to another page; so does compiled code. */
  #guardPage(offset: number, records: number): void {
    const code = this.code;
    this.#pushAddress(offset);
    code.set(TARGET);
    const entry = this.#pushFetchTag();
    code
      .get(entry)
      .load('i32', ITLB + 8)
      .i32(records)
      .op('i32.eq')
      .op('i32.and')
      .op('i32.eqz')
      .rarely();
    this.scope.if();
    this.#leave(REGION_ENTER);
    this.scope.end();
  }

  /** Pushes whether the ITLB has the page of TARGET; returns the local with the address of its entry. */
  #pushFetchTag(): number {
    const code = this.code;
    const entry = this.scratch('i32', 7);
    code.get(TARGET).i64(12n).op('i64.shr_u').op('i32.wrap_i64').i32(0).load('i32', CTX_FETCH_HASH).op('i32.xor');
    code
      .i32(ITLB_ENTRIES - 1)
      .op('i32.and')
      .i32(4)
      .op('i32.shl')
      .tee(entry)
      .load('i64', ITLB);
    // Of an unaligned address the low bits stay, and differ from every context.
    code.get(TARGET).i64(~0xffcn).op('i64.and').i32(0).load('i64', CTX_FETCH).op('i64.xor').op('i64.eq');
    return entry;
  }

  /** To the VA in TARGET: an entry of this region, or out. */
  #indirect(): void {
    const code = this.code;
    if (!usesMany(this.region)) {
      this.#leave(REGION_ENTER);
      return;
    }
    this.#settle();
    const entry = this.#pushFetchTag();
    code.op('i32.eqz');
    this.scope.brIf('exit');
    code.get(TARGET).op('i32.wrap_i64').i32(4092).op('i32.and').i32(2).op('i32.shl');
    code
      .get(entry)
      .load('i32', ITLB + 8)
      .op('i32.add')
      .load('i32', 0, 2)
      .tee(entry)
      .i32(OP_COMPILED)
      .op('i32.lt_u');
    this.scope.brIf('exit');
    code
      .get(entry)
      .i32(COMPILED_ENTRIES_MAX - 1)
      .op('i32.and')
      .i32(4)
      .op('i32.shl')
      .tee(ENTRY);
    code
      .load('i32', COMPILED_ENTRIES + COMPILED_FUNCTION, 2)
      .i32(this.regionNumber)
      .op('i32.ne');
    this.scope.brIf('exit');
    code
      .get(LEFT)
      .get(ENTRY)
      .load('i32', COMPILED_ENTRIES + COMPILED_LIMIT, 2)
      .op('i32.lt_s');
    this.scope.brIf('exit');
    this.#setBase();
    this.scope.br('loop 0');
  }

  #pushAddress(offset: number): void {
    this.code.get(BASE);
    if (offset) this.code.i64(offset).op('i64.add');
  }

  /** Leaves the region for the instruction at an offset. */
  #exit(offset: number): void {
    this.#pushAddress(offset);
    this.code.set(TARGET);
    this.#leave(REGION_ENTER);
  }

  #leave(result: number): void {
    const settled = this.#known.settled;
    this.#settle();
    if (result !== REGION_ENTER) this.code.i32(result).set(RESULT);
    this.scope.br('exit');
    this.#known.settled = settled;
  }

  /** Leaves with the present instruction not done. There are many such places, so that the most is in `#leaveUndone`. */
  #undone(result: number): void {
    const { settled } = this.#known;
    this.#settle();
    const { offset } = this.#present;
    this.code.i32((result << (2 * UNDONE_BITS)) | (this.#ahead << UNDONE_BITS) | wordOf(offset));
    this.scope.br(undoneIn(pageNumber(offset)));
    this.#known.settled = settled;
  }

  /** With what `#undone` has left on the stack for an instruction of a page. */
  #leaveUndone(page: number): void {
    const { code } = this;
    code.set(INDEX);
    code
      .get(LEFT)
      .get(INDEX)
      .i32(UNDONE_BITS)
      .op('i32.shr_u')
      .i32(2 ** UNDONE_BITS - 1)
      .op('i32.and')
      .op('i32.add')
      .set(LEFT);
    code
      .get(INDEX)
      .i32(2 * UNDONE_BITS)
      .op('i32.shr_u')
      .set(RESULT);
    const pushWord = (shift: number) =>
      code
        .get(INDEX)
        .i32(2 ** UNDONE_BITS - 1)
        .op('i32.and')
        .i32(shift)
        .op('i32.shl');
    code.i32(0);
    pushWord(Math.log2(RECORD_BYTES));
    code
      .i32(this.region.pages.get(page)?.records ?? 0)
      .op('i32.add')
      .store('i32', RECORD);
    this.#pushAddress(page << 12);
    pushWord(2);
    code.op('i64.extend_i32_u').op('i64.add').set(TARGET);
    this.scope.br('exit');
  }

  /** Leaves with the present instruction done, which has not branched. */
  #exitBehind(): void {
    if (this.#ahead > 1)
      this.code
        .get(LEFT)
        .i32(this.#ahead - 1)
        .op('i32.add')
        .set(LEFT);
    this.#exit(this.#present.offset + 4);
  }

  /** Address of the record of the present instruction. */
  #record(): number {
    const { offset } = this.#present;
    const page = this.region.pages.get(pageNumber(offset));
    return (page?.records ?? 0) + ((offset & 4095) >> 2) * RECORD_BYTES;
  }

  #requireFp(): void {
    if (this.#known.fp) return;
    this.code.i32(0).load('i32', FP_ENABLED).op('i32.eqz').rarely();
    this.scope.if();
    this.#undone(REGION_INTERPRET);
    this.scope.end();
    this.#known.fp = true;
  }

  // --- Environment: operands ------------------------------------------------------------------------------------------

  #operand(operand: Operand): number {
    return operandOf(this.#present, operand);
  }

  x(operand: Operand): void {
    this.#register(operand, false);
  }

  setX(operand: Operand, value: () => void): void {
    value();
    this.#register(operand, true);
  }

  #register(operand: Operand, write: boolean): void {
    this.#recording?.register(operand, write);
    const { code } = this;
    const at = code.length;
    code.byte(0).byte(0);
    this.#fillRegister(at, operand, write);
  }

  /** Reads or writes a register by two bytes, whichever it is. */
  #fillRegister(at: number, operand: Operand, write: boolean): void {
    const slot = slotOf(this.#present, operand);
    if (slot < REGISTERS) this.code.put(at, write ? LOCAL_SET : LOCAL_GET, FIRST_REGISTER + slot);
    else if (write) this.code.put(at, DROP, NOP);
    else this.code.put(at, I64_CONST, 0);
  }

  vectorAddress(operand: Operand): void {
    this.number(operand);
  }

  number(operand: Operand): void {
    this.#differing(emitter => emitter.code.i32(emitter.#operand(operand)));
  }

  immediate(part: 'all' | 'low' | 'high'): void {
    this.#differing(emitter => {
      const { low, high } = emitter.#present.ready;
      if (part !== 'all') emitter.code.i32(part === 'low' ? low : high);
      else emitter.code.i64(high === low >> 31 ? low : (BigInt(high) << 32n) | BigInt(low >>> 0));
    });
  }

  pc(): void {
    this.#differing(emitter => emitter.#pushAddress(emitter.#present.offset));
  }

  remaining(): void {
    this.#differing(emitter => {
      emitter.code.get(LEFT);
      if (emitter.#ahead > 1) emitter.code.i32(emitter.#ahead - 1).op('i32.add');
    });
  }

  context(address: number): void {
    if (address === CTX_DATA) this.code.get(CONTEXT);
    else if (address === CTX_DATA_HASH) this.code.get(HASH);
    else if (address === CTX_UNPRIV) this.code.i32(0).load('i64', address);
    else this.code.i32(0).load('i32', address).i32(TLB_ENTRY_BITS).op('i32.shl');
  }

  local(temporary: Local): number {
    return this.shared.temporaries.of(temporary);
  }

  scratch(type: Type, index: number): number {
    return this.shared.temporaries.scratch(type, index);
  }

  import(name: string, args: readonly Type[], result: Type | undefined): number {
    return this.shared.importFunction(name, args, result);
  }

  // --- Environment: flags ---------------------------------------------------------------------------------------------

  setFlags(kind: FlagKind, a: number, b: number): void {
    const code = this.code;
    const to = flagLocals(kind);
    code.get(a).set(to.a);
    if (!hasOneOperand(kind)) code.get(b).set(to.b);
    this.#differing(emitter => emitter.#knowFlags(kind));
  }

  setNzcv(local: number): void {
    this.code.get(local).set(FLAG_A_32);
    this.#differing(emitter => emitter.#knowFlags('nzcv'));
  }

  #knowFlags(flags: FlagKind | 'nzcv'): void {
    this.#known.flags = flags;
    this.#known.settled = false;
  }

  /** What is known of the flags has to hold in both arms, and after them. */
  arms(statement: Extract<Stmt, { s: 'if' }>, yes: () => void, no: (() => void) | undefined): void {
    const sets = writesFlags(statement.yes) || writesFlags(statement.no);
    if (sets && !no) this.#settle();
    const before = { ...this.#known };
    const arm = (emit: () => void) => () => {
      this.#known = { ...before };
      emit();
      if (sets) this.#settle();
    };
    emitArms(this.scope, arm(yes), no && arm(no));
    this.#known = sets ? { ...before, flags: undefined, settled: true } : before;
  }

  /** Memory says from here on what the flags come from. */
  #settle(): void {
    const { flags, settled } = this.#known;
    this.#known.settled = true;
    if (settled || !flags) return;
    const { a, b, type } = flagLocals(flags);
    const code = this.code;
    code
      .i32(0)
      .i32(flags === 'nzcv' ? NZCV : kindNumber(flags))
      .store('i32', LAZY_KIND);
    code.i32(0).get(a).store(type, LAZY_A);
    if (!hasOneOperand(flags)) code.i32(0).get(b).store(type, LAZY_B);
  }

  /** The same, if somebody may ask from a node on. */
  #settleFor(node: number): void {
    if (this.#flagsNeeded[node]) this.#settle();
  }

  /** By node: whether the flags that there are at its beginning may be asked for. */
  #findFlagsNeeded(): boolean[] {
    const { flow } = this;
    const needed = new Array<boolean>(flow.order.length).fill(true);
    const nodes = [...flow.order.keys()].filter(node => node && flow.order[node] >= 0);
    for (const node of nodes.sort((a, b) => flow.order[b] - flow.order[a])) {
      const block = this.#block(node);
      const first = block.instructions.find(({ usage }) => usage.flags !== 'kept');
      const goesOn = (offset: number): boolean => {
        const original = this.node.get(offset);
        const to = original === undefined ? undefined : flow.successor(node, original);
        if (to === undefined || pageNumber(offset) !== pageNumber(block.offset)) return true;
        return flow.viaDispatch(node, to) || flow.order[to] <= flow.order[node] || needed[to];
      };
      needed[node] = first ? first.usage.flags === 'needed' : successors(block).some(goesOn);
    }
    return needed;
  }

  /** Pushes the kind and the operands in memory. */
  #pushLazyFlags(): void {
    this.code.i32(0).load('i32', LAZY_KIND).i32(0).load('i64', LAZY_A).i32(0).load('i64', LAZY_B);
  }

  #pushNzcv(): void {
    const { flags } = this.#known;
    const code = this.code;
    if (flags === 'nzcv') {
      code.get(FLAG_A_32);
      return;
    }
    if (flags) {
      const { a, b, type } = flagLocals(flags);
      code.i32(kindNumber(flags));
      for (const local of [a, b]) {
        code.get(local);
        if (type === 'i32') code.op('i64.extend_i32_u');
      }
    } else {
      this.#pushLazyFlags();
    }
    code.call(this.shared.importFunction('nzcvOf', ['i32', 'i64', 'i64'], 'i32'));
  }

  flag(name: 'n' | 'z' | 'c' | 'v'): void {
    this.#differing(emitter => emitter.#flag(name));
  }

  #flag(name: 'n' | 'z' | 'c' | 'v'): void {
    const code = this.code;
    const { flags } = this.#known;
    if (name === 'c' && flags && flags !== 'nzcv' && flags.startsWith('sub')) {
      this.#holds(2);
      return;
    }
    this.#pushNzcv();
    code.i32('vczn'.indexOf(name)).op('i32.shr_u').i32(1).op('i32.and');
  }

  holds(condition: number): void {
    this.#differing(emitter => emitter.#holds(condition));
  }

  #holds(condition: number): void {
    const code = this.code;
    const { flags } = this.#known;
    const comparison = flags && flags !== 'nzcv' ? comparisonFor(flags, condition) : undefined;
    if (!flags || flags === 'nzcv' || !comparison) {
      code.i32(conditionMask(condition));
      this.#pushNzcv();
      code.op('i32.shr_u').i32(1).op('i32.and');
      return;
    }
    const { a, b, type } = flagLocals(flags);
    code.get(a);
    if (comparison.of !== 'first') code.get(b);
    if (comparison.of === 'add' || comparison.of === 'sub') code.op(`${type}.${comparison.of}`);
    if (comparison.of !== 'both') {
      if (type === 'i64') code.i64(0n);
      else code.i32(0);
    }
    code.op(`${type}.${comparison.by}`);
  }

  condition(mask: Expr): void {
    if (mask.k !== 'imm') throw new Error('A condition of compiled code is in the immediate.');
    this.#differing(emitter => {
      const code = codeOfMask.get(emitter.#present.ready.low & 0xffff);
      if (code === undefined) emitter.code.i32(1);
      else emitter.#holds(code);
    });
  }

  // --- Environment: what ends or interrupts the straight way ------------------------------------------------------------

  abort(): void {
    this.#differing(emitter => emitter.#undone(REGION_ABORT));
  }

  /** Rare, and nothing has changed yet that the interpreter would not change the same way: it begins anew. */
  miss(): void {
    this.#differing(emitter => emitter.#undone(REGION_INTERPRET));
  }

  callOut(fn: string): void {
    this.#differing(emitter => {
      if (fn === SYSTEM_REGISTER) emitter.#systemRegister();
      else emitter.#undone(REGION_INTERPRET);
    });
  }

  /** The core does what needs neither the host nor an exception; for the rest the interpreter begins anew. */
  #systemRegister(): void {
    const code = this.code;
    const { rd } = this.#present.ready;
    const slot = rd >> 3;
    const isRegister = slot !== SLOT_ZERO && slot !== SLOT_DISCARD;
    if (isRegister)
      code
        .i32(0)
        .get(FIRST_REGISTER + slot)
        .store('i64', X + rd);
    code.i32(0).get(LEFT).i32(this.#ahead).op('i32.add').store('i32', REMAINING);
    code.i32(this.#record());
    this.#pushAddress(this.#present.offset);
    code
      .call(this.shared.importFunction('systemRegisterWithin', ['i32', 'i64'], 'i32'))
      .tee(INDEX)
      .rarely();
    this.scope.if();
    code.get(INDEX).i32(CALL_JUMP).op('i32.eq');
    this.scope.if();
    this.#exitBehind();
    this.scope.end();
    this.#undone(REGION_INTERPRET);
    this.scope.end();
    if (isRegister)
      code
        .i32(0)
        .load('i64', X + rd)
        .set(FIRST_REGISTER + slot);
    this.#enterState();
    this.#loadFpLimits();
    this.#known.fp = false;
    this.#known.narrow = 0;
  }

  beforeAccess(): never {
    throw new Error('Compiled code leaves for an access that the TLB has not answered.');
  }

  branch(): never {
    throw new Error('Compiled code handles branches by blocks.');
  }

  branchTo(): never {
    throw new Error('Compiled code handles branches by blocks.');
  }
}

/** Label of the block that ends where instructions of a page have not been done. */
const undoneIn = (page: number): string => `undone ${page}`;
/** For the number of a word in its page, and for that of the instructions to give back. */
const UNDONE_BITS = 10;
const wordOf = (offset: number): number => (offset & 4095) >> 2;

/** Whether all operands that an instruction writes are different registers. */
function slotsDiffer(instruction: Instruction): boolean {
  const { writes } = instruction.usage;
  for (let second = 1; second < writes.length; second++) {
    const slot = slotOf(instruction, writes[second]);
    for (let first = 0; first < second; first++) if (slotOf(instruction, writes[first]) === slot) return false;
  }
  return true;
}

const pagedBase = (slot: number, tag: number): number => slot * 2 + Number(tag === TLB_WRITE);

function operandOf({ ready }: Instruction, operand: Operand): number {
  switch (operand) {
    case 'rd':
      return ready.rd;
    case 'rn':
      return ready.rn;
    case 'rm':
      return ready.rm;
    case 'ra':
      return ready.low;
  }
}

function slotOf(instruction: Instruction, operand: Operand): number {
  return operandOf(instruction, operand) >> 3;
}

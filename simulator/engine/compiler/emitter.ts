/**
 * A region as one WebAssembly function. It takes the address of an entry and returns REGION_*. General registers are in
 * locals, loaded at the entry and written back at the one exit. The statements of the handlers are the interpreter's.
 */

import { type Environment, emitAll, emitExpr } from '../emit.ts';
import { LocalPool, OP_COMPILED, REGION_ABORT, REGION_CALL, REGION_ENTER, REGION_INTERPRET } from '../interpreter.ts';
import { conditionMask, type Expr, type FlagKind, type Local, type Operand } from '../ir.ts';
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
  PC,
  RECORD,
  RECORD_BYTES,
  REMAINING,
  SLOT_DISCARD,
  SLOT_ZERO,
  TLB_ENTRY_BITS,
  X,
} from '../layout.ts';
import { Scope } from '../scope.ts';
import type { Type } from '../wasm/opcodes.ts';
import { comparisonFor, kindNumber, NZCV } from './flags.ts';
import { type Flow, structure } from './flow.ts';
import { type Block, branchTarget, type Instruction, pageNumber, type Region, successors } from './region.ts';

export interface CompiledRegion {
  readonly code: Scope['code'];
  readonly locals: readonly Type[];
  /** By offset: index for the dispatch, and instructions that have to be left to enter there. */
  readonly entries: ReadonlyMap<number, { readonly index: number; readonly limit: number }>;
}

export type ImportFunction = (name: string, args: readonly Type[], result: Type | undefined) => number;

/** What is known where code is emitted, on the one way that leads there. */
interface Known {
  /** The operation that set the flags; undefined when only the local KIND tells. */
  flags: FlagKind | 'nzcv' | undefined;
  /** KIND has the kind. */
  settled: boolean;
  /** FP has been found enabled. */
  fp: boolean;
}

// Locals: the parameter is the address of the entry.
const ENTRY = 0;
const LEFT = 1; // instructions left after the present block
const INDEX = 2; // which entry the dispatch goes to
const RESULT = 3;
const KIND = 4; // of the flags, see flags.ts
const HASH = 5; // CTX_DATA_HASH in the place of an index of TLB entries
const FLAG_A = 6;
const FLAG_B = 7;
const BASE = 8; // VA of offset 0
const TARGET = 9; // VA to go to
const CONTEXT = 10; // CTX_DATA
const fixedLocals: readonly Type[] = ['i32', 'i32', 'i32', 'i32', 'i32', 'i64', 'i64', 'i64', 'i64', 'i64'];

const codeOfMask = new Map(Array.from({ length: 14 }, (_, code) => [conditionMask(code), code]));
const LINK = 30;
/** What moves to and from system registers call out for. */
const SYSTEM_REGISTER = 'systemRegister';

const usesMany = (region: Region): boolean => region.entries.size > 1;

/** `number` is that of the region in the table of regions. Undefined when the region is too long for a budget. */
export function emitRegion(
  region: Region,
  number: number,
  mostLimit: number,
  importFunction: ImportFunction,
): CompiledRegion | undefined {
  const node = new Map(region.blocks.map((block, index) => [block.offset, index + 1]));
  const nodes = [undefined, ...region.blocks];
  const edges = nodes.map(block => (block ? successors(block).flatMap(offset => node.get(offset) ?? []) : []));
  const indirect = region.blocks.some(block => block.branch?.usage.ending === 'branchTo') && usesMany(region);
  for (const [index, block] of region.blocks.entries()) {
    if (indirect && block.branch?.usage.ending === 'branchTo') edges[index + 1].push(0);
  }
  const flow = structure(
    edges,
    [...region.entries].map(offset => node.get(offset) as number),
    nodes.map(block => block?.instructions.length ?? 0),
  );
  if (Math.max(...flow.longest.slice(1)) > mostLimit) return undefined;
  return new RegionEmitter(region, number, flow, node, importFunction).emit();
}

class RegionEmitter implements Environment {
  readonly scope = new Scope();
  readonly vectorBase = X;
  /** Loops without calls keep their registers in the host's; to come back costs little, and misses are rare. */
  readonly leavesOnMiss = true;
  readonly costs = false;
  /** Locals by slot of the register. */
  readonly #registers: number[] = [];
  #registerCount = 0;
  readonly #written = new Set<number>();
  readonly #pool: LocalPool;
  readonly #index = new Map<number, number>();
  #known: Known = { flags: undefined, settled: true, fp: false };
  #present!: Instruction;
  /** Instructions of the block from the present one on. */
  #ahead = 0;

  constructor(
    readonly region: Region,
    readonly regionNumber: number,
    readonly flow: Flow,
    readonly node: ReadonlyMap<number, number>,
    readonly importFunction: ImportFunction,
  ) {
    this.#findRegisters();
    this.#pool = new LocalPool(1 + fixedLocals.length + this.#registerCount);
    for (const entry of flow.entries) this.#index.set(entry, this.#index.size);
  }

  get #code() {
    return this.scope.code;
  }

  #findRegisters(): void {
    const used = new Set<number>();
    for (const block of this.region.blocks) {
      for (const instruction of block.instructions) {
        const { reads, writes, link } = instruction.usage;
        for (const operand of reads) used.add(slotOf(instruction, operand));
        for (const operand of writes) this.#written.add(slotOf(instruction, operand));
        if (link) this.#written.add(LINK);
      }
    }
    this.#written.delete(SLOT_DISCARD);
    for (const slot of this.#written) used.add(slot);
    used.delete(SLOT_ZERO);
    for (const slot of [...used].sort((a, b) => a - b))
      this.#registers[slot] = 1 + fixedLocals.length + this.#registerCount++;
  }

  #register(slot: number): number {
    return this.#registers[slot];
  }

  // --- The function ---------------------------------------------------------------------------------------------------

  emit(): CompiledRegion {
    const { scope } = this;
    const code = this.#code;
    this.#registers.forEach((local, slot) => {
      code
        .i32(0)
        .load('i64', X + slot * 8)
        .set(local);
    });
    code.i32(0).load('i32', REMAINING).set(LEFT);
    this.#enterState();
    code.i32(0).load('i64', PC).set(TARGET);
    scope.block('exit');
    this.#setBase();
    this.#tree(0);
    scope.end();
    for (const slot of this.#written)
      code
        .i32(0)
        .get(this.#register(slot))
        .store('i64', X + slot * 8);
    code.i32(0).get(LEFT).store('i32', REMAINING);
    code.i32(0).get(TARGET).store('i64', PC);
    code.get(KIND);
    scope.if();
    code
      .get(KIND)
      .get(FLAG_A)
      .get(FLAG_B)
      .call(this.importFunction('settleFlags', ['i32', 'i64', 'i64'], undefined));
    scope.end();
    code.get(RESULT).end();
    const entries = new Map<number, { index: number; limit: number }>();
    for (const [node, index] of this.#index) {
      entries.set(this.region.blocks[node - 1].offset, { index, limit: this.flow.longest[node] });
    }
    const registers = new Array<Type>(this.#registerCount).fill('i64');
    return { code, locals: [...fixedLocals, ...registers, ...this.#pool.types], entries };
  }

  /** Finds the translation contexts if a control has changed. */
  #enterState(): void {
    this.#code.i32(0).load('i64', CTX_DATA).op('i64.eqz');
    this.scope.if();
    this.#code.call(this.importFunction('enterState', [], undefined));
    this.scope.end();
    this.#loadContext();
  }

  #loadContext(): void {
    this.#code.i32(0).load('i64', CTX_DATA).set(CONTEXT);
    this.#code.i32(0).load('i32', CTX_DATA_HASH).i32(TLB_ENTRY_BITS).op('i32.shl').set(HASH);
  }

  /** From the entry in ENTRY, whose VA is in TARGET. */
  #setBase(): void {
    const code = this.#code;
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
      this.#within(node, merges);
      return;
    }
    this.#meet();
    scope.loop(`loop ${node}`);
    this.#within(node, merges);
    scope.end();
  }

  /** The code of a node inside of blocks after which its children that are merges follow. */
  #within(node: number, merges: readonly number[]): void {
    if (merges.length === 0) {
      if (node === 0) this.#dispatch();
      else this.#emitBlock(node);
      return;
    }
    const [first, ...rest] = merges;
    this.scope.block(`block ${first}`);
    this.#within(node, rest);
    this.scope.end();
    this.#known = { flags: undefined, settled: true, fp: false };
    this.#tree(first);
  }

  /** Nothing may be known here that does not hold on all ways to this place. */
  #meet(): void {
    this.#settle();
    this.#known = { flags: undefined, settled: true, fp: false };
  }

  #dispatch(): void {
    const entries = [...this.#index.keys()];
    if (entries.length > 1) {
      const depths = entries.slice(1).map(entry => this.scope.depth(`block ${entry}`));
      this.#code
        .get(INDEX)
        .i32(1)
        .op('i32.sub')
        .brTable(depths, this.scope.depth(`block ${entries[0]}`));
    } else {
      this.scope.br(`block ${entries[0]}`);
    }
  }

  #emitBlock(node: number): void {
    const block = this.region.blocks[node - 1];
    const code = this.#code;
    const { instructions } = block;
    code.get(LEFT).i32(instructions.length).op('i32.sub').set(LEFT);
    instructions.forEach((instruction, index) => {
      this.#present = instruction;
      this.#ahead = instructions.length - index;
      if (instruction.usage.fp) this.#requireFp();
      if (instruction === block.branch) this.#emitBranch(node, block, instruction);
      else emitAll(instruction.usage.body, this);
      if (instruction.usage.entersState) this.#loadContext();
      this.#pool.release();
    });
    if (!block.branch) this.#goTo(node, block, block.end);
  }

  #emitBranch(node: number, block: Block, branch: Instruction): void {
    const { body, link, ending, call } = branch.usage;
    const code = this.#code;
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
      this.#pool.release();
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
    this.#code.set(this.#register(LINK));
  }

  /** From a node to an offset, inside or out. */
  #goTo(from: number, block: Block, offset: number): void {
    const { scope, flow } = this;
    const code = this.#code;
    const to = this.node.get(offset);
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
      this.#settle();
      scope.br(`loop ${to}`);
    } else if (flow.isMerge[to]) {
      this.#settle();
      scope.br(`block ${to}`);
    } else {
      this.#tree(to);
    }
  }

  /** The interpreter fetches from the ITLB when it goes to another page; so does compiled code. */
  #guardPage(offset: number, records: number): void {
    const code = this.#code;
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
    const code = this.#code;
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
    const code = this.#code;
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
    this.#code.get(BASE);
    if (offset) this.#code.i64(offset).op('i64.add');
  }

  /** Leaves the region for the instruction at an offset. */
  #exit(offset: number): void {
    this.#pushAddress(offset);
    this.#code.set(TARGET);
    this.#leave(REGION_ENTER);
  }

  #leave(result: number): void {
    const settled = this.#known.settled;
    this.#settle();
    if (result !== REGION_ENTER) this.#code.i32(result).set(RESULT);
    this.scope.br('exit');
    this.#known.settled = settled;
  }

  /** Leaves with the present instruction not done. */
  #undone(result: number): void {
    const code = this.#code;
    code.get(LEFT).i32(this.#ahead).op('i32.add').set(LEFT);
    code.i32(0).i32(this.#record()).store('i32', RECORD);
    this.#pushAddress(this.#present.offset);
    code.set(TARGET);
    this.#leave(result);
  }

  /** Address of the record of the present instruction. */
  #record(): number {
    const { offset } = this.#present;
    const page = this.region.pages.get(pageNumber(offset));
    return (page?.records ?? 0) + ((offset & 4095) >> 2) * RECORD_BYTES;
  }

  #requireFp(): void {
    if (this.#known.fp) return;
    this.#code.i32(0).load('i32', FP_ENABLED).op('i32.eqz').rarely();
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
    const slot = this.#operand(operand) >> 3;
    if (slot === SLOT_ZERO) this.#code.i64(0n);
    else this.#code.get(this.#register(slot));
  }

  setX(operand: Operand, value: () => void): void {
    const slot = this.#operand(operand) >> 3;
    value();
    if (slot === SLOT_DISCARD) this.#code.drop();
    else this.#code.set(this.#register(slot));
  }

  vectorAddress(operand: Operand): void {
    this.number(operand);
  }

  number(operand: Operand): void {
    this.#code.i32(this.#operand(operand));
  }

  immediate(part: 'all' | 'low' | 'high'): void {
    const { low, high } = this.#present.ready;
    if (part === 'all') this.#code.i64(high === low >> 31 ? low : (BigInt(high) << 32n) | BigInt(low >>> 0));
    else this.#code.i32(part === 'low' ? low : high);
  }

  pc(): void {
    this.#pushAddress(this.#present.offset);
  }

  remaining(): void {
    this.#code.get(LEFT);
    if (this.#ahead > 1) this.#code.i32(this.#ahead - 1).op('i32.add');
  }

  context(address: number): void {
    if (address === CTX_DATA) this.#code.get(CONTEXT);
    else if (address === CTX_DATA_HASH) this.#code.get(HASH);
    else if (address === CTX_UNPRIV) this.#code.i32(0).load('i64', address);
    else this.#code.i32(0).load('i32', address).i32(TLB_ENTRY_BITS).op('i32.shl');
  }

  local(temporary: Local): number {
    return this.#pool.of(temporary);
  }

  scratch(type: Type, index: number): number {
    return this.#pool.scratch(type, index);
  }

  import(name: string, args: readonly Type[], result: Type | undefined): number {
    return this.importFunction(name, args, result);
  }

  // --- Environment: flags ---------------------------------------------------------------------------------------------

  setFlags(kind: FlagKind, a: number, b: number): void {
    const code = this.#code;
    const wide = kind.endsWith('64');
    for (const [from, to] of [
      [a, FLAG_A],
      [b, FLAG_B],
    ] as const) {
      code.get(from);
      if (!wide) code.op('i64.extend_i32_u');
      code.set(to);
    }
    this.#known.flags = kind;
    this.#known.settled = false;
  }

  setNzcv(local: number): void {
    this.#code.get(local).op('i64.extend_i32_u').set(FLAG_A);
    this.#known.flags = 'nzcv';
    this.#known.settled = false;
  }

  joins(): void {
    this.#settle();
    this.#known.flags = undefined;
  }

  /** KIND says from here on what the flags come from. */
  #settle(): void {
    const known = this.#known;
    if (!known.settled && known.flags)
      this.#code.i32(known.flags === 'nzcv' ? NZCV : kindNumber(known.flags)).set(KIND);
    known.settled = true;
  }

  #pushNzcv(): void {
    const { flags } = this.#known;
    const code = this.#code;
    if (flags === 'nzcv') {
      code.get(FLAG_A).op('i32.wrap_i64');
      return;
    }
    if (flags) code.i32(kindNumber(flags));
    else code.get(KIND);
    code
      .get(FLAG_A)
      .get(FLAG_B)
      .call(this.importFunction('nzcvOf', ['i32', 'i64', 'i64'], 'i32'));
  }

  flag(name: 'n' | 'z' | 'c' | 'v'): void {
    const code = this.#code;
    const { flags } = this.#known;
    if (name === 'c' && flags && flags !== 'nzcv' && flags.startsWith('sub')) {
      this.holds(2);
      return;
    }
    this.#pushNzcv();
    code.i32('vczn'.indexOf(name)).op('i32.shr_u').i32(1).op('i32.and');
  }

  holds(condition: number): void {
    const code = this.#code;
    const { flags } = this.#known;
    const comparison = flags && flags !== 'nzcv' ? comparisonFor(flags, condition) : undefined;
    if (!flags || flags === 'nzcv' || !comparison) {
      code.i32(conditionMask(condition));
      this.#pushNzcv();
      code.op('i32.shr_u').i32(1).op('i32.and');
      return;
    }
    const type = flags.endsWith('64') ? 'i64' : 'i32';
    const push = (local: number) => {
      code.get(local);
      if (type === 'i32') code.op('i32.wrap_i64');
    };
    push(FLAG_A);
    if (comparison.of !== 'first') push(FLAG_B);
    if (comparison.of === 'add' || comparison.of === 'sub') code.op(`${type}.${comparison.of}`);
    if (comparison.of !== 'both') {
      if (type === 'i64') code.i64(0n);
      else code.i32(0);
    }
    code.op(`${type}.${comparison.by}`);
  }

  condition(mask: Expr): void {
    if (mask.k !== 'imm') throw new Error('A condition of compiled code is in the immediate.');
    const bits = this.#present.ready.low & 0xffff;
    const code = codeOfMask.get(bits);
    if (code === undefined) this.#code.i32(1);
    else this.holds(code);
  }

  // --- Environment: what ends or interrupts the straight way ------------------------------------------------------------

  abort(): void {
    this.#undone(REGION_ABORT);
  }

  /** Rare, and nothing has changed yet that the interpreter would not change the same way: it begins anew. */
  miss(): void {
    this.#undone(REGION_INTERPRET);
  }

  callOut(fn: string): void {
    if (fn === SYSTEM_REGISTER) this.#systemRegister();
    else this.#undone(REGION_INTERPRET);
  }

  /** The core does what needs neither the host nor an exception; for the rest the interpreter begins anew. */
  #systemRegister(): void {
    const code = this.#code;
    const { rd } = this.#present.ready;
    const slot = rd >> 3;
    const isRegister = slot !== SLOT_ZERO && slot !== SLOT_DISCARD;
    if (isRegister)
      code
        .i32(0)
        .get(this.#register(slot))
        .store('i64', X + rd);
    code.i32(0).get(LEFT).i32(this.#ahead).op('i32.add').store('i32', REMAINING);
    code
      .i32(this.#record())
      .call(this.importFunction('systemRegisterWithin', ['i32'], 'i32'))
      .op('i32.eqz')
      .rarely();
    this.scope.if();
    this.#undone(REGION_INTERPRET);
    this.scope.end();
    if (isRegister)
      code
        .i32(0)
        .load('i64', X + rd)
        .set(this.#register(slot));
    this.#enterState();
    this.#known.fp = false;
  }

  branch(): never {
    throw new Error('Compiled code handles branches by blocks.');
  }

  branchTo(): never {
    throw new Error('Compiled code handles branches by blocks.');
  }
}

function operandOf(instruction: Instruction, operand: Operand): number {
  const { ready } = instruction;
  return operand === 'ra' ? ready.low : ready[operand];
}

function slotOf(instruction: Instruction, operand: Operand): number {
  return operandOf(instruction, operand) >> 3;
}

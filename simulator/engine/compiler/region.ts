/**
 * A region: blocks of instructions that direct branches reach from one place, within a few pages. Addresses are offsets
 * in bytes from the page of that place, so that a region runs at any VA that its pages are mapped at, in any translation
 * context.
 */

import type { Ready } from '../decoded-words.ts';
import type { Usage } from './usage.ts';

export interface Page {
  /** Address of the decoded records, and index of the page in RAM. */
  readonly records: number;
  readonly page: number;
}

export interface Instruction {
  readonly offset: number;
  readonly ready: Ready;
  readonly usage: Usage;
}

export interface Block {
  readonly offset: number;
  readonly instructions: readonly Instruction[];
  /** Offset after the last instruction. */
  readonly end: number;
  /** The last instruction, when control does not just go on after it. */
  readonly branch: Instruction | undefined;
}

export interface Region {
  readonly blocks: readonly Block[];
  /** By page number from the first page. */
  readonly pages: ReadonlyMap<number, Page>;
  /** Offsets at which the region may be entered: where it was found hot, and where calls and call-outs come back to. */
  readonly entries: ReadonlySet<number>;
}

export interface RegionLimits {
  readonly instructions: number;
  readonly blocks: number;
  readonly pages: number;
}

export interface CodeSource {
  /** A page by its number from the first one, if it is mapped for execution now. */
  page(number: number): Page | undefined;
  /** The instruction at an offset; undefined where compiled code cannot go on, and where nothing has run yet. */
  instruction(page: Page, offset: number): Instruction | undefined;
  /** Whether branches go to an offset often enough that a call of it is worth following. */
  isWarm(page: Page, offset: number): boolean;
}

export const pageNumber = (offset: number): number => offset >> 12;

/** Distance of a direct branch in bytes. */
const distance = (instruction: Instruction): number => instruction.ready.low;

/** Where a block goes by itself: offsets, whether or not they belong to the region. */
export function successors(block: Block): readonly number[] {
  const { branch } = block;
  if (!branch) return [block.end];
  if (branch.usage.ending === 'branchTo' || branch.usage.ending === 'call') return [];
  const target = branch.offset + distance(branch);
  return branch.usage.conditional ? [target, block.end] : [target];
}

export function branchTarget(branch: Instruction): number {
  return branch.offset + distance(branch);
}

/** Undefined when no instruction at the starts can be compiled. */
export function discover(starts: readonly number[], source: CodeSource, limits: RegionLimits): Region | undefined {
  const pages = new Map<number, Page>();
  const leaders = new Set<number>();
  const entries = new Set<number>();
  const found = new Map<number, Instruction>();
  const work: Instruction[] = [];

  const pageOf = (offset: number): Page | undefined => {
    const number = pageNumber(offset);
    const known = pages.get(number);
    if (known) return known;
    const page = pages.size < limits.pages ? source.page(number) : undefined;
    if (page) pages.set(number, page);
    return page;
  };
  const decode = (offset: number): Instruction | undefined => {
    const page = pageOf(offset);
    const instruction = page && source.instruction(page, offset);
    return instruction?.usage.ending === 'leave' ? undefined : instruction;
  };
  const lead = (offset: number, isEntry = false): void => {
    if (!leaders.has(offset)) {
      if (leaders.size >= limits.blocks || found.size >= limits.instructions) return;
      const instruction = found.get(offset) ?? decode(offset);
      if (!instruction) return;
      leaders.add(offset);
      work.push(instruction);
    }
    if (isEntry) entries.add(offset);
  };

  for (const start of starts) lead(start, true);
  // Those that come to `work` while it is done are done as well.
  for (const first of work) {
    let { offset } = first;
    for (let instruction: Instruction | undefined = first; !found.has(offset); instruction = decode(offset)) {
      if (!instruction) {
        // The interpreter does this one, and comes back after it.
        if (pageOf(offset)) lead(offset + 4, true);
        break;
      }
      found.set(offset, instruction);
      offset += 4;
      const { usage } = instruction;
      if (usage.ending !== 'next') {
        if (usage.ending === 'branch') {
          const target = branchTarget(instruction);
          const page = pageOf(target);
          if (!usage.link || (page && source.isWarm(page, target))) lead(target);
        }
        if (usage.conditional) lead(offset);
        if (usage.link || usage.ending === 'call') lead(offset, true);
        break;
      }
      if (pageNumber(offset) !== pageNumber(offset - 4)) {
        lead(offset);
        break;
      }
      if (found.size >= limits.instructions) break;
    }
  }
  if (!leaders.size) return undefined;

  const blocks = [...leaders]
    .sort((a, b) => a - b)
    .map(offset => cut(offset, found, leaders))
    .filter(block => block.instructions.length);
  const begun = new Set(blocks.map(block => block.offset));
  return { blocks, pages, entries: new Set([...entries].filter(offset => begun.has(offset))) };
}

function cut(offset: number, found: ReadonlyMap<number, Instruction>, leaders: ReadonlySet<number>): Block {
  const instructions: Instruction[] = [];
  let end = offset;
  for (;;) {
    const instruction = found.get(end);
    if (!instruction) return { offset, instructions, end, branch: undefined };
    instructions.push(instruction);
    end += 4;
    if (instruction.usage.ending !== 'next') return { offset, instructions, end, branch: instruction };
    if (leaders.has(end) || pageNumber(end) !== pageNumber(offset))
      return { offset, instructions, end, branch: undefined };
  }
}

/**
 * Everything that a stage of translation maps: the MMU's own walk from the bottom of the input range to its top, each
 * step as long as the block, or the hole, that the walk ended in.
 */

import type { Engine } from '../engine/engine.ts';
import {
  ACCESS_READ,
  PERMIT_EXECUTE,
  PERMIT_READ,
  PERMIT_WRITE,
  TRACE,
  TRACE_ATTRIBUTES,
  TRACE_IPA,
  TRACE_PA,
  TRACE_PERMISSIONS,
  TRACE_SIZE,
  TRANSLATE_STAGE1,
} from '../engine/layout.ts';
import { slotOf } from '../engine/pe-state.ts';
import type { MappedRange, TranslationRegime } from '../target.ts';
import { memoryType, permissionText } from './attributes.ts';
import { readSteps } from './trace.ts';

/** Walks at most; more than the entries of a page-mapped GiB. */
const MOST_WALKS = 400_000;

interface InputRange {
  readonly start: bigint;
  readonly end: bigint;
  /** log2 of the granule. */
  readonly granule: number;
}

const LEVEL_OF: Record<TranslationRegime, number> = { 'EL1&0': 1, EL2: 2, 'EL2&0': 2, EL3: 3 };

/** Of the active PE. At most `limit` ranges; adjacent ones of equal level and attributes are one. */
export function mappings(engine: Engine, stage: 1 | 2, regime: TranslationRegime, limit: number): MappedRange[] {
  const found: MappedRange[] = [];
  let walks = 0;
  for (const { start, end, granule } of inputRanges(engine, stage, regime)) {
    for (let input = start; input < end && found.length < limit && walks < MOST_WALKS; walks++) {
      const range = stage === 2 ? stage2(engine, input) : stage1(engine, input, regime);
      if (range) {
        merge(found, range);
        input = range.input + range.size;
      } else {
        const level = readSteps(engine).findLast(step => step.stage === stage)?.level;
        if (level === undefined) break;
        const size = 1n << BigInt(granule + (3 - level) * (granule - 3));
        input = (input & ~(size - 1n)) + size;
      }
    }
  }
  return found;
}

function inputRanges(engine: Engine, stage: 1 | 2, regime: TranslationRegime): InputRange[] {
  const register = (name: string) => engine.u64[slotOf(name) >> 3];
  const granules = [12, 16, 14, 12];
  if (stage === 2) {
    const vtcr = register('VTCR_EL2');
    return [{ start: 0n, end: 1n << (64n - (vtcr & 63n)), granule: granules[Number((vtcr >> 14n) & 3n)] }];
  }
  const tcr = register({ 'EL1&0': 'TCR_EL1', EL2: 'TCR_EL2', 'EL2&0': 'TCR_EL2', EL3: 'TCR_EL3' }[regime]);
  const low = { start: 0n, end: 1n << (64n - (tcr & 63n)), granule: granules[Number((tcr >> 14n) & 3n)] };
  if (regime === 'EL2' || regime === 'EL3') return [low];
  const bits = 64n - ((tcr >> 16n) & 63n);
  // TG1 has an encoding of its own.
  const high = {
    start: (1n << 64n) - (1n << bits),
    end: 1n << 64n,
    granule: [12, 14, 12, 16][Number((tcr >> 30n) & 3n)],
  };
  return [low, high];
}

function stage1(engine: Engine, input: bigint, regime: TranslationRegime): MappedRange | undefined {
  const good = engine.core.translate(input, ACCESS_READ, LEVEL_OF[regime], TRANSLATE_STAGE1);
  return good ? rangeOf(engine, input, TRACE_IPA, 1) : undefined;
}

function stage2(engine: Engine, input: bigint): MappedRange | undefined {
  return engine.core.translateIpa(input) ? rangeOf(engine, input, TRACE_PA, 2) : undefined;
}

function rangeOf(engine: Engine, input: bigint, output: number, stage: 1 | 2): MappedRange {
  const { u32, u64 } = engine;
  const size = 1n << BigInt(u32[(TRACE + TRACE_SIZE) >> 2]);
  const permissions = u32[(TRACE + TRACE_PERMISSIONS) >> 2];
  const rights = permissionText(
    (permissions & PERMIT_READ) !== 0,
    (permissions & PERMIT_WRITE) !== 0,
    (permissions & PERMIT_EXECUTE) !== 0,
  );
  return {
    input: input & ~(size - 1n),
    output: u64[(TRACE + output) >> 3] & ~(size - 1n),
    size,
    level: readSteps(engine).findLast(step => step.stage === stage)?.level ?? 3,
    attributes: `${rights} ${memoryType(u32[(TRACE + TRACE_ATTRIBUTES) >> 2])}`,
  };
}

function merge(found: MappedRange[], next: MappedRange): void {
  const last = found.at(-1);
  if (
    last &&
    last.level === next.level &&
    last.attributes === next.attributes &&
    last.input + last.size === next.input &&
    last.output + last.size === next.output
  ) {
    found[found.length - 1] = { ...last, size: last.size + next.size };
  } else {
    found.push(next);
  }
}

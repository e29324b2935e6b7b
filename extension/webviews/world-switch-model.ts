// What the "World Switch" view makes of recordings: sums, a comparison of two, and the file that they are kept in.

import type { WorldSwitchResponse } from '../../debug-adapter/protocol.ts';
import { t } from '../l10n.ts';

export type Access = WorldSwitchResponse['accesses'][number];

/** A recording with a name, such as the system that it is of. */
export interface Named {
  readonly name: string;
  readonly recording: WorldSwitchResponse;
}

/** Who runs in a segment. */
export function roleOf({ level, guest }: { readonly level: number; readonly guest: boolean }): string {
  if (level === 3) return t('firmware');
  if (guest) return t('guest');
  return level === 2 ? t('hypervisor') : level === 1 ? t('host kernel') : t('host user');
}

export interface LevelSum {
  readonly level: number;
  readonly role: string;
  readonly entered: number;
  readonly instructions: number;
  readonly cycles: number;
}

/** What each level spent in all, highest level first. */
export function levelSums({ segments }: WorldSwitchResponse): LevelSum[] {
  const sums = new Map<string, LevelSum>();
  for (const segment of segments) {
    const role = roleOf(segment);
    const key = `${segment.level} ${role}`;
    const old = sums.get(key) ?? { level: segment.level, role, entered: 0, instructions: 0, cycles: 0 };
    sums.set(key, {
      ...old,
      entered: old.entered + 1,
      instructions: old.instructions + segment.instructions,
      cycles: old.cycles + segment.cycles,
    });
  }
  return [...sums.values()].sort((a, b) => b.level - a.level);
}

export interface AccessCounts {
  readonly saves: number;
  readonly restores: number;
  readonly writes: number;
  readonly reads: number;
  readonly needless: number;
}

export function accessCounts(accesses: readonly Access[]): AccessCounts {
  const of = (kind: Access['kind']) => accesses.filter(one => one.kind === kind).length;
  const needless = accesses.filter(one => one.needless !== undefined).length;
  return { saves: of('save'), restores: of('restore'), writes: of('write'), reads: of('read'), needless };
}

export interface Difference {
  readonly what: string;
  readonly a: number;
  readonly b: number;
}

/** Two recordings side by side: sums first, then registers that one of them accesses more often than the other. */
export function compare(
  a: WorldSwitchResponse,
  b: WorldSwitchResponse,
): { sums: Difference[]; registers: Difference[] } {
  const levels = new Map<string, [number, number]>();
  for (const [index, recording] of [a, b].entries()) {
    for (const { level, role, cycles } of levelSums(recording)) {
      const key = t('Cycles at EL{0}, {1}', level, role);
      const pair = levels.get(key) ?? [0, 0];
      pair[index] = cycles;
      levels.set(key, pair);
    }
  }
  const [countsA, countsB] = [accessCounts(a.accesses), accessCounts(b.accesses)];
  const sums: Difference[] = [
    { what: t('Modelled cycles'), a: a.cycles, b: b.cycles },
    { what: t('Instructions'), a: a.instructions, b: b.instructions },
    { what: t('Changes of level'), a: a.segments.length + 1, b: b.segments.length + 1 },
    ...[...levels].map(([what, [x, y]]) => ({ what, a: x, b: y })),
    { what: t('Registers saved'), a: countsA.saves, b: countsB.saves },
    { what: t('Registers restored'), a: countsA.restores, b: countsB.restores },
    { what: t('Other writes'), a: countsA.writes, b: countsB.writes },
    { what: t('Other reads'), a: countsA.reads, b: countsB.reads },
    { what: t('Needless accesses'), a: countsA.needless, b: countsB.needless },
  ];
  const count = ({ accesses }: WorldSwitchResponse) => {
    const counts = new Map<string, number>();
    for (const { register } of accesses) counts.set(register, (counts.get(register) ?? 0) + 1);
    return counts;
  };
  const [inA, inB] = [count(a), count(b)];
  const registers = [...new Set([...inA.keys(), ...inB.keys()])]
    .map(what => ({ what, a: inA.get(what) ?? 0, b: inB.get(what) ?? 0 }))
    .filter(one => one.a !== one.b)
    .sort((x, y) => Math.abs(y.a - y.b) - Math.abs(x.a - x.b) || x.what.localeCompare(y.what));
  return { sums, registers };
}

/** A needless access in words. */
export function needlessText({ needless }: Access): string {
  if (needless === 'same') return t('already there');
  return needless === 'unused' ? t('never used') : '';
}

const FORMAT = 'hyperstep-world-switch';
const VERSION = 1;

/** A recording as the text of a file. */
export function toFile({ name, recording }: Named): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, name, recording }, undefined, 1)}\n`;
}

/** The recording in a file. Throws a sentence for a text that is none. */
export function fromFile(text: string): Named {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new Error(t('This file is no recording of a world switch: it is not JSON.'));
  }
  const { format, version, name, recording } = (content ?? {}) as Record<string, unknown>;
  if (format !== FORMAT) throw new Error(t('This file is no recording of a world switch that Hyperstep exported.'));
  if (version !== VERSION)
    throw new Error(t('This recording has version {0}; only {1} is known.', String(version), VERSION));
  const { segments, accesses, cycles } = (recording ?? {}) as Partial<WorldSwitchResponse>;
  if (!Array.isArray(segments) || !Array.isArray(accesses) || typeof cycles !== 'number') {
    throw new Error(t('This recording is damaged: it has no segments or no accesses.'));
  }
  return { name: String(name), recording: recording as WorldSwitchResponse };
}

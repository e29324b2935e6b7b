/** What loading an image comes to: which bytes go where, and how the first PE starts. */

import { hex } from '../device.ts';

export interface Segment {
  /** For messages. */
  readonly what: string;
  /** PA of the first byte. */
  readonly pa: number;
  /** What the file has for it. */
  readonly data: Uint8Array;
  /** Size in memory; what `data` does not cover is zero. */
  readonly bytes: number;
}

export type ImageKind = 'elf' | 'linux' | 'firmware' | 'flat';

export interface LoadPlan {
  readonly kind: ImageKind;
  /** PA of the first instruction. */
  readonly entry: number;
  /** Initial X0: PA of the device tree. X1 to X3 are 0. */
  readonly x0: number;
  /** Without overlap, each whole in RAM or in a flash bank. */
  readonly segments: readonly Segment[];
  readonly deviceTree: { readonly pa: number; readonly blob: Uint8Array };
  readonly initrd?: { readonly pa: number; readonly bytes: number };
}

/** A range of PAs that segments may lie in. */
export interface Room {
  readonly name: string;
  readonly base: number;
  readonly bytes: number;
}

/** Throws a sentence when a segment lies outside of every room, or two overlap. */
export function checkSegments(segments: readonly Segment[], rooms: readonly Room[]): void {
  for (const { what, pa, bytes } of segments) {
    if (rooms.some(room => pa >= room.base && pa + bytes <= room.base + room.bytes)) continue;
    const list = rooms
      .map(({ name, base, bytes: size }) => `${name} ${hex(base)} to ${hex(base + size - 1)}`)
      .join(', ');
    throw new Error(
      `There is no memory at ${hex(pa)} to ${hex(pa + bytes - 1)} for ${what} (there is ${list}); link it elsewhere or give the machine more memory.`,
    );
  }
  const sorted = [...segments].sort((a, b) => a.pa - b.pa);
  for (let index = 1; index < sorted.length; index++) {
    const low = sorted[index - 1];
    const high = sorted[index];
    if (low.pa + low.bytes > high.pa) {
      throw new Error(`${capital(low.what)} and ${high.what} overlap at ${hex(high.pa)}; load one of them elsewhere.`);
    }
  }
}

function capital(text: string): string {
  return text.startsWith('segment') || text.startsWith('the ') ? text[0].toUpperCase() + text.slice(1) : text;
}

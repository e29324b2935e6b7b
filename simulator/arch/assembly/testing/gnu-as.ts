/** What tests ask GNU as, and lines to ask it about. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ARCHITECTURE =
  '.arch armv8.8-a+sve2+sme+memtag+rng+ssbs+predres+bf16+i8mm+crypto+crc+fp16fml+sha3+sm4+profile+flagm+pauth+ls64+tme+mops+hbc\n';

export interface Verdicts {
  /** What the assembler says about each line; undefined where it takes it. */
  readonly said: readonly (string | undefined)[];
  readonly words: Uint32Array;
}

/** Lets GNU as judge lines; `lab` is a label that they can name. */
export function assemble(lines: readonly string[], label = 'lab:'): Verdicts {
  const folder = mkdtempSync(join(tmpdir(), 'hyperstep-'));
  try {
    const [source, object, binary] = ['lines.s', 'lines.o', 'lines.bin'].map(name => join(folder, name));
    writeFileSync(source, `${ARCHITECTURE}${lines.map(line => `\t${line}\n`).join('')}${label}\n`);
    const options = { encoding: 'utf8', maxBuffer: 1 << 28 } as const;
    const { stderr, status, error } = spawnSync('aarch64-linux-gnu-as', ['-o', object, source], options);
    if (error) throw new Error('aarch64-linux-gnu-as is missing: the package binutils-aarch64-linux-gnu has it.');
    const said: (string | undefined)[] = lines.map(() => undefined);
    for (const [, line, text] of stderr.matchAll(/lines\.s:(\d+): ((?:Error|Warning): .*)/g))
      said[Number(line) - 2] ??= text;
    if (status !== 0) return { said, words: new Uint32Array() };
    spawnSync('aarch64-linux-gnu-objcopy', ['-O', 'binary', '-j', '.text', object, binary]);
    const bytes = readFileSync(binary);
    return { said, words: new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A small generator of the same numbers in every run. */
export function numbers(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Mnemonic and operands. */
export const split = (line: string): [string, string] => {
  const at = line.indexOf(' ');
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
};

const IMMEDIATES =
  '-1 0 1 3 4 8 16 31 32 63 64 127 128 255 256 -256 -257 504 512 1023 4095 4096 8192 0xfff000 32760 32768 65535 65536 -4096 0xff00 0x0f0f0f0f 0x5555555555555555 0xffffffff 0xfffffffffffffff0 1.0 0.0 2.5 0.3'.split(
    ' ',
  );
const REGISTERS = 'x3 w3 sp wsp xzr wzr lr fp x31 w32'.split(' ');
const ENDINGS = 'x1,w1,#1,lsl #1,lsl #2,sxtw,uxtw #2,lsl #12,lsl #16,eq,v1.4s,#0,lsl #0,asr #3,ror #2,msl #8'.split(
  ',',
);
const ARRANGEMENTS = '16b 8b 4h 8h 2s 4s 2d 1d'.split(' ');

/** A line with one thing changed, as a slip of the hand would. */
export function slip(line: string, next: (below: number) => number): string {
  const pick = <T>(list: readonly T[]): T => list[next(list.length)];
  const replaceOne = (pattern: RegExp, by: () => string): string => {
    const found = [...line.matchAll(pattern)];
    if (found.length === 0) return line;
    const one = pick(found);
    return line.slice(0, one.index) + by() + line.slice(one.index + one[0].length);
  };
  switch (next(6)) {
    case 0:
    case 1:
      return replaceOne(/#-?[\dxa-f.]+/g, () => `${pick(['#', ''])}${pick(IMMEDIATES)}`);
    case 2:
      return replaceOne(/\b[xw](\d+|zr)\b|\bw?sp\b/g, () => pick(REGISTERS));
    case 3: {
      const parts = line.split(', ');
      if (parts.length > 1) parts.splice(1 + next(parts.length - 1), 1);
      return parts.join(', ');
    }
    case 4:
      return `${line}, ${pick(ENDINGS)}`;
    default:
      return replaceOne(/\.(16b|8b|4h|8h|2s|4s|2d|1d)\b/g, () => `.${pick(ARRANGEMENTS)}`);
  }
}

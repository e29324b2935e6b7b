import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'fflate';
import { node, readDeviceTree, writeDeviceTree } from '../device-tree.ts';
import { type LoadRequest, planLoad, writeSegments } from './loader.ts';

const TREE = {
  root: node('', { '#address-cells': [2], '#size-cells': [2] }, [node('chosen', {})]),
  reservations: [],
  bootPe: 0,
};
const MEMORY = 64 << 20;

function load(image: Uint8Array, more: Partial<LoadRequest> = {}) {
  return planLoad({ image, imageName: 'image', memory: MEMORY, tree: TREE, ...more });
}

interface ElfOptions {
  machine?: number;
  elfClass?: number;
  endian?: number;
  type?: number;
  entry?: bigint;
  segments?: readonly { va?: bigint; pa: bigint; file: number; memory?: number }[];
}

function elf(options: ElfOptions = {}): Uint8Array {
  const { machine = 183, elfClass = 2, endian = 1, type = 2, segments = [{ pa: 0x4008_0000n, file: 16 }] } = options;
  const header = 64 + 56 * segments.length;
  const image = new Uint8Array(header + segments.reduce((sum, { file }) => sum + file, 0));
  const view = new DataView(image.buffer);
  image.set([0x7f, 0x45, 0x4c, 0x46, elfClass, endian, 1]);
  view.setUint16(16, type, true);
  view.setUint16(18, machine, true);
  view.setBigUint64(24, options.entry ?? segments[0]?.pa ?? 0n, true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, segments.length, true);
  let offset = header;
  for (const [index, { va, pa, file, memory = file }] of segments.entries()) {
    const at = 64 + 56 * index;
    view.setUint32(at, 1, true);
    view.setBigUint64(at + 8, BigInt(offset), true);
    view.setBigUint64(at + 16, va ?? pa, true);
    view.setBigUint64(at + 24, pa, true);
    view.setBigUint64(at + 32, BigInt(file), true);
    view.setBigUint64(at + 40, BigInt(memory), true);
    image.fill(index + 1, offset, offset + file);
    offset += file;
  }
  return image;
}

/** Whole numbers below a limit, the same in each run. */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed;
  return limit => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

function linux(options: { textOffset?: bigint; size?: bigint; flags?: bigint } = {}): Uint8Array {
  const image = new Uint8Array(4096);
  const view = new DataView(image.buffer);
  view.setBigUint64(8, options.textOffset ?? 0n, true);
  view.setBigUint64(16, options.size ?? 0x10_0000n, true);
  view.setBigUint64(24, options.flags ?? 0xan, true);
  view.setUint32(56, 0x644d5241, true);
  return image;
}

test('an ELF file is loaded by physical addresses, with zeros behind its data', () => {
  const plan = load(
    elf({
      segments: [
        { pa: 0x4008_0000n, file: 16, memory: 0x3000 },
        { pa: 0x4010_0000n, file: 8 },
      ],
    }),
  );
  assert.deepEqual([plan.kind, plan.entry], ['elf', 0x4008_0000]);
  assert.deepEqual(plan.segments.map(({ pa, bytes }) => [pa, bytes]).slice(0, 2), [
    [0x4008_0000, 0x3000],
    [0x4010_0000, 8],
  ]);
  let zeros = 0;
  writeSegments(plan, (pa, data) => {
    if (pa >= 0x4008_0010 && pa < 0x4008_3000) zeros += data.filter(byte => byte === 0).length;
  });
  assert.equal(zeros, 0x3000 - 16);
});

test('the entry of an ELF file that is linked at virtual addresses becomes a physical one', () => {
  const va = 0xffff_8000_8000_0000n;
  assert.equal(load(elf({ entry: va + 0x10n, segments: [{ va, pa: 0x4020_0000n, file: 64 }] })).entry, 0x4020_0010);
});

test('the device tree of an ELF file lies at the start of RAM when that is free, else behind', () => {
  assert.equal(load(elf()).x0, 0x4000_0000);
  const low = load(elf({ segments: [{ pa: 0x4000_0000n, file: 16 }] }));
  assert.equal(low.x0, 0x4020_0000);
});

test('a Linux image is loaded by its text offset, with initrd and device tree behind it', () => {
  const initrd = new Uint8Array(5000).fill(7);
  const plan = load(linux({ textOffset: 0x8_0000n }), { initrd, append: 'console=ttyAMA0' });
  assert.deepEqual([plan.kind, plan.entry], ['linux', 0x4008_0000]);
  assert.deepEqual(plan.initrd, { pa: 0x4020_0000, bytes: 5000 });
  assert.equal(plan.x0, 0x4040_0000);
  const chosen = readDeviceTree(plan.deviceTree.blob).root.children[0].properties;
  assert.equal(new TextDecoder().decode(chosen.get('bootargs') as Uint8Array), 'console=ttyAMA0\0');
  assert.deepEqual([...(chosen.get('linux,initrd-start') as Uint8Array)], [0, 0, 0, 0, 0x40, 0x20, 0, 0]);
  assert.equal(TREE.root.children[0].properties.size, 0, 'the tree of the board stays as it was');
});

test('compressed Linux images are unpacked: gzip, and EFI zboot around gzip', () => {
  const packed = gzipSync(linux());
  assert.equal(load(packed).kind, 'linux');
  const zboot = new Uint8Array(64 + packed.length);
  const view = new DataView(zboot.buffer);
  zboot.set(new TextEncoder().encode('MZ\0\0zimg'));
  view.setUint32(8, 64, true);
  view.setUint32(12, packed.length, true);
  zboot.set(new TextEncoder().encode('gzip\0'), 24);
  zboot.set(packed, 64);
  const plan = load(zboot);
  assert.deepEqual([plan.kind, plan.segments[0].data], ['linux', linux()]);
  const other = zboot.slice();
  other.set(new TextEncoder().encode('zstd\0'), 24);
  assert.throws(() => load(other), /^Error: image is an EFI zboot image compressed with zstd; [^.]*\.$/);
});

test("a hypervisor finds its first guest's kernel as a module, behind the initrd", () => {
  const initrd = new Uint8Array(5000).fill(7);
  const guestKernel = linux();
  const plan = load(linux(), { initrd, guestKernel, guestAppend: 'console=hvc0', append: 'dom0_mem=64M' });
  const module = plan.segments.find(({ what }) => what === "the guest's kernel");
  assert.deepEqual([module?.pa, module?.bytes, module?.data], [0x4040_0000, 4096, guestKernel]);
  const chosen = readDeviceTree(plan.deviceTree.blob).root.children.find(({ name }) => name === 'chosen');
  const found = chosen?.children.find(({ name }) => name === 'module@40400000');
  assert.ok(found);
  assert.equal(chosen?.children.length, 1);
  const text = (name: string) => new TextDecoder().decode(found.properties.get(name) as Uint8Array);
  assert.equal(text('compatible'), 'multiboot,kernel\0multiboot,module\0');
  assert.equal(text('bootargs'), 'console=hvc0\0');
  assert.deepEqual(
    [...(found.properties.get('reg') as Uint8Array)],
    [0, 0, 0, 0, 0x40, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0],
  );
});

test('a flat binary is firmware in flash, or goes where it is told', () => {
  const firmware = load(new Uint8Array(100).fill(1));
  assert.deepEqual([firmware.kind, firmware.entry, firmware.x0], ['firmware', 0, 0x4000_0000]);
  const flat = load(new Uint8Array(100).fill(1), { loadAddress: 0x4100_0000 });
  assert.deepEqual([flat.kind, flat.entry, flat.segments[0].pa], ['flat', 0x4100_0000, 0x4100_0000]);
});

test('a device tree of the user is patched and loaded', () => {
  const dtb = writeDeviceTree({
    root: node('', { model: 'mine', '#address-cells': [2], '#size-cells': [2] }),
    reservations: [],
    bootPe: 0,
  });
  const { root } = readDeviceTree(load(linux(), { dtb, append: 'x' }).deviceTree.blob);
  assert.equal(new TextDecoder().decode(root.properties.get('model') as Uint8Array), 'mine\0');
  assert.deepEqual(
    root.children.map(({ name }) => name),
    ['memory@40000000', 'chosen'],
  );
});

const REFUSALS: readonly [what: string, image: Uint8Array, more: Partial<LoadRequest>, message: RegExp][] = [
  ['an empty file', new Uint8Array(0), {}, /image is empty/],
  ['an ELF file cut in its header', elf().slice(0, 40), {}, /truncated ELF file: the header/],
  ['an ELF file cut in its program headers', elf().slice(0, 100), {}, /truncated ELF file: the program headers/],
  ['an ELF file cut in a segment', elf().slice(0, 130), {}, /truncated ELF file: segment 0/],
  ['an ELF file of four bytes', elf().slice(0, 4), {}, /truncated ELF file/],
  ['an ELF file for x86-64', elf({ machine: 62 }), {}, /is an ELF file for x86-64; the machine runs AArch64/],
  ['an ELF file for an unknown machine', elf({ machine: 999 }), {}, /machine number 999/],
  ['a 32-bit ELF file', elf({ elfClass: 1 }), {}, /32-bit ELF file/],
  ['a big-endian ELF file', elf({ endian: 2 }), {}, /big-endian ELF file/],
  ['an object file', elf({ type: 1 }), {}, /type 1, which cannot be run; link it/],
  ['an ELF file with nothing to load', elf({ segments: [] }), {}, /without a segment/],
  [
    'an ELF file outside of RAM',
    elf({ segments: [{ pa: 0x1_0000_0000n, file: 4 }] }),
    {},
    /no memory at 0x100000000 to 0x100000003 for segment 0 of image/,
  ],
  [
    'an ELF file above all addresses',
    elf({ segments: [{ pa: 0xffff_8000_0000_0000n, file: 4 }] }),
    {},
    /above every physical address/,
  ],
  [
    'overlapping segments',
    elf({
      segments: [
        { pa: 0x4008_0000n, file: 64 },
        { pa: 0x4008_0010n, file: 4 },
      ],
    }),
    {},
    /Segment 0 of image and segment 1 of image overlap at 0x40080010/,
  ],
  ['an initrd bigger than memory', linux(), { initrd: new Uint8Array(MEMORY + 1) }, /initrd has \d+ bytes, more than/],
  [
    'an initrd that does not fit behind the image',
    linux({ size: 0x300_0000n }),
    { initrd: new Uint8Array(0x200_0000) },
    /does not fit behind image/,
  ],
  ['an empty initrd', linux(), { initrd: new Uint8Array(0) }, /initrd is empty/],
  ['an image bigger than memory', linux({ size: 0x800_0000n }), {}, /no memory at/],
  ['a big-endian Linux image', linux({ flags: 1n }), {}, /big-endian Linux image/],
  ['a Linux image with an absurd header', linux({ size: 1n << 60n }), {}, /damaged Linux image header/],
  ['a truncated gzip file', gzipSync(linux()).slice(0, 30), {}, /cannot be unpacked|damaged or too large/],
  ['firmware bigger than flash', new Uint8Array(0x400_0001), {}, /no memory at 0x0/],
  ['a device tree without magic', linux(), { dtb: new Uint8Array(100) }, /magic number/],
  ['a truncated device tree', linux(), { dtb: writeDeviceTree(TREE).slice(0, 50) }, /is truncated/],
];

for (const [what, image, more, message] of REFUSALS) {
  test(`${what} is refused in one sentence`, () => {
    assert.throws(
      () => load(image, more),
      (error: Error) => {
        assert.match(error.message, message);
        assert.match(error.message, /^[^\n]*\.$/);
        return true;
      },
    );
  });
}

test('damaged images and device trees load, or are refused with one sentence', () => {
  const random = randomNumbers(12345);
  const tree = writeDeviceTree(TREE);
  const damaged = (bytes: Uint8Array) => {
    const copy = bytes.slice();
    for (let left = 1 + random(6); left; left--)
      copy[random(copy.length)] = [0, 0x7f, 0x80, 0xff, random(256)][random(5)];
    return random(4) ? copy : copy.subarray(0, random(copy.length));
  };
  const outcomes = { loaded: 0, refused: 0 };
  for (let round = 0; round < 2000; round++) {
    for (const attempt of [
      () => load(elf(), { dtb: damaged(tree) }),
      () => load(damaged(elf())),
      () => load(damaged(linux().subarray(0, 64))),
    ]) {
      try {
        attempt();
        outcomes.loaded++;
      } catch (error) {
        assert.ok(error instanceof Error && error.constructor === Error, String((error as Error).stack));
        assert.match(error.message, /^[^\n]+\.$/);
        outcomes.refused++;
      }
    }
  }
  assert.ok(outcomes.loaded > 500 && outcomes.refused > 500, JSON.stringify(outcomes));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestMemory } from '../test-memory.ts';
import { VirtioBlock } from './block.ts';
import { VirtioConsole } from './console.ts';
import { type VirtioBackend, VirtioMmio } from './mmio.ts';
import { VirtioNet } from './net.ts';
import { checksum, GUEST_MAC } from './user-network.ts';

const RAM = 0x4000_0000;
const QUEUE = 0x1000; // bytes of one queue's areas
const BUFFERS = RAM + 0x8000;

/** A driver of one slot, with rings of 8 entries. */
function driver(backend: VirtioBackend | undefined) {
  const memory = new TestMemory(RAM, 0x1_0000);
  const seen = { level: false };
  const slot = new VirtioMmio('slot', backend, memory, level => {
    seen.level = level;
  });
  const get = (offset: number) => slot.read(offset, 4);
  const set = (offset: number, value: number) => slot.write(offset, 4, value >>> 0);
  const start = () => {
    set(0x70, 0);
    set(0x70, 3);
    set(0x24, 1);
    set(0x20, 1);
    set(0x70, 11);
    for (let queue = 0; queue < slot.queues.length; queue++) {
      set(0x30, queue);
      set(0x38, 8);
      const base = RAM + queue * QUEUE;
      for (const [offset, pa] of [
        [0x80, base],
        [0x90, base + 0x100],
        [0xa0, base + 0x200],
      ]) {
        set(offset, pa);
        set(offset + 4, 0);
      }
      set(0x44, 1);
    }
    set(0x70, 15);
  };
  /** Makes a chain available; `write` says which parts the device writes. */
  const offer = (queue: number, parts: readonly { pa: number; bytes: number; write: boolean }[]) => {
    const base = RAM + queue * QUEUE;
    for (const [index, { pa, bytes, write }] of parts.entries()) {
      const at = base + 16 * index;
      memory.writeU64(at, BigInt(pa));
      memory.writeU32(at + 8, bytes);
      memory.writeU16(at + 12, (write ? 2 : 0) | (index + 1 < parts.length ? 1 : 0));
      memory.writeU16(at + 14, index + 1);
    }
    const next = memory.readU16(base + 0x102);
    memory.writeU16(base + 0x104 + 2 * (next % 8), 0);
    memory.writeU16(base + 0x102, next + 1);
    set(0x50, queue);
  };
  const used = (queue: number) => {
    const base = RAM + queue * QUEUE + 0x200;
    const index = memory.readU16(base + 2);
    return { index, bytes: index === 0 ? 0 : memory.readU32(base + 4 + 8 * ((index - 1) % 8) + 4) };
  };
  return { memory, seen, slot, get, set, start, offer, used };
}

test('an empty slot has the magic and device id 0', () => {
  const { get } = driver(undefined);
  assert.deepEqual([get(0), get(4), get(8)], [0x74726976, 2, 0]);
});

function disk() {
  const image = Uint8Array.from({ length: 8192 }, (_, i) => i >> 9);
  return { image, ...driver(new VirtioBlock(image, 'disk.img')) };
}

test('a disk announces its sectors and VIRTIO_F_VERSION_1', () => {
  const { get, set } = disk();
  assert.equal(get(8), 2);
  assert.equal(get(0x100), 16);
  set(0x14, 1);
  assert.equal(get(0x10) & 1, 1);
});

test('a disk reads and writes sectors, and leaves its image as it was', () => {
  const { image, memory, seen, get, set, start, offer, used } = disk();
  start();
  const request = (type: number, sector: number, write: boolean, bytes = 512) => {
    memory.writeU32(BUFFERS, type);
    memory.writeU64(BUFFERS + 8, BigInt(sector));
    offer(0, [
      { pa: BUFFERS, bytes: 16, write: false },
      { pa: BUFFERS + 0x200, bytes, write },
      { pa: BUFFERS + 0x100, bytes: 1, write: true },
    ]);
    return memory.read(BUFFERS + 0x100, 1)[0];
  };
  assert.equal(request(0, 3, true), 0);
  assert.deepEqual(memory.read(BUFFERS + 0x200, 512), image.subarray(1536, 2048));
  assert.deepEqual(used(0), { index: 1, bytes: 513 });
  assert.equal(seen.level, true);
  set(0x64, get(0x60));
  assert.equal(seen.level, false);
  memory.write(BUFFERS + 0x200, new Uint8Array(512).fill(0xee));
  assert.equal(request(1, 3, false), 0);
  memory.write(BUFFERS + 0x200, new Uint8Array(512));
  assert.equal(request(0, 3, true), 0);
  assert.deepEqual(memory.read(BUFFERS + 0x200, 512), new Uint8Array(512).fill(0xee));
  assert.equal(image[1536], 3);
  assert.equal(request(0, 16, true), 1, 'beyond the end');
  assert.equal(request(99, 0, true), 2, 'an unknown request');
});

test('a disk image that is no multiple of a sector is refused in one sentence', () => {
  assert.throws(
    () => new VirtioBlock(new Uint8Array(1000), 'disk.img'),
    /^Error: The disk image disk.img has 1000 bytes, no multiple of 512: [^.]*\.$/,
  );
});

test('a chain without end, or outside of RAM, makes the device ask for a reset', () => {
  for (const damage of [
    (memory: TestMemory) => memory.writeU16(RAM + 14, 0), // next of the first is the first
    (memory: TestMemory) => memory.writeU64(RAM, 0x9000_0000n),
  ]) {
    const { memory, get, set, start } = disk();
    start();
    memory.writeU64(RAM, BigInt(BUFFERS));
    memory.writeU32(RAM + 8, 16);
    memory.writeU16(RAM + 12, 1);
    damage(memory);
    memory.writeU16(RAM + 0x102, 1);
    set(0x50, 0);
    assert.equal(get(0x70) & 0x40, 0x40);
    set(0x70, 0);
    assert.equal(get(0x70), 0);
  }
});

test('a console sends what the guest writes and gives it what was typed', () => {
  const backend = new VirtioConsole();
  const { memory, start, offer, used } = driver(backend);
  let output = '';
  backend.onOutput = bytes => {
    output += new TextDecoder().decode(bytes);
  };
  start();
  memory.write(BUFFERS, new TextEncoder().encode('hello'));
  offer(1, [{ pa: BUFFERS, bytes: 5, write: false }]);
  assert.equal(output, 'hello');
  backend.send(new TextEncoder().encode('typed'));
  assert.equal(used(0).index, 0, 'it waits for a buffer');
  offer(0, [{ pa: BUFFERS + 64, bytes: 3, write: true }]);
  assert.deepEqual(used(0), { index: 1, bytes: 3 });
  offer(0, [{ pa: BUFFERS + 96, bytes: 8, write: true }]);
  assert.equal(new TextDecoder().decode(memory.read(BUFFERS + 64, 3)), 'typ');
  assert.equal(new TextDecoder().decode(memory.read(BUFFERS + 96, 2)), 'ed');
});

function network() {
  const d = driver(new VirtioNet());
  d.start();
  /** Sends a frame and returns what comes back, without the header. */
  const exchange = (frame: Uint8Array): Uint8Array | undefined => {
    d.memory.write(BUFFERS, new Uint8Array(12));
    d.memory.write(BUFFERS + 12, frame);
    const before = d.used(0).index;
    d.offer(1, [{ pa: BUFFERS, bytes: 12 + frame.length, write: false }]);
    d.offer(0, [{ pa: BUFFERS + 0x1000, bytes: 0x800, write: true }]);
    const { index, bytes } = d.used(0);
    return index === before ? undefined : d.memory.read(BUFFERS + 0x1000 + 12, bytes - 12);
  };
  return { ...d, exchange };
}

function frame(type: number, payload: number[]): Uint8Array {
  return Uint8Array.of(255, 255, 255, 255, 255, 255, ...GUEST_MAC, type >> 8, type & 0xff, ...payload);
}

test('the network answers ARP for its router and not for anybody else', () => {
  const { exchange } = network();
  const request = (last: number) => [
    0,
    1,
    8,
    0,
    6,
    4,
    0,
    1,
    ...GUEST_MAC,
    10,
    0,
    2,
    15,
    0,
    0,
    0,
    0,
    0,
    0,
    10,
    0,
    2,
    last,
  ];
  assert.equal(exchange(frame(0x806, request(99))), undefined);
  const reply = exchange(frame(0x806, request(2))) as Uint8Array;
  assert.equal(reply[21], 2);
  assert.deepEqual([...reply.subarray(28, 32)], [10, 0, 2, 2]);
  assert.deepEqual(reply.subarray(0, 6), GUEST_MAC);
});

test('the network answers a ping of its router with good checksums', () => {
  const { exchange } = network();
  const icmp = [8, 0, 0, 0, 0, 1, 0, 2, 0xaa, 0xbb];
  const ip = [0x45, 0, 0, 20 + icmp.length, 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 2, 15, 10, 0, 2, 2];
  const reply = exchange(frame(0x800, [...ip, ...icmp])) as Uint8Array;
  assert.equal(reply[14 + 20], 0);
  assert.deepEqual([...reply.subarray(14 + 16, 14 + 20)], [10, 0, 2, 15]);
  assert.equal(checksum(reply.subarray(14, 34)), 0);
  assert.equal(checksum(reply.subarray(34, 34 + icmp.length)), 0);
});

test('the network leases 10.0.2.15 by DHCP', () => {
  const { exchange } = network();
  const dhcp = new Array<number>(240).fill(0);
  dhcp[0] = 1;
  dhcp.splice(4, 4, 1, 2, 3, 4);
  dhcp.splice(236, 4, 0x63, 0x82, 0x53, 0x63);
  const message = (kind: number) => {
    const body = [...dhcp, 53, 1, kind, 255];
    const udp = [0, 68, 0, 67, (8 + body.length) >> 8, (8 + body.length) & 0xff, 0, 0, ...body];
    const total = 20 + udp.length;
    return frame(0x800, [
      0x45,
      0,
      total >> 8,
      total & 0xff,
      0,
      0,
      0,
      0,
      64,
      17,
      0,
      0,
      0,
      0,
      0,
      0,
      255,
      255,
      255,
      255,
      ...udp,
    ]);
  };
  for (const [sent, expected] of [
    [1, 2],
    [3, 5],
  ]) {
    const reply = (exchange(message(sent)) as Uint8Array).subarray(14 + 28);
    assert.deepEqual([...reply.subarray(4, 8)], [1, 2, 3, 4]);
    assert.deepEqual([...reply.subarray(16, 20)], [10, 0, 2, 15]);
    assert.deepEqual([...reply.subarray(240, 243)], [53, 1, expected]);
  }
});

test('a restored slot goes on where it was', () => {
  const { image, memory, slot, start, seen } = disk();
  start();
  memory.writeU32(BUFFERS, 4);
  const saved = structuredClone(slot.snapshot());
  const other = new VirtioMmio('slot', new VirtioBlock(image, 'disk.img'), memory, level => {
    seen.level = level;
  });
  other.restore(saved);
  assert.deepEqual(other.snapshot(), saved);
  assert.equal(other.read(0x70, 4), 15);
});

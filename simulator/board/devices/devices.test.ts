import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COUNTER_FREQUENCY } from '../device.ts';
import { TestMemory } from '../test-memory.ts';
import { FLASH_BLOCK, Flash } from './flash.ts';
import { FwCfg } from './fw-cfg.ts';
import { Pl011 } from './pl011.ts';
import { Pl031, START_OF_TIME } from './pl031.ts';
import { Pl061 } from './pl061.ts';

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function uart() {
  const seen = { level: false, output: '' };
  const device = new Pl011(level => {
    seen.level = level;
  });
  device.onOutput = byte => {
    seen.output += String.fromCharCode(byte);
  };
  return {
    device,
    seen,
    get: (offset: number) => device.read(offset, 4),
    set: (offset: number, value: number) => device.write(offset, 4, value),
  };
}

test('the PL011 sends at once and raises its transmit interrupt', () => {
  const { seen, get, set } = uart();
  set(0x38, 1 << 5);
  assert.equal(seen.level, false);
  set(0x00, 0x48);
  set(0x00, 0x69);
  assert.equal(seen.output, 'Hi');
  assert.equal(seen.level, true);
  assert.equal(get(0x18) & 0x80, 0x80, 'the transmit FIFO is empty');
  set(0x44, 1 << 5);
  assert.equal(seen.level, false);
});

test('the PL011 raises the receive interrupt at its FIFO level, and the time-out below it', () => {
  const { device, seen, get, set } = uart();
  set(0x2c, 0x70); // FIFOs on
  set(0x30, 0x301);
  set(0x38, (1 << 4) | (1 << 6));
  device.send(bytes('abc'));
  assert.equal(get(0x40), 1 << 6);
  assert.equal(get(0x00), 0x61);
  assert.equal(get(0x00), 0x62);
  assert.equal(seen.level, true);
  assert.equal(get(0x00), 0x63);
  assert.equal(seen.level, false);
  assert.equal(get(0x18) & 0x10, 0x10, 'the receive FIFO is empty');
  device.send(bytes('0123456789'));
  assert.equal(get(0x40) & (1 << 4), 1 << 4);
});

test('the PL011 loses no input that is longer than its FIFO', () => {
  const { device, get, set } = uart();
  set(0x2c, 0x70);
  set(0x30, 0x301);
  const text = 'a line that is much longer than sixteen characters';
  device.send(bytes(text));
  assert.equal(get(0x18) & 0x40, 0x40, 'the receive FIFO is full');
  let got = '';
  while ((get(0x18) & 0x10) === 0) got += String.fromCharCode(get(0x00));
  assert.equal(got, text);
});

test('the PL011 without FIFOs holds one character, and input waits while it is off', () => {
  const { device, get, set } = uart();
  device.send(bytes('xy'));
  assert.equal(get(0x18) & 0x10, 0x10);
  set(0x30, 0x301);
  assert.equal(get(0x18) & 0x50, 0x40, 'not empty, and full');
  assert.equal(get(0x3c) & 0x10, 0x10);
  assert.deepEqual([get(0x00), get(0x00)], [0x78, 0x79]);
});

test('the PL011 identifies itself to the PrimeCell bus', () => {
  const { get } = uart();
  const id = [0xfe0, 0xfe4, 0xfe8, 0xfec].reduce((value, offset, index) => value | (get(offset) << (8 * index)), 0);
  assert.equal(id & 0xfffff, 0x41011);
});

test('a restored PL011 has the same input and interrupt', () => {
  const one = uart();
  one.set(0x30, 0x301);
  one.set(0x38, 0x10);
  one.device.send(bytes('xyz'));
  const other = uart();
  other.device.restore(structuredClone(one.device.snapshot()));
  assert.equal(other.seen.level, true);
  assert.deepEqual([other.get(0), other.get(0), other.get(0)], [0x78, 0x79, 0x7a]);
});

function rtc() {
  const state = { now: 0, level: false };
  const device = new Pl031({ ticks: () => state.now }, level => {
    state.level = level;
  });
  return {
    state,
    device,
    get: (offset: number) => device.read(offset, 4),
    set: (offset: number, value: number) => device.write(offset, 4, value),
  };
}

test('the PL031 goes by modelled seconds from a fixed date, or from what was loaded', () => {
  const { state, get, set } = rtc();
  assert.equal(get(0), START_OF_TIME);
  state.now = 3 * COUNTER_FREQUENCY;
  assert.equal(get(0), START_OF_TIME + 3);
  set(8, 100);
  state.now = 5 * COUNTER_FREQUENCY;
  assert.equal(get(0), 102);
});

test('the PL031 raises its alarm at the deadline that it announced', () => {
  const { state, device, get, set } = rtc();
  set(0x10, 1);
  set(0x04, START_OF_TIME + 2);
  assert.equal(device.nextDeadline(), 2 * COUNTER_FREQUENCY);
  state.now = 2 * COUNTER_FREQUENCY - 1;
  device.update();
  assert.equal(state.level, false);
  state.now++;
  device.update();
  assert.equal(state.level, true);
  assert.equal(get(0x18), 1);
  const other = rtc();
  other.device.restore(structuredClone(device.snapshot()));
  assert.equal(other.state.level, true);
  set(0x1c, 1);
  assert.equal(state.level, false);
  assert.equal(device.nextDeadline(), undefined);
});

test('the PL061 latches the edges that it was told to, and masks data by address', () => {
  let level = false;
  const device = new Pl061(value => {
    level = value;
  });
  device.write(0x40c, 4, 1 << 3); // rising
  device.write(0x410, 4, 1 << 3);
  device.setInput(3, true);
  assert.equal(level, true);
  assert.equal(device.read(0x08 << 2, 4), 0x08);
  assert.equal(device.read(0x04 << 2, 4), 0);
  device.write(0x41c, 4, 1 << 3);
  assert.equal(level, false);
  device.setInput(3, false);
  assert.equal(level, false);
  device.write(0x408, 4, 1 << 3); // both edges
  device.setInput(3, true);
  device.write(0x41c, 4, 1 << 3);
  device.setInput(3, false);
  const other = new Pl061(() => {});
  other.restore(structuredClone(device.snapshot()));
  assert.equal(other.read(0x418, 4), 1 << 3);
});

function both(value: number): number {
  return ((value << 16) | value) >>> 0;
}

test('a flash bank reads its image, and erased bytes behind it', () => {
  const flash = new Flash('bank', 0x0400_0000);
  flash.load(Uint8Array.of(1, 2, 3, 4, 5));
  assert.equal(flash.read(0, 4), 0x04030201);
  assert.equal(flash.read(4, 4), 0xffffff05);
  assert.equal(flash.read(2, 1), 3);
});

test('a flash bank answers a CFI query with the Intel command set and its geometry', () => {
  const flash = new Flash('bank', 0x0400_0000);
  flash.write(0x55 * 4, 4, both(0x98));
  assert.deepEqual(
    [0x10, 0x11, 0x12].map(word => flash.read(word * 4, 4)),
    [both(0x51), both(0x52), both(0x59)],
  );
  assert.equal(flash.read(0x13 * 4, 4), both(1));
  assert.equal(2 ** (flash.read(0x27 * 4, 4) & 0xff), 0x0200_0000, 'bytes of one chip');
  const blocks = (flash.read(0x2d * 4, 2) | (flash.read(0x2e * 4, 2) << 8)) + 1;
  const block = (flash.read(0x2f * 4, 2) | (flash.read(0x30 * 4, 2) << 8)) * 256;
  assert.equal(blocks * block, 0x0200_0000);
  assert.equal(block * 2, FLASH_BLOCK);
});

test('programming a flash bank clears bits, erasing a block sets them, and status is ready', () => {
  const flash = new Flash('bank', 0x0400_0000);
  const modes: boolean[] = [];
  flash.onMode = readable => modes.push(readable);
  flash.write(0x100, 4, both(0x40));
  flash.write(0x100, 4, 0x12345678);
  assert.equal(flash.read(0x100, 4), both(0x80));
  flash.write(0, 4, both(0xff));
  assert.equal(flash.read(0x100, 4), 0x12345678);
  flash.write(0x100, 4, both(0x40));
  flash.write(0x100, 4, 0xffff0000);
  flash.write(0, 4, both(0xff));
  assert.equal(flash.read(0x100, 4), 0x12340000);
  flash.write(0x100, 4, both(0x20));
  flash.write(0x100, 4, both(0xd0));
  flash.write(0, 4, both(0xff));
  assert.equal(flash.read(0x100, 4), 0xffffffff);
  assert.deepEqual(modes, [false, true, false, true, false, true]);
});

test('a buffered program writes all its words once it is confirmed', () => {
  const flash = new Flash('bank', 0x0400_0000);
  flash.write(0x800, 4, both(0xe8));
  assert.equal(flash.read(0x800, 4), both(0x80));
  flash.write(0x800, 4, both(2)); // three words of each chip
  for (let i = 0; i < 3; i++) flash.write(0x800 + 4 * i, 4, 0x11111111 * (i + 1));
  assert.deepEqual([...flash.contents(0x800, 4)], [255, 255, 255, 255], 'not yet');
  flash.write(0x800, 4, both(0xd0));
  const other = new Flash('bank', 0x0400_0000);
  other.restore(structuredClone(flash.snapshot()));
  other.write(0, 4, both(0xff));
  assert.deepEqual(
    [0, 1, 2].map(i => other.read(0x800 + 4 * i, 4)),
    [0x11111111, 0x22222222, 0x33333333],
  );
});

test('fw_cfg gives its signature and its files by port and by DMA', () => {
  const memory = new TestMemory(0x4000_0000, 0x1000);
  const device = new FwCfg(
    memory,
    2,
    new Map([
      ['opt/b', bytes('second')],
      ['opt/a', bytes('first')],
    ]),
  );
  const swap = (value: number) => {
    const view = new DataView(new ArrayBuffer(4));
    view.setUint32(0, value);
    return view.getUint32(0, true);
  };
  device.write(8, 2, 0);
  assert.equal(device.read(0, 4), 0x554d4551); // "QEMU"
  device.write(8, 2, 0x1900);
  assert.equal(device.read(0, 4), swap(2));
  const dma = (control: number, length: number, address: number) => {
    const view = new DataView(memory.data.buffer);
    view.setUint32(0, control);
    view.setUint32(4, length);
    view.setBigUint64(8, BigInt(address));
    device.write(16, 4, 0);
    device.write(20, 4, swap(0x4000_0000));
    return view.getUint32(0);
  };
  assert.equal(dma(0x0020_000a, 5, 0x4000_0100), 0);
  assert.equal(new TextDecoder().decode(memory.read(0x4000_0100, 5)), 'first');
  assert.equal(dma(0x0021_000a, 6, 0x4000_0f00 + 0x100), 1, 'outside of RAM');
  const other = new FwCfg(memory, 2);
  other.restore(structuredClone(device.snapshot()));
  assert.deepEqual(other.snapshot(), device.snapshot());
});

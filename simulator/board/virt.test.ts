import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bus } from './device.ts';
import { TestMemory } from './test-memory.ts';
import { type BoardConfig, buildVirtBoard } from './virt.ts';
import { RAM_BASE } from './virt-map.ts';

const CONFIG: BoardConfig = { gic: 3, pes: 2, memory: 1 << 20, psci: 'smc', el2: true, vhe: true };

function machine(config: Partial<BoardConfig> = {}) {
  const state = { now: 0, pe: 0, irq: [false, false], ended: '' };
  const board = buildVirtBoard(
    { ...CONFIG, ...config },
    {
      clock: { ticks: () => state.now },
      lines: {
        setLines: (pe, irq) => {
          state.irq[pe] = irq;
        },
      },
      memory: new TestMemory(RAM_BASE, 1 << 20),
      activePe: () => state.pe,
      virtualOffset: () => 0n,
      physicalOffset: () => 0n,
      powerOff: () => {
        state.ended = 'off';
      },
      reset: () => {
        state.ended = 'reset';
      },
    },
  );
  return { state, board };
}

test('devices are where images for the virt board look for them, and between them is nothing', () => {
  const { board } = machine();
  const names = [0x0800_0000, 0x080a_0000, 0x0900_0fff, 0x0901_0000, 0x0a00_3e00, 0x0400_0000].map(
    pa => board.bus.find(pa)?.device.name,
  );
  assert.deepEqual(names, [
    'GICv3 distributor',
    'GICv3 redistributors',
    'PL011',
    'PL031',
    'virtio-mmio slot 31',
    'flash bank 1',
  ]);
  assert.equal(board.bus.read(0x0900_1000, 4), undefined);
  assert.equal(board.bus.write(0x0a00_4000, 4, 0), false);
  assert.equal(machine({ gic: 2 }).board.bus.find(0x0804_0000)?.device.name, 'GICv2 virtual CPU interface');
});

test('an access of 8 bytes reaches a device as two of 4, the low word first', () => {
  const log: string[] = [];
  const device = {
    name: 'log',
    read: (offset: number, bytes: number) => {
      log.push(`read ${offset} ${bytes}`);
      return offset + 1;
    },
    write: (offset: number, bytes: number, value: number) => {
      log.push(`write ${offset} ${bytes} ${value.toString(16)}`);
    },
    snapshot: () => undefined,
    restore: () => {},
  };
  const bus = new Bus([{ base: 0x1000, size: 16, device }]);
  assert.equal(bus.read(0x1004, 4), 5);
  assert.equal(bus.write(0x1008, 4, 0x4030201), true);
  assert.equal(bus.read(0x1010, 4), undefined, 'it is a hole');
  assert.deepEqual(log, ['read 4 4', 'write 8 4 4030201']);
  assert.throws(
    () =>
      new Bus([
        { base: 0, size: 8, device },
        { base: 4, size: 8, device },
      ]),
    /overlap at 0x4/,
  );
});

test('a timer interrupt reaches its PE at the announced deadline', () => {
  for (const gic of [2, 3] as const) {
    const { state, board } = machine({ gic });
    state.pe = 1;
    board.bus.write(0x0800_0000, 4, 3);
    if (board.gic.version === 2) {
      board.bus.write(0x0800_0100, 4, 1 << 27);
      board.bus.write(0x0801_0004, 4, 0xf0);
      board.bus.write(0x0801_0000, 4, 1);
    } else {
      board.bus.write(0x080d_0080, 4, 1 << 27);
      board.bus.write(0x080d_0100, 4, 1 << 27);
      board.gic.writeRegister(1, 'ICC_PMR_EL1', 0xf0n);
      board.gic.writeRegister(1, 'ICC_IGRPEN1_EL1', 1n);
    }
    board.timers.writeRegister(1, 'CNTV_CVAL_EL0', 500n);
    board.timers.writeRegister(1, 'CNTV_CTL_EL0', 1n);
    assert.equal(board.nextDeadline(1), 500);
    state.now = 500;
    board.update(1, 500);
    assert.deepEqual(state.irq, [false, true]);
  }
});

test('the power key goes up again after a tenth of a second', () => {
  const { state, board } = machine();
  board.pressPower();
  assert.equal(board.bus.read(0x0903_0000 + (8 << 2), 4), 8);
  const up = board.nextDeadline(0) as number;
  assert.equal(up, 6_250_000);
  state.now = up;
  board.update(0, up);
  assert.equal(board.bus.read(0x0903_0000 + (8 << 2), 4), 0);
  assert.equal(board.nextDeadline(0), undefined);
});

test('the whole board comes back from a snapshot', () => {
  for (const gic of [2, 3] as const) {
    const one = machine({ gic });
    one.board.bus.write(0x0900_0030, 4, 0x301);
    one.board.uart.send(Uint8Array.of(1, 2, 3));
    one.board.timers.writeRegister(0, 'CNTP_CVAL_EL0', 77n);
    one.board.pressPower();
    const saved = structuredClone(one.board.snapshot());
    const other = machine({ gic });
    other.board.restore(saved);
    assert.deepEqual(other.board.snapshot(), saved);
    assert.equal(other.board.nextDeadline(0), one.board.nextDeadline(0));
  }
});

test('absurd numbers of PEs are refused in one sentence', () => {
  assert.throws(() => machine({ pes: 0 }), /^Error: A board with a GICv3 has 1 to 64 PEs, not 0\.$/);
  assert.throws(() => machine({ gic: 2, pes: 9 }), /^Error: A board with a GICv2 has 1 to 8 PEs, not 9\.$/);
});

test('firmware at EL3 has a UART, secure RAM and lines that turn the power off; nobody else sees them', () => {
  const uart = 0x0904_0000;
  const gpio = 0x090b_0000;
  assert.equal(machine().board.bus.find(uart), undefined);
  assert.equal(machine().board.bus.find(gpio), undefined);
  for (const [line, ended] of [
    [0, 'off'],
    [1, 'reset'],
  ] as const) {
    const { board, state } = machine({ secure: true });
    const said: number[] = [];
    assert.ok(board.secure);
    board.secure.uart.onOutput = byte => said.push(byte);
    board.bus.find(uart)?.device.write(0, 4, 0x41);
    assert.deepEqual(said, [0x41]);
    const lines = board.bus.find(gpio)?.device;
    // The data register is at an address that says which lines are meant.
    lines?.write(4 << line, 4, 0xff);
    assert.equal(state.ended, '', 'a line that is an input drives nothing');
    lines?.write(0x400, 4, 1 << line);
    assert.equal(state.ended, ended);
    const secret = board.tree.root.children.find(({ name }) => name === 'secram@e000000');
    assert.ok(secret, 'the tree tells of secure RAM');
  }
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { child, type DeviceTree, node, readDeviceTree, setChosen, setMemory, writeDeviceTree } from './device-tree.ts';
import { type TreeConfig, virtTree } from './virt-tree.ts';

const CONFIG: TreeConfig = {
  gic: 3,
  its: true,
  secure: false,
  pes: 2,
  memory: 1 << 30,
  psci: 'smc',
  el2: true,
  vhe: true,
  peCompatible: 'arm,cortex-a57',
  pmu: true,
};

function text(value: unknown): string {
  return new TextDecoder().decode(value as Uint8Array);
}

function cells(value: unknown): number[] {
  const bytes = value as Uint8Array;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 4 }, (_, index) => view.getUint32(4 * index));
}

test('what is written reads back the same', () => {
  const tree: DeviceTree = {
    root: node('', { compatible: ['a', 'b'], flag: true, cells: [1, 0xffffffff] }, [
      node('child@1', { raw: Uint8Array.of(1, 2, 3) }),
    ]),
    reservations: [[0x8000n, 0x1000n]],
    bootPe: 3,
  };
  const blob = writeDeviceTree(tree);
  const back = readDeviceTree(blob);
  assert.equal(text(back.root.properties.get('compatible')), 'a\0b\0');
  assert.equal((back.root.properties.get('flag') as Uint8Array).length, 0);
  assert.deepEqual(cells(back.root.properties.get('cells')), [1, 0xffffffff]);
  assert.deepEqual(child(back.root, 'child')?.properties.get('raw'), Uint8Array.of(1, 2, 3));
  assert.deepEqual([back.reservations, back.bootPe], [[[0x8000n, 0x1000n]], 3]);
  assert.deepEqual(writeDeviceTree(back), blob);
});

test('a tree of a user gets the command line, the initrd and the memory of the machine', () => {
  const tree = readDeviceTree(
    writeDeviceTree({
      root: node('', { '#address-cells': [2], '#size-cells': [1] }, [
        node('memory@0', { reg: [0, 0, 1] }),
        node('memory', {}),
        node('memory-controller@9', { keep: true }),
      ]),
      reservations: [],
      bootPe: 0,
    }),
  );
  setChosen(tree, { bootargs: 'quiet', initrd: { pa: 0x4800_0000, bytes: 0x100 } });
  setMemory(tree, 0x4000_0000, 0x1000_0000);
  const back = readDeviceTree(writeDeviceTree(tree)).root;
  assert.deepEqual(
    back.children.map(({ name }) => name),
    ['memory-controller@9', 'chosen', 'memory@40000000'],
  );
  assert.equal(text(child(back, 'chosen')?.properties.get('bootargs')), 'quiet\0');
  assert.deepEqual(cells(child(back, 'chosen')?.properties.get('linux,initrd-end')), [0, 0x4800_0100]);
  assert.deepEqual(cells(child(back, 'memory@40000000')?.properties.get('reg')), [0, 0x4000_0000, 0x1000_0000]);
});

function damaged(change: (view: DataView) => void): Uint8Array {
  const blob = writeDeviceTree(virtTree(CONFIG));
  change(new DataView(blob.buffer));
  return blob;
}

const REFUSALS: readonly [why: string, blob: Uint8Array, message: RegExp][] = [
  ['that is too short', new Uint8Array(10), /is too short: it has 10 bytes/],
  ['without the magic number', new Uint8Array(64), /does not begin with the magic number 0xd00dfeed; compile/],
  [
    'that is truncated',
    writeDeviceTree(virtTree(CONFIG)).slice(0, 1000),
    /is truncated: its header says \d+ bytes, and there are 1000/,
  ],
  ['of a future version', damaged(view => view.setUint32(24, 99)), /compatible with 99/],
  ['whose structure lies outside', damaged(view => view.setUint32(8, 0x7fffffff)), /is damaged: a part at offset/],
  [
    'with something that is no token',
    damaged(view => view.setUint32(view.getUint32(8), 0x55)),
    /there is 0x55 instead of a token/,
  ],
  ['that ends too early', damaged(view => view.setUint32(view.getUint32(8), 9)), /ends inside of a node/],
  ['with a node end too many', damaged(view => view.setUint32(view.getUint32(8), 2)), /a node ends that never began/],
  ['with reservations without end', damaged(view => view.setUint32(16, view.getUint32(4) - 8)), /is damaged/],
];

for (const [why, blob, message] of REFUSALS) {
  test(`a device tree ${why} is refused in one sentence`, () => {
    assert.throws(
      () => readDeviceTree(blob),
      (error: Error) => message.test(error.message) && /^The device tree .*\.$/.test(error.message),
    );
  });
}

test('the tree of the board says who calls PSCI how, and nothing where an EL3 image brings its own', () => {
  const psci = (method: TreeConfig['psci']) => child(virtTree({ ...CONFIG, psci: method }).root, 'psci');
  assert.equal(psci('hvc')?.properties.get('method'), 'hvc');
  assert.equal(psci('smc')?.properties.get('method'), 'smc');
  assert.equal(psci(undefined), undefined);
});

test('PEs are named by their affinity, in clusters of what an SGI reaches', () => {
  const names = (gic: 2 | 3, pes: number) =>
    child(virtTree({ ...CONFIG, gic, pes }).root, 'cpus')
      ?.children.filter(({ name }) => name.startsWith('cpu@'))
      .map(({ name }) => name);
  assert.deepEqual(names(3, 18)?.slice(14), ['cpu@e', 'cpu@f', 'cpu@100', 'cpu@101']);
  assert.deepEqual(names(2, 8)?.at(-1), 'cpu@7');
});

if (spawnSync('dtc', ['--version']).status === 0) {
  for (const gic of [2, 3] as const) {
    for (const el2 of [true, false]) {
      test(`dtc reads the tree of a GICv${gic} board ${el2 ? 'with' : 'without'} EL2 without a warning`, () => {
        const blob = writeDeviceTree(virtTree({ ...CONFIG, gic, el2, its: gic === 3 }));
        const { status, stderr, stdout } = spawnSync('dtc', ['-I', 'dtb', '-O', 'dts'], {
          input: blob,
          encoding: 'utf8',
        });
        assert.deepEqual([status, stderr], [0, '']);
        assert.match(stdout, /stdout-path = "\/pl011@9000000"/);
      });
    }
  }
}

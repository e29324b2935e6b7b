import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callFirmware, type FirmwareHost, functionName } from './psci.ts';

function machine() {
  const log: string[] = [];
  const on = [true, false];
  const host: FirmwareHost = {
    affinities: [0n, 1n],
    isOn: pe => on[pe],
    powerOn: (pe, entry, context) => {
      on[pe] = true;
      log.push(`on ${pe} ${entry.toString(16)} ${context}`);
    },
    powerOff: pe => {
      on[pe] = false;
      log.push(`off ${pe}`);
    },
    suspend: pe => log.push(`suspend ${pe}`),
    systemOff: () => log.push('system off'),
    systemReset: () => log.push('system reset'),
    isExecutable: pa => pa >= 0x4000_0000n,
  };
  const call = (id: number, x1 = 0n, x2 = 0n, x3 = 0n, pe = 0) => {
    const result = callFirmware(host, pe, [BigInt(id), x1, x2, x3]);
    return result === undefined ? undefined : Number(BigInt.asIntN(64, result));
  };
  return { log, call };
}

test('versions are PSCI 1.1 and SMCCC 1.1', () => {
  const { call } = machine();
  assert.deepEqual([call(0x84000000), call(0x80000000)], [0x10001, 0x10001]);
});

test('CPU_ON starts a PE once, and refuses what is no PE or no code', () => {
  const { log, call } = machine();
  assert.equal(call(0xc4000003, 7n, 0x4000_0000n), -2);
  assert.equal(call(0xc4000003, 1n, 0x100n), -9);
  assert.equal(call(0xc4000004, 1n), 1);
  assert.equal(call(0xc4000003, 1n, 0x4000_1000n, 42n), 0);
  assert.equal(call(0xc4000003, 1n, 0x4000_1000n), -4);
  assert.equal(call(0xc4000004, 1n), 0);
  assert.deepEqual(log, ['on 1 40001000 42']);
});

test('the 32-bit convention ignores the upper halves of the arguments', () => {
  const { log, call } = machine();
  assert.equal(call(0x84000003, 0xdead_0000_0001n, 0xffff_4000_1000n, 1n), 0);
  assert.deepEqual(log, ['on 1 40001000 1']);
});

test('calls that do not come back say so', () => {
  const { log, call } = machine();
  assert.equal(call(0x84000002, 0n, 0n, 0n, 1), undefined);
  assert.equal(call(0x84000008), undefined);
  assert.equal(call(0x84000009), undefined);
  assert.equal(call(0xc4000001), 0);
  assert.deepEqual(log, ['off 1', 'system off', 'system reset', 'suspend 0']);
});

test('PSCI_FEATURES knows exactly the functions that are there', () => {
  const { call } = machine();
  assert.equal(call(0x8400000a, 0xc4000003n), 0);
  assert.equal(call(0x8400000a, 0x80000000n), 0);
  assert.equal(call(0x8400000a, 0xc400000en), -1);
  assert.equal(call(0x8400000a, 0xc4000002n), -1, 'CPU_OFF has no 64-bit form');
  assert.equal(call(0x84000006), 2);
  assert.equal(call(0x4b000000), -1);
  assert.equal(functionName(0xc4000003), 'CPU_ON');
});

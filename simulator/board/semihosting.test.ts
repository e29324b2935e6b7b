import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Semihosting } from './semihosting.ts';
import { TestMemory } from './test-memory.ts';

const BASE = 0x4000_0000;

function machine(typed = '') {
  const memory = new TestMemory(BASE, 0x1000);
  const seen = { output: '', status: undefined as number | undefined };
  const input = [...new TextEncoder().encode(typed)];
  const guarded = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch {
      return undefined;
    }
  };
  const semihosting = new Semihosting({
    readMemory: (va, bytes) => guarded(() => memory.read(Number(va), bytes)),
    writeMemory: (va, data) => guarded(() => memory.write(Number(va), data) ?? true) ?? false,
    console: bytes => {
      seen.output += new TextDecoder().decode(bytes);
    },
    readConsole: () => input.shift(),
    centiseconds: () => 150,
    ticks: () => 93_750_000n,
    tickFrequency: 62_500_000,
    exit: status => {
      seen.status = status;
    },
    commandLine: 'image arguments',
    heap: [1n, 2n, 3n, 4n],
  });
  const block = (...words: (number | bigint)[]) => {
    for (const [index, word] of words.entries()) memory.writeU64(BASE + 8 * index, BigInt(word));
    return BigInt(BASE);
  };
  const put = (text: string) => {
    memory.write(BASE + 0x100, new TextEncoder().encode(`${text}\0`));
    return BigInt(BASE + 0x100);
  };
  const call = (operation: number, argument: bigint) => {
    const result = semihosting.call(operation, argument);
    return result === undefined ? undefined : BigInt.asIntN(64, result);
  };
  return { memory, seen, semihosting, block, put, call };
}

test('text goes to the console by character, by string and by handle', () => {
  const { seen, block, put, call } = machine();
  call(3, put('A'));
  call(4, put('BC'));
  put(':tt');
  const handle = call(1, block(BASE + 0x100, 4, 3)) as bigint;
  assert.equal(handle, 1n);
  put('DEF');
  assert.equal(call(5, block(handle, BASE + 0x100, 3)), 0n);
  assert.equal(seen.output, 'ABCDEF');
  assert.equal(call(9, block(handle)), 1n);
  assert.equal(call(2, block(handle)), 0n);
  assert.equal(call(5, block(handle, BASE + 0x100, 3)), -1n);
  assert.equal(call(0x13, 0n), 9n);
});

test('what was typed is read by character and by handle', () => {
  const { memory, block, put, call } = machine('xyz');
  assert.equal(call(7, 0n), 0x78n);
  put(':tt');
  const handle = call(1, block(BASE + 0x100, 0, 3)) as bigint;
  assert.equal(call(6, block(handle, BASE + 0x200, 10)), 8n);
  assert.equal(new TextDecoder().decode(memory.read(BASE + 0x200, 2)), 'yz');
});

test('files of the host cannot be opened', () => {
  const { block, put, call } = machine();
  put('/etc/passwd');
  assert.equal(call(1, block(BASE + 0x100, 0, 11)), -1n);
  assert.equal(call(0x13, 0n), 2n);
});

test('exit gives the status, and 1 for any other reason', () => {
  const { seen, block, call } = machine();
  assert.equal(call(0x18, block(0x20026n, 7)), undefined);
  assert.equal(seen.status, 7);
  assert.equal(call(0x20, block(0x20023n, 0)), undefined);
  assert.equal(seen.status, 1);
});

test('command line, heap, clock and an unknown operation', () => {
  const { memory, block, call } = machine();
  assert.equal(call(0x15, block(BASE + 0x200, 64)), 0n);
  assert.equal(new TextDecoder().decode(memory.read(BASE + 0x200, 15)), 'image arguments');
  assert.equal(memory.readU64(BASE + 8), 15n);
  assert.equal(call(0x15, block(BASE + 0x200, 4)), -1n);
  assert.equal(call(0x16, block(BASE + 0x300)), 0n);
  assert.equal(memory.readU64(BASE + 0x318), 4n);
  assert.equal(call(0x10, 0n), 150n);
  assert.equal(call(0x77, 0n), -1n);
});

test('addresses that fault make a call fail and nothing worse', () => {
  const { call } = machine();
  for (const operation of [1, 2, 3, 4, 5, 6, 8, 9, 0xc, 0x15, 0x16, 0x18, 0x30]) {
    assert.notEqual(call(operation, 0xdead_0000n), undefined);
  }
});

// The contract of the command line: what is printed, which files are written, how it ends.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const image = join(root, 'simulator/hypervisors/first-light/first-light.elf');
const uBoot = join(root, '.cache/images/u-boot.bin');
const folder = mkdtempSync(join(tmpdir(), 'hyperstep-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

function hyperstep(...args: string[]): Outcome {
  const program = join(root, 'dist', 'hyperstep.mjs');
  const options = { encoding: 'utf8', timeout: 100_000, maxBuffer: 1 << 26 } as const;
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [program, ...args], options);
  assert.equal(error, undefined, `hyperstep ${args.join(' ')} did not end: ${error?.message}`);
  return { code: status, output: stdout, errors: stderr };
}

/** A file with given contents, by its path. */
function file(name: string, contents: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
}

/** A flat binary in RAM of these instructions, and the arguments that run it. */
function program(name: string, words: readonly number[]): string[] {
  return [file(`${name}.bin`, new Uint8Array(Uint32Array.from(words).buffer)), '--load-address', '0x40000000'];
}

const MOV_X0 = (value: number) => (0xd2800000 | (value << 5)) >>> 0;
const B_SELF = 0x14000000;
const HLT_SEMIHOSTING = 0xd45e0000;
/** Writes a byte of W0 to the UART, whose address is in X1. */
const STRB_W0_X1 = 0x39000020;
const MOV_X1_UART = 0xd2a12001;

/** ADP_Stopped_ApplicationExit with a code, by SYS_EXIT with the block behind the code. */
function exitWith(code: number): string[] {
  const adr = 0x10000081; // adr x1, block
  return program(`exit${code}`, [adr, MOV_X0(0x18), HLT_SEMIHOSTING, B_SELF, 0x20026, 0, code, 0]);
}

test('a guest that powers off ends with 0, its console on standard output', () => {
  const { code, output, errors } = hyperstep('run', image);
  assert.equal(code, 0);
  assert.match(output, /^First light: a hypervisor at EL2/);
  assert.equal(errors, '');
});

test('quiet keeps the console from standard output', () => {
  assert.deepEqual(hyperstep('run', image, '--quiet'), { code: 0, output: '', errors: '' });
});

test('semihosting ends with the code of the guest', () => {
  for (const code of [0, 1, 42]) assert.equal(hyperstep('run', ...exitWith(code), '--semihosting').code, code);
});

test('a limit of instructions is exact and ends with 3', () => {
  for (const count of [1, 2, 1023, 1024, 1025, 30_001, 2_000_000, 2_000_001]) {
    const json = join(folder, 'limit.json');
    const run = hyperstep('run', ...program('spin', [B_SELF]), '--max-instructions', String(count), '--json', json);
    assert.equal(run.code, 3);
    assert.equal(JSON.parse(readFileSync(json, 'utf8')).instructions, count);
    assert.equal(run.errors, `Stopped after ${count} instructions.\n`);
  }
});

test('a limit of seconds ends with 3', () => {
  const run = hyperstep('run', ...program('spin', [B_SELF]), '--timeout', '0.3');
  assert.equal(run.code, 3);
  assert.equal(run.errors, 'Stopped after 0.3 seconds.\n');
});

test('an expected text that never comes is named', () => {
  const powerOff = hyperstep('run', image, '--expect', 'no such text');
  assert.equal(powerOff.code, 4);
  assert.match(powerOff.errors, /^The guest ended by poweroff\. The console has not said "no such text"\.\n$/);
  const limit = hyperstep('run', image, '--expect', 'First light', '--expect', 'nor', '--max-instructions', '30000');
  assert.equal(limit.code, 3);
  assert.match(limit.errors, /has not said "nor"/);
});

test('expected texts are followed in order, each behind the one before', () => {
  const args = program('abab', [
    MOV_X1_UART,
    ...[...'abxb'].flatMap(c => [MOV_X0(c.charCodeAt(0)), STRB_W0_X1]),
    B_SELF,
  ]);
  const limit = ['--max-instructions', '100'];
  assert.equal(hyperstep('run', ...args, ...limit, '--expect', 'ab', '--expect', 'b').code, 0);
  assert.equal(hyperstep('run', ...args, ...limit, '--expect', 'xb', '--expect', 'a').code, 3);
});

test('an instruction without semantics stops with its word and address', () => {
  const { code, errors } = hyperstep('run', ...program('unknown', [0xd503201f, 0x04200000]));
  assert.equal(code, 4);
  assert.match(errors, /0x04200000 at 0x40000004/);
});

test('U-Boot reaches its prompt at EL2 and answers a typed command', () => {
  const json = join(folder, 'u-boot.json');
  const script = ['--expect', 'autoboot', '--send', '', '--expect', '=>', '--send', 'version', '--expect', 'GNU ld'];
  const { code, output } = hyperstep('run', uBoot, ...script, '--json', json, '--timeout', '90');
  assert.equal(code, 0);
  assert.match(output, /=> version[\r\n]+U-Boot 20/);
  const report = JSON.parse(readFileSync(json, 'utf8'));
  assert.equal(report.end, 'expect');
  assert.equal(report.pes[0].el, 2);
});

test('the report has the promised keys', () => {
  const json = join(folder, 'report.json');
  hyperstep('run', image, '--pes', '2', '--json', json);
  const report = JSON.parse(readFileSync(json, 'utf8'));
  const keys = ['instructions', 'cycles', 'wallSeconds', 'mips', 'peakMemoryBytes', 'end', 'exceptions', 'pes'];
  assert.deepEqual(Object.keys(report), keys);
  assert.equal(report.end, 'poweroff');
  for (const name of ['DAbortLower', 'HVC64', 'WFx', 'SysReg', 'IRQ', 'ERET'])
    assert.ok(report.exceptions[name] > 0, name);
  assert.equal(report.pes.length, 2);
  for (const pe of report.pes) {
    assert.deepEqual(Object.keys(pe), ['pc', 'el', 'x', 'registers']);
    assert.equal(pe.x.length, 31);
    for (const value of [pe.pc, ...pe.x, ...Object.values(pe.registers)])
      assert.match(value as string, /^0x[0-9a-f]{16}$/);
    for (const name of ['SP', 'PSTATE', 'HCR_EL2', 'VTTBR_EL2', 'ESR_EL2', 'ICH_LR0_EL2'])
      assert.ok(name in pe.registers, name);
  }
});

test('the same run twice gives the same console, counts and state', () => {
  const once = (name: string) => {
    const json = join(folder, name);
    const { output } = hyperstep('run', image, '--pes', '3', '--json', json);
    const { wallSeconds, mips, peakMemoryBytes, ...report } = JSON.parse(readFileSync(json, 'utf8'));
    assert.ok(wallSeconds > 0 && mips > 0 && peakMemoryBytes > 0);
    return { output, report };
  };
  assert.deepEqual(once('first.json'), once('second.json'));
});

test('a guest that uses all of its 1 GiB takes at most 1.5 GiB of process memory', () => {
  const touchEveryPage = program('touch', [
    0xd2a80000, // mov x0, #0x40000000
    0xd2b00001, // mov x1, #0x80000000
    0x91400400, // again: add x0, x0, #0x1000
    0xf9000000, // str x0, [x0]
    0xeb01001f, // cmp x0, x1
    0x54ffffa3, // b.lo again
    B_SELF,
  ]);
  const json = join(folder, 'memory.json');
  hyperstep('run', ...touchEveryPage, '--memory', '1G', '--max-instructions', '1048574', '--json', json);
  const { peakMemoryBytes, pes } = JSON.parse(readFileSync(json, 'utf8'));
  assert.equal(pes[0].x[0], '0x000000007ffff000');
  assert.ok(peakMemoryBytes > 2 ** 30 && peakMemoryBytes <= 1.5 * 2 ** 30, `${peakMemoryBytes} bytes`);
});

test('firmware reads a disk, gets an address and hears from its gateway', () => {
  const contents = Buffer.alloc(64 * 512);
  contents.write('from the disk', 3 * 512);
  const disk = file('disk.img', contents);
  const { code, output } = hyperstep(
    ...['run', uBoot, '--memory', '256M', '--disk', disk, '--network'],
    ...['--expect', 'autoboot', '--send', '', '--expect', '=> '],
    ...['--send', 'virtio scan; virtio read 0x41000000 3 1; md.b 0x41000000 12', '--expect', 'from the disk'],
    ...['--expect', '=> ', '--send', 'setenv autoload no; dhcp', '--expect', 'bound to address 10.0.2.15'],
    ...['--expect', '=> ', '--send', 'ping 10.0.2.2', '--expect', 'host 10.0.2.2 is alive'],
  );
  assert.equal(code, 0, output);
  assert.ok(contents.equals(readFileSync(disk)));
});

test('variables that firmware keeps in flash are there in the next run', () => {
  const bank = file('variables.fd', new Uint8Array(2 ** 20).fill(0xff));
  const command = (text: string, expected: string) => {
    const script = ['--expect', 'autoboot', '--send', '', '--expect', '=> ', '--send', text, '--expect', expected];
    return hyperstep('run', uBoot, '--memory', '256M', '--variables', bank, ...script);
  };
  const save = command('setenv remembered yes; saveenv', 'Writing to Flash... done');
  assert.equal(save.code, 0, save.output);
  const load = command('printenv remembered', 'remembered=yes');
  assert.equal(load.code, 0, load.output);
});

test('a trace has a line for each exception taken and returned from', () => {
  const { code, output } = hyperstep('trace', image);
  assert.equal(code, 0);
  const golden = readFileSync(join(root, 'test', 'first-light.trace'), 'utf8').split('\n');
  assert.deepEqual(output.split('\n').slice(0, golden.length - 1), golden.slice(0, -1));
  for (const line of output.trimEnd().split('\n')) {
    assert.match(
      line,
      /^ *\d+ PE0 EL[0-3]->EL[0-3] (ERET|IRQ|\w+ esr=0x[0-9a-f]{8}).* pc=0x[0-9a-f]{16} to=0x[0-9a-f]{16}$/,
    );
  }
});

test('the device tree is written, and taken again', () => {
  const tree = join(folder, 'board.dtb');
  hyperstep('run', image, '--append', 'quiet splash', '--dump-dtb', tree);
  const blob = readFileSync(tree);
  assert.equal(blob.readUInt32BE(0), 0xd00dfeed);
  assert.ok(blob.includes('quiet splash'));
  assert.equal(hyperstep('run', image, '--dtb', tree).code, 0);
});

test('the session without an editor shows the sample to its end, and ends itself', () => {
  const script = join(root, 'scripts/headless-session.mjs');
  // It used to wait another minute for an event that had come.
  const { status, stdout } = spawnSync(process.execPath, [script, image], { encoding: 'utf8', timeout: 50_000 });
  assert.equal(status, 0, stdout);
  assert.match(stdout, /Stopped: .*\n(.*\n)*.*LR0 0x[0-9a-f]+: pending/);
  assert.match(stdout, /The machine is off\.\n$/);
});

test('help lists the commands', () => {
  for (const args of [['help'], ['--help'], ['run', '--help']]) {
    const { code, output } = hyperstep(...args);
    assert.equal(code, 0);
    for (const command of ['run', 'trace', 'dap', 'bench']) assert.match(output, new RegExp(`hyperstep ${command}`));
  }
  assert.equal(hyperstep().code, 2);
});

test('bad arguments and files give one sentence and end with 2', () => {
  const elf = readFileSync(image);
  const changed = (name: string, at: number, value: number) => {
    const copy = Uint8Array.from(elf);
    copy[at] = value;
    return file(name, copy);
  };
  const large = join(folder, 'large');
  closeSync(openSync(large, 'w'));
  truncateSync(large, 300 << 20);
  const cases: readonly [args: string[], says: RegExp][] = [
    [['run'], /image/],
    [['run', image, image], /One image/],
    [['run', 'no-such-file'], /no such file/],
    [['run', folder], /is a directory/],
    [['run', file('empty', '')], /is empty/],
    [['run', file('header.elf', elf.subarray(0, 40))], /truncated/],
    [['run', file('program-headers.elf', elf.subarray(0, 100))], /truncated/],
    [['run', file('segments.elf', elf.subarray(0, 20_000))], /truncated/],
    [['run', changed('x86.elf', 18, 0x3e)], /x86-64/],
    [['run', changed('32.elf', 4, 1)], /32-bit/],
    [['run', changed('big.elf', 5, 2)], /big-endian/],
    [['run', image, '--initrd', large, '--memory', '128M'], /memory/],
    [['run', image, '--initrd', 'no-such-file'], /initrd/],
    [['run', image, '--dtb', file('short.dtb', 'x')], /device tree/],
    [['run', image, '--dtb', file('magic.dtb', new Uint8Array(64))], /magic/],
    [['run', image, '--disk', 'no-such-file'], /disk image/],
    [['run', image, '--disk', file('cut.img', new Uint8Array(1000))], /truncated or no disk image/],
    [['run', image, '--disk', file('nothing.img', '')], /truncated or no disk image/],
    [['run', image, '--variables', file('large.fd', new Uint8Array(65 << 20))], /the variables/],
    [['run', image, '--features', '+nothing'], /There is no feature "nothing"/],
    [['run', image, '--features', 'vhe'], /sign/],
    [['run', image, '--features', '-el2'], /EL2/],
    [['run', image, '--features', '+gicv3', '--gic', '2'], /GICv2/],
    [['run', image, '--cpu', 'z80'], /There is no PE model "z80"/],
    [['run', image, '--gic', '4'], /2 or 3/],
    [['run', image, '--el', '0'], /1 or 2 or 3/],
    ...['0', '-1', '1T', 'much', '', '4G', '99999G', '1K'].map((size): [string[], RegExp] => [
      ['run', image, '--memory', size],
      /memory/,
    ]),
    ...['0', '1000', '1.5', 'two', '-1'].map((pes): [string[], RegExp] => [['run', image, '--pes', pes], /--pes/]),
    ...['0', 'x', '1.5'].map((n): [string[], RegExp] => [
      ['run', image, '--max-instructions', n],
      /--max-instructions/,
    ]),
    ...['0', '-1', '1h'].map((n): [string[], RegExp] => [['run', image, '--timeout', n], /--timeout/]),
    [['run', image, '--json', join(folder, 'no', 'such')], /no such folder/],
    [['run', image, '--dump-dtb', folder], /is a directory/],
    [['run', image, '--bogus'], /--bogus/],
    [['trace'], /image/],
    [['dap', '--port', 'x'], /--port/],
    [['bench', '--bogus'], /--bogus/],
    [['dance'], /There is no command "dance"/],
  ];
  for (const [args, says] of cases) {
    const { code, output, errors } = hyperstep(...args);
    assert.equal(code, 2, `${args.join(' ')}: ${errors}`);
    assert.equal(output, '', args.join(' '));
    assert.match(errors, says, args.join(' '));
    assert.match(errors, /^[^\n]+[.?]\n$/, `${args.join(' ')}: one sentence on one line`);
  }
});

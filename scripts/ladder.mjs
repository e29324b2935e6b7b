// Climbs the ladder of real software: boots each rung's image in the machine and in QEMU, one after the other, and
// prints how far it came and how long it took.
//
//   npm run ladder                      all rungs
//   npm run ladder -- NAME...           these
//   npm run ladder -- --list            what there is
//   npm run ladder -- --twice           each twice in the machine: instructions and console have to be the same
//   npm run ladder -- --json FILE       also writes the rows there
//   npm run ladder -- --no-qemu         the machine alone
//   npm run ladder -- --qemu PROGRAM    another QEMU than the one in the path, or `backports` for that of the suite's
//                                       backports, which is taken into `.cache/`
//
// Exit code 1 when a rung fails in the machine. Consoles are kept in `.cache/ladder/`.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { imagePath, takeImages } from './images.mjs';
import { RUNGS } from './ladder-rungs.mjs';
import { takeQemu } from './qemu.mjs';
import { isMain, root } from './setup.mjs';

const folder = join(root, '.cache', 'ladder');

/** An image of this repository, or one that images.mjs takes. */
function fileOf(image) {
  return image.includes('/') ? join(root, image) : imagePath(image);
}

const sources = ['--import', 'tsx', join(root, 'debug-adapter/bin.ts')];

export const DEFAULTS = {
  cpu: 'max',
  gic: 3,
  pes: 1,
  memory: '1G',
  el: 2,
  append: 'console=ttyAMA0 quiet',
  steps: [],
  disks: [],
};

/** `program` and its `first` arguments run the command line: from the sources when left out. */
export function machineCommand(rung, report, program = process.execPath, first = sources) {
  const args = ['run', fileOf(rung.image), '--cpu', rung.cpu, '--gic', rung.gic, '--pes', rung.pes];
  args.push('--memory', rung.memory, '--el', rung.el, '--timeout', rung.limit, '--json', report);
  if (rung.initrd) args.push('--initrd', fileOf(rung.initrd), '--append', rung.append);
  if (rung.guestKernel) args.push('--guest-kernel', fileOf(rung.guestKernel), '--guest-append', rung.guestAppend);
  for (const disk of rung.disks) args.push('--disk', fileOf(disk));
  if (rung.network) args.push('--network');
  if (rung.virtioConsole) args.push('--virtio-console');
  for (const step of rung.steps) {
    if (step.expect) args.push('--expect', step.expect);
    else args.push('--send', step.send);
  }
  return [program, [...first, ...args.map(String)]];
}

/** Where QEMU puts the kernel of a hypervisor's first guest: away from everything else. */
const GUEST_ADDRESS = 0x70000000;

export function qemuCommand(rung, program) {
  const virtualization = rung.el === 2 ? 'on' : 'off';
  const args = ['-M', `virt,virtualization=${virtualization},gic-version=${rung.gic}`, '-cpu', rung.cpu];
  args.push('-smp', rung.pes, '-m', rung.memory, '-display', 'none', '-nodefaults', '-no-reboot');
  if (rung.virtioConsole) {
    // One terminal for both, as in the machine.
    args.push('-chardev', 'stdio,id=console,mux=on', '-serial', 'chardev:console');
    args.push('-device', 'virtio-serial-device', '-device', 'virtconsole,chardev=console');
  } else args.push('-serial', 'stdio');
  for (const [index, disk] of rung.disks.entries()) {
    args.push('-drive', `if=none,id=disk${index},format=raw,snapshot=on,file=${fileOf(disk)}`);
    args.push('-device', `virtio-blk-device,drive=disk${index}`);
  }
  if (rung.network) args.push('-netdev', 'user,id=network', '-device', 'virtio-net-device,netdev=network');
  args.push(rung.firmware ? '-bios' : '-kernel', fileOf(rung.image));
  if (rung.initrd) args.push('-initrd', fileOf(rung.initrd), '-append', rung.append);
  if (rung.guestKernel) {
    // In QEMU's options a comma is doubled.
    const value = text => text.replaceAll(',', ',,');
    const [kernel, bootargs] = [value(fileOf(rung.guestKernel)), value(rung.guestAppend)];
    args.push('-device', `guest-loader,addr=${GUEST_ADDRESS},kernel=${kernel},bootargs=${bootargs}`);
  }
  return [program, args.map(String)];
}

/**
 * Runs a program until it ends, until the last step of a script has happened, or to the time limit. `script` is left out
 * for the machine, which follows it by itself.
 */
export function watch([program, args], { limit, script = [] }) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const steps = [...script];
    const child = spawn(program, args, { cwd: root, stdio: ['pipe', 'pipe', 'pipe'] });
    let console = '';
    let errors = '';
    let seen = 0;
    let stopped;
    const stop = why => {
      stopped ??= why;
      child.kill('SIGKILL');
    };
    const advance = () => {
      while (steps.length > 0) {
        if (steps[0].expect) {
          const at = console.indexOf(steps[0].expect, seen);
          if (at < 0) return;
          seen = at + steps[0].expect.length;
        } else {
          child.stdin.write(`${steps[0].send}\r`);
        }
        steps.shift();
        if (steps.length === 0) stop('script');
      }
    };
    const timer = setTimeout(() => stop('limit'), limit * 1000);
    child.stdin.on('error', () => {});
    child.stdout.setEncoding('latin1').on('data', text => {
      console += text;
      advance();
    });
    child.stderr.setEncoding('utf8').on('data', text => {
      errors += text;
    });
    child.on('error', error => reject(new Error(`${program} cannot be started: ${error.message}.`)));
    child.on('close', code => {
      clearTimeout(timer);
      const seconds = (performance.now() - started) / 1000;
      resolve({ seconds, console, errors, code: stopped ? undefined : code, stopped, left: steps });
    });
  });
}

/** Why a run is no success, in a few words; undefined when it is one. */
export function failure(rung, { console, code, stopped, left, errors }) {
  if (stopped === 'limit') return `no end in ${rung.limit} s`;
  if (stopped !== 'script' && code !== 0) return errors.trim().split('\n').at(-1) || `exit code ${code}`;
  if (left.length > 0) return `no "${left[0].expect ?? left[0].send}"`;
  const missing = (rung.says ?? []).find(text => !console.includes(text));
  return missing === undefined ? undefined : `the console has no "${missing}"`;
}

async function inMachine(rung) {
  const report = join(folder, `${rung.name}.json`);
  rmSync(report, { force: true });
  // The machine looks at its own limit; starting and writing the report come on top.
  const outcome = await watch(machineCommand(rung, report), { limit: rung.limit + 30 });
  writeFileSync(join(folder, `${rung.name}.txt`), outcome.console, 'latin1');
  const { instructions, wallSeconds, mips, peakMemoryBytes } = existsSync(report)
    ? JSON.parse(readFileSync(report, 'utf8'))
    : {};
  return {
    instructions,
    seconds: wallSeconds,
    mips,
    peakMemoryBytes,
    console: createHash('sha256').update(outcome.console).digest('hex'),
    failure: failure(rung, outcome),
  };
}

async function climb(row, options) {
  const rung = { ...DEFAULTS, ...row };
  takeImages([rung.image, rung.initrd, rung.guestKernel, ...rung.disks].filter(image => image && !image.includes('/')));
  const machine = await inMachine(rung);
  if (options.twice && !machine.failure) {
    const again = await inMachine(rung);
    if (again.instructions !== machine.instructions) machine.failure = 'a second run took other instructions';
    else if (again.console !== machine.console) machine.failure = 'a second run had another console';
  }
  const result = { name: rung.name, milestone: rung.milestone, ...machine };
  if (options.qemu) {
    const outcome = await watch(qemuCommand(rung, options.qemu), { limit: rung.limit, script: rung.steps });
    writeFileSync(join(folder, `${rung.name}.qemu.txt`), outcome.console, 'latin1');
    result.qemu = { seconds: outcome.seconds, failure: failure(rung, outcome) };
  }
  return result;
}

const COLUMNS = [
  ['rung', 26, row => row.name],
  ['milestone', 49, row => row.failure ?? row.milestone],
  ['', 7, row => (row.failure ? 'FAILED' : 'ok')],
  ['10^6 instr.', -12, row => (row.instructions ? (row.instructions / 1e6).toFixed(0) : '-')],
  ['s', -8, row => row.seconds?.toFixed(1) ?? '-'],
  ['MIPS', -7, row => row.mips?.toFixed(0) ?? '-'],
  ['MiB', -7, row => (row.peakMemoryBytes ? (row.peakMemoryBytes / 2 ** 20).toFixed(0) : '-')],
  ['QEMU s', -8, row => (row.qemu ? (row.qemu.failure ?? row.qemu.seconds.toFixed(1)) : '-')],
];

function line(cells) {
  return COLUMNS.map(([, width], index) =>
    width < 0 ? cells[index].padStart(-width) : cells[index].slice(0, width).padEnd(width + 1),
  ).join('');
}

async function main(argv) {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      list: { type: 'boolean' },
      twice: { type: 'boolean' },
      json: { type: 'string' },
      'no-qemu': { type: 'boolean' },
      qemu: { type: 'string' },
    },
  });
  if (values.list) {
    for (const { name, milestone } of RUNGS) console.log(`${name.padEnd(27)}${milestone}`);
    return;
  }
  const unknown = positionals.find(name => !RUNGS.some(row => row.name === name));
  if (unknown) throw new Error(`There is no rung ${unknown}: --list tells which there are.`);
  const rungs = positionals.length > 0 ? RUNGS.filter(row => positionals.includes(row.name)) : RUNGS;
  const named = values.qemu === 'backports' ? takeQemu() : values.qemu;
  const qemu = values['no-qemu'] ? undefined : (named ?? 'qemu-system-aarch64');
  mkdirSync(folder, { recursive: true });
  console.log(line(COLUMNS.map(([title]) => title)));
  const results = [];
  for (const rung of rungs) {
    const result = await climb(rung, { twice: values.twice, qemu });
    results.push(result);
    console.log(line(COLUMNS.map(([, , cell]) => cell(result))));
    if (values.json) writeFileSync(values.json, `${JSON.stringify(results, null, 1)}\n`);
  }
  const failed = results.filter(result => result.failure).length;
  console.log(failed === 0 ? `All ${results.length} rungs reached.` : `${failed} of ${results.length} rungs failed.`);
  process.exitCode = failed === 0 ? 0 : 1;
}

if (isMain(import.meta.url)) {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    console.error(`ladder: ${error.message}`);
    process.exitCode = 2;
  }
}

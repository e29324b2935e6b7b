// Measures the engine against QEMU, alternating in one run: the workloads of `hyperstep bench`, and boots of real systems
// from the start of the process to its end. Writes docs/performance.json and docs/performance.md. Takes some twenty minutes
// on a computer that does nothing else, and never more than thirty-five: what is not reached by then stays empty.
//
//   npm run performance                     Node 24 and 26, QEMU of this Debian and of its backports
//   npm run performance -- --node 26        only this one; `--node own` for the Node that runs the script
//   npm run performance -- --qemu P[,P]     these QEMUs
//   npm run performance -- --rows R[,R]     these rows anew, the others as they were: `workloads`, `compiling`, systems
//   npm run performance -- --render         writes docs/performance.md again from docs/performance.json

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { imagePath, takeImages, USERSPACE_LINE } from './images.mjs';
import { DEFAULTS, failure, machineCommand, qemuCommand, watch } from './ladder.mjs';
import { RUNGS } from './ladder-rungs.mjs';
import { NODES, takeNode } from './nodes.mjs';
import { takeQemu } from './qemu.mjs';
import { build, fail, isMain, root, run } from './setup.mjs';

const folder = join(root, '.cache', 'performance');
const dataFile = join(root, 'docs', 'performance.json');
const pageFile = join(root, 'docs', 'performance.md');
const program = join(root, 'dist', 'hyperstep.mjs');

/**
 * Systems, how often each is booted, the oldest QEMU that can, and what differs from the rung, which is that of the same
 * name if none is named. `patience`: QEMU may take as many times as long as the slowest of ours, and is stopped then.
 */
const SYSTEMS = [
  { name: 'linux-6.1', times: 2 },
  { name: 'kvm-6.1', times: 2 },
  { name: 'linux-7.3', times: 1 },
  {
    name: 'nested-7.3-hypervisor',
    times: 1,
    oldestQemu: 9,
    of: 'nested-7.3',
    rung: {
      milestone: 'the init of the guest hypervisor runs',
      append: 'console=ttyAMA0 quiet kvm-arm.mode=nested VMM="--el2 --memory 512"',
      steps: [{ expect: USERSPACE_LINE }, { expect: USERSPACE_LINE }],
      says: undefined,
    },
  },
  { name: 'nested-7.3', times: 1, oldestQemu: 9, patience: 8 },
];
/** The row of all that `hyperstep bench` measures. */
const WORKLOADS = 'workloads';
/** The row of what it takes to compile, and the rung that is booted for it. */
const COMPILING = 'compiling';
const COMPILING_RUNG = 'linux-6.1';
/** Nobody waits longer for a boot. */
const LIMIT_SECONDS = 240;
/** But for a QEMU that patience is had with. */
const MOST_PATIENT_SECONDS = 10 * 60;
/** After so long none is begun that may take as long. */
const BUDGET_SECONDS = 25 * 60;
/** With an algorithm of its own for pointer authentication, as the machine has one: QARMA5 would cost QEMU much. */
const QEMU_CPU = 'max,pauth-impdef=on';

const median = values => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** What `hyperstep bench` reports under a Node. */
function benchUnder(node, qemus) {
  const report = join(folder, 'bench.json');
  rmSync(report, { force: true });
  const options = ['--against', 'qemu', '--qemu', qemus.join(','), '--scale', '1', '--repeats', '3', '--json', report];
  run(node, [program, 'bench', ...options]);
  return JSON.parse(readFileSync(report, 'utf8'));
}

/** What `hyperstep bench --compiling` reports under a Node. */
function compilingUnder(node) {
  const report = join(folder, 'compiling.json');
  rmSync(report, { force: true });
  const { image, initrd, append, memory } = { ...DEFAULTS, ...RUNGS.find(({ name }) => name === COMPILING_RUNG) };
  takeImages([image, initrd]);
  const machine = ['--initrd', imagePath(initrd), '--append', append, '--memory', memory, '--json', report];
  run(node, [program, 'bench', '--compiling', imagePath(image), ...machine]);
  return JSON.parse(readFileSync(report, 'utf8'));
}

/**
 * Seconds of a process that has to succeed; undefined, with a line, when it does not. With `patience` the limit is no
 * failure: {over: seconds}.
 */
async function timed(rung, command, { script, limit = LIMIT_SECONDS, patience = false } = {}) {
  const outcome = await watch(command, { limit, script });
  if (patience && outcome.stopped === 'limit') return { over: limit };
  const why = failure({ ...rung, limit }, outcome);
  if (why) console.log(`  ${command[0]} on ${rung.name}: ${why}.`);
  return why ? undefined : outcome.seconds;
}

/** Median of times, of which some may be {over: seconds}; null without any. */
function medianTime(times) {
  if (!times.length) return null;
  const seconds = median(times.map(time => time.over ?? time));
  return times.some(time => time.over) ? { over: seconds } : seconds;
}

const majorOf = version => Number(/version (\d+)/.exec(version)?.[1]);

/** `hasTime` is asked before each contender; what it refuses stays out. */
async function measureBoot(system, nodes, qemus, hasTime) {
  const { name, times, oldestQemu = 0, of = name, patience, rung: differing } = system;
  const row = RUNGS.find(candidate => candidate.name === of);
  const rung = { ...DEFAULTS, ...row, ...differing };
  takeImages([rung.image, rung.initrd].filter(image => image && !image.includes('/')));
  const report = join(folder, `${name}.json`);
  const contenders = [
    ...nodes.map(node => () => timed(rung, machineCommand(rung, report, node, [program]))),
    ...qemus.map(({ path, version }) => async () => {
      if (majorOf(version) < oldestQemu) return undefined;
      const command = qemuCommand({ ...rung, cpu: QEMU_CPU }, path);
      if (!patience) return timed(rung, command, { script: rung.steps });
      const ours = seconds.slice(0, nodes.length).flat();
      if (!ours.length) return undefined;
      const limit = Math.min(MOST_PATIENT_SECONDS, Math.ceil(patience * Math.max(...ours)));
      return timed(rung, command, { script: rung.steps, limit, patience: true });
    }),
  ];
  const seconds = contenders.map(() => []);
  for (let round = 0; round < times; round++) {
    for (const [index, contender] of contenders.entries()) {
      if (!hasTime()) continue;
      const taken = await contender();
      if (taken !== undefined) seconds[index].push(taken);
    }
  }
  const medians = seconds.map(medianTime);
  const { instructions } = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {};
  const result = {
    name,
    milestone: rung.milestone,
    instructions,
    ours: medians.slice(0, nodes.length),
    qemu: medians.slice(nodes.length),
  };
  console.log(
    `${name.padEnd(22)} ${medians.map(value => (value === null ? '-' : `${secondsText(value)} s`).padStart(9)).join('')}`,
  );
  return result;
}

// --- The page ---------------------------------------------------------------------------------------------------------

/** What was measured and is not there, so that nobody has to try again. */
const DID_NOT_HELP = [
  'Tail calls from handler to handler in place of one `br_table`: a quarter of the speed. Every call writes the registers of the interpreter back.',
  'All that fits in the main function of the interpreter: V8 works ten times as long on a function of three times the size, and until it has done so an interpreter runs that is ten times slower. Handlers that make up 98 % of what boots interpret are in it, the others are functions.',
  'Counting branches of the interpreter only where they go back or to a function: the table of counters was accessed half as often, and 4 % more of a Linux boot interpreted.',
  'One function for each basic block: half the speed of regions, since guest registers live in memory between blocks.',
  'Compiling soon. Of what runs a few hundred times while Linux boots little runs much longer, and V8 needs milliseconds for a region: a threshold of 500 branches in place of 4000 compiled three times as many instructions, took the share that runs compiled from 90 to 96 %, and made the boot slower all the same. Since emitting takes half the time, thresholds of 2000 and 1000 still cost 3 and 19 % of the time of a boot.',
  'Calling the core from inside of a loop when the TLB misses: V8 keeps no register over a call, so every loop with a load or a store was slower. A region is left instead, and entered again after it.',
  'A load between that of a TLB tag and its compare, or another compare, so that V8 does not read the tag twice: it does so all the same. Once the tag was used on the rare path, too, V8 read it once, and nine loops ran 1.5 % faster in the middle, within the noise.',
  'Wide arithmetic (`i64.mul_wide_u`) for UMULH: neither Node 24 nor Node 26 knows it. Adding the carries of its four products in another order: nothing.',
  'WebAssembly exceptions for precise faults: 100 ns each. Regions share one exit.',
  'The last page of more bases than two in locals, to be asked before the TLB: two made `branches` a tenth faster, six made `fp` and `memory` a tenth slower than none, since V8 has no registers left.',
  'Kind and operands of the lazy flags in locals over joins of control flow: three values that V8 moves at each join. In memory, and only where somebody may ask, `branches` was a twentieth faster.',
  'A function of its own for the way from region to region, apart from the main function of the interpreter: an exception and its return took 75 ns in both.',
  'A tail call from region to region, which looks the next one up by itself and leaves the flags lazy: from one region to another took 9 ns in both (Node 24), and a boot of Linux, which does so 8.3 million times, 0.7 % less in the median of paired slices, within the noise. More of it is what loads and writes back the general registers: all of that done twice, the boot took 4 % longer.',
  'Finding a region each time that another place of its page is hot. It is found once, when its batch is compiled.',
  'Larger regions: with 1000 instructions and 8 pages in place of 300 and 4, a boot of Linux enters 8.2 in place of 8.6 million times. Calls go farther than that.',
  'Having V8 optimise sooner (`--wasm-tiering-budget`, a tenth and a hundredth of what it is): the same time. Less than 5 % of a boot runs in code that is not optimised.',
  'Compiling regions without peeling of loops, or without unrolling them (`--no-wasm-loop-peeling`, `--no-wasm-loop-unrolling`): five loops ran 1 % slower and the same in the middle, on Node 24 and 26.',
  "V8's cache of compiled JavaScript for the program itself: to start takes as long. Compiling its functions at once (`--always-sparkplug`) or with feedback from the first call on (`--no-lazy-feedback-allocation`): 12 and 8 % more of a boot's main thread. A larger young generation, or a collector without threads: the same.",
  'Adding each exception up where it is logged, or windows of the log that stay in the first-level cache: 17 ns an event in place of 15, and 23 with windows of 512 events.',
  'A page of a snapshot as an array buffer of its own: 6 µs, since it is zeroed first. Pages in a WebAssembly memory that grows: V8 is told the whole size at each growth, and marked its heap twice a second, a fifth of a run that writes to many pages. In large buffers a page costs its copy.',
  'Writing what exceptions interrupt, and events of the log, at addresses whose low 12 bits are those of registers that are read next: the processor takes the load for the store, and one load was 41 % of what an event cost.',
];

const secondsText = value => (value === null ? '-' : value.over ? `> ${value.over.toFixed(0)}` : value.toFixed(1));
/**
 * Where the main thread spends a boot of linux-6.1 and of kvm-6.1, in percent: samples of `node --cpu-prof` on a bundle of
 * `build.mjs --dev` whose WebAssembly functions were given names, by what is on the stack. Not measured by this script.
 */
const BOOT_SHARES = [
  ['the interpreter', 20, 25],
  ['compiled code, with the way from region to region', 19, 29],
  ['compiling: finding and emitting regions, and V8 with a tenth of it', 18, 13],
  ['decoding words for the first time', 12, 7],
  ['table walks, and accesses that the TLB does not answer', 5, 4],
  ['system registers and exceptions, with what the host does for them', 4, 5],
  ['pointer authentication, 16 and 36 million codes', 4, 5],
  ['turns of the machine, timers', 4, 4],
  ['flags that somebody asks for, or that a region leaves', 3, 2],
  ['garbage collection', 3, 2],
  ['start: Node, the program, tables of the architecture, the machine and its image', 9, 4],
];

const ratio = (ours, theirs) => {
  if (!ours || !theirs) return '-';
  return theirs.over ? `> ${(theirs.over / ours).toFixed(1)}` : (theirs / ours).toFixed(2);
};
const table = (head, rows) =>
  [head, head.map((_, index) => (index ? '--:' : '---')), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n');
const mean = values => Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length).toFixed(2);

/** Of the chapter about compiling. */
function compilingText(compiling) {
  if (!compiling) return 'Not measured.';
  const thousands = (compiling[0].runs[0].instructions / 1000).toFixed(0);
  const columns = compiling.flatMap(({ node }) => ['first', 'warm'].map(run => `Node ${node.split('.')[0]}, ${run}`));
  return `A boot of Linux (\`${COMPILING_RUNG}\`) compiles ${thousands} thousand instructions of the guest while it runs: microseconds of the main thread for each, in the first boot of a process and in the last of some. \`hyperstep bench --compiling\` measures any image.

${table(['stage', ...columns], compilingRows(compiling))}`;
}

/** Stages of compiling as rows: the first run of a process, and the last. */
function compilingRows(compiling) {
  const columns = compiling.flatMap(({ runs }) => [runs[0], runs[runs.length - 1]]);
  const stage = (title, ...names) => [
    title,
    ...columns.map(({ stages }) => names.reduce((sum, name) => sum + stages[name], 0).toFixed(1)),
  ];
  return [
    stage('finding regions', 'discover'),
    stage('their control flow', 'structure'),
    stage('emission', 'emit', 'build'),
    stage('all of the emitter', 'discover', 'structure', 'emit', 'build'),
    stage("V8's translation", 'translate'),
    stage('installation', 'install'),
    ['longest hold, ms', ...columns.map(({ longest }) => longest.toFixed(1))],
  ];
}

export function page({ computer, date, benches, compiling, boots }) {
  const qemus = benches[0].qemu.map(version => /version ([\d.]+)/.exec(version)?.[1] ?? version);
  const nodes = benches.map(({ node }) => node.split('.')[0]);
  const pairs = nodes.flatMap((node, n) => qemus.map((qemu, q) => ({ n, q, title: `Node ${node} / QEMU ${qemu}` })));
  const rowsOf = isOperation =>
    benches[0].results.filter(result => (result.nanoseconds !== undefined) === isOperation).map(({ name }) => name);
  const of = (n, name) => benches[n].results.find(result => result.name === name);
  const loops = rowsOf(false).map(name => [
    name,
    ...nodes.map((_, n) => of(n, name).mips.toFixed(0)),
    ...pairs.map(({ n, q }) => of(n, name).qemu[q].ratio.toFixed(2)),
  ]);
  loops.push([
    'geometric mean',
    ...nodes.map(() => ''),
    ...pairs.map(({ n, q }) => mean(rowsOf(false).map(name => of(n, name).qemu[q].ratio))),
  ]);
  const operations = rowsOf(true).map(name => [
    name,
    ...nodes.map((_, n) => of(n, name).nanoseconds.toFixed(0)),
    ...qemus.map((_, q) => of(0, name).qemu[q]?.nanoseconds.toFixed(0) ?? '-'),
  ]);
  const systems = boots.map(({ name, milestone, instructions, ours, qemu }) => [
    `${name}: ${milestone}`,
    instructions ? (instructions / 1e6).toFixed(0) : '-',
    ...ours.map(secondsText),
    ...qemu.map(secondsText),
    ...pairs.map(({ n, q }) => ratio(ours[n], qemu[q])),
  ]);
  const software = [...benches.map(({ node, v8 }) => `Node ${node} (V8 ${v8})`), ...benches[0].qemu];
  return `<!-- Written by scripts/performance.mjs from performance.json. -->
# Speed

How fast the engine is beside QEMU's, which translates to the computer's own instructions. Measured ${date} on ${computer}: ${software.join('; ')}. All runs alternate; figures are medians. A ratio is our speed divided by QEMU's.

\`npm run performance\` measures again. What the workloads do is in [simulator/bench](../simulator/bench/README.md).

## Loops

Programs in C, about 10^9 instructions each, MIPS and ratios. Checksums have to be the same.

${table(['workload', ...nodes.map(node => `Node ${node}`), ...pairs.map(({ title }) => title)], loops)}

V8 takes hints which branches are rare: by default from Node 26 on, before by a flag that the engine sets.

## Single operations

Nanoseconds in a run of two seconds, the loop around them included: an exception from EL0 to EL1 and its return (\`svc\`), from EL1 to EL2 and back, which is another translation regime (\`hvc\`), a world switch of 32 registers with its hypercall and return (\`switch\`), an exit of a nested guest to its hypervisor and back, two world switches and two traps of FEAT_NV2 (\`nested\`), a write and a read of a register of EL2 that FEAT_NV2 makes accesses to memory (\`nv2\`), TLB maintenance by VMID with a translation after it (\`tlbi\`), and a load from a device (\`mmio\`).

${table(['operation', ...nodes.map(node => `Node ${node}`), ...qemus.map(qemu => `QEMU ${qemu}`)], operations)}

## Compiling

${compilingText(compiling)}

## Systems

Unmodified kernels of Debian, from the start of the process to its end in seconds; 10^6 instructions. QEMU runs with \`-cpu ${QEMU_CPU}\`. One that has not come to the end after some times of what the slowest of ours takes is stopped then: \`>\`.

${
  systems.length
    ? table(
        [
          'system',
          'instructions',
          ...nodes.map(node => `Node ${node}`),
          ...qemus.map(qemu => `QEMU ${qemu}`),
          ...pairs.map(({ title }) => title),
        ],
        systems,
      )
    : 'Not measured.'
}

## Where a boot's time goes

Percent of the main thread on Node 24, from one profile each that was taken by hand while other programs ran: the order counts. V8 optimises on threads of its own, which take a third as long again. A boot of linux-6.1 enters 8 million regions of 27 thousand instructions, decodes 300 thousand words on 1600 pages, makes 0.1 million walks and 51 thousand page faults of the computer, and takes 2400 exceptions; kvm-6.1 enters 19 million, decodes 620 thousand, makes 0.4 million walks and takes 26 thousand exceptions.

${table(
  ['what', 'linux-6.1', 'kvm-6.1'],
  BOOT_SHARES.map(([what, linux, kvm]) => [what, linux, kvm]),
)}

## What was tried and did not help

${DID_NOT_HELP.map(text => `- ${text}`).join('\n')}
`;
}

// --- The run ----------------------------------------------------------------------------------------------------------

/** What was measured before, when it was with the same programs; throws a sentence otherwise. */
function formerData(nodes, paths) {
  const former = existsSync(dataFile) ? JSON.parse(readFileSync(dataFile, 'utf8')) : undefined;
  const nodeVersions = nodes.map(node => readVersion(node, 'process.versions.node'));
  const qemuVersions = paths.map(path => execFileSync(path, ['--version'], { encoding: 'utf8' }).split('\n')[0]);
  const same =
    former?.benches.map(({ node }) => node).join() === nodeVersions.join() &&
    former.benches[0].qemu.join() === qemuVersions.join();
  if (!same)
    throw new Error(
      'The other rows were measured with other versions of Node or QEMU: leave --rows out to measure all.',
    );
  return former;
}

const readVersion = (node, expression) => execFileSync(node, ['-p', expression], { encoding: 'utf8' }).trim();

/** The rows to measure, in the order of the page. */
function rowsOf(text) {
  const known = [WORKLOADS, COMPILING, ...SYSTEMS.map(({ name }) => name)];
  const wanted = text?.split(',') ?? known;
  const unknown = wanted.find(name => !known.includes(name));
  if (unknown !== undefined) throw new Error(`There is no row ${unknown}; there are ${known.join(', ')}.`);
  return new Set(wanted);
}

async function main(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      node: { type: 'string' },
      qemu: { type: 'string' },
      rows: { type: 'string' },
      render: { type: 'boolean' },
    },
  });
  if (values.render) {
    writeFileSync(pageFile, page(JSON.parse(readFileSync(dataFile, 'utf8'))));
    return;
  }
  const rows = rowsOf(values.rows);
  const wanted = values.node?.split(',') ?? Object.keys(NODES);
  const nodes = wanted.map(major => (major === 'own' ? process.execPath : takeNode(major)));
  const paths = values.qemu?.split(',') ?? ['qemu-system-aarch64', takeQemu()];
  const former = values.rows === undefined ? undefined : formerData(nodes, paths);
  const started = performance.now();
  const hasTime = () => performance.now() - started < BUDGET_SECONDS * 1000;
  build();
  mkdirSync(folder, { recursive: true });
  const benches = rows.has(WORKLOADS) ? nodes.map(node => benchUnder(node, paths)) : former.benches;
  const qemus = benches[0].qemu.map((version, index) => ({ path: paths[index], version }));
  const compiling = rows.has(COMPILING) ? nodes.map(compilingUnder) : former.compiling;
  const boots = [];
  for (const system of SYSTEMS) {
    const known = former?.boots.find(({ name }) => name === system.name);
    if (rows.has(system.name)) boots.push(await measureBoot(system, nodes, qemus, hasTime));
    else if (known) boots.push(known);
  }
  const data = {
    computer: cpus()[0].model.trim(),
    date: new Date().toISOString().slice(0, 10),
    benches,
    compiling,
    boots,
  };
  writeFileSync(dataFile, JSON.stringify(data));
  writeFileSync(pageFile, page(data));
  run(join(root, 'node_modules/.bin/biome'), ['format', '--write', dataFile]);
  console.log('Written: docs/performance.json and docs/performance.md.');
}

if (isMain(import.meta.url)) {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    fail(error);
  }
}

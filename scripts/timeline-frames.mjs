// Measures the timeline of exception levels at a million events: scrolls and zooms the real page in Chromium and counts
// frames. The page asks a log in this process, with a delay as the way to the adapter has.
//
//   node --import tsx scripts/timeline-frames.mjs [EVENTS] [SECONDS]
//
// Prints for each movement the frames a second, the pauses between them, the processor time that the window needs for one
// (which is what counts on a busy computer), and how long the log took.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { chromium } from 'playwright-core';
import { OBSERVE } from '../debug-adapter/requests/observe.ts';
import { timelinePage } from '../extension/webviews/pages.ts';
import { ExceptionLog } from '../simulator/observe/exception-log.ts';

const events = Number(process.argv[2] ?? 1_000_000);
const seconds = Number(process.argv[3] ?? 3);
const PES = 2;
/** Milliseconds of the way to the adapter and back. */
const DELAY = 5;

// --- A run of a hypervisor: bursts of exits of several kinds, the host between them -------------------------------------

const now = { instructions: 0, cycles: 0 };
const log = new ExceptionLog({ pes: PES, levelOf: () => 2, now: () => ({ ...now }) });
const KINDS = [
  [0, 0x16 << 26], // HVC
  [0, 0x24 << 26], // stage-2 data abort
  [0, 0x18 << 26], // system register
  [0, 0x01 << 26], // WFI
  [1, 0], // IRQ
];
let random = 1;
const draw = most => {
  random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
  return random % most;
};
for (let made = 0; made < events; made += 2) {
  const pe = draw(PES);
  const [kind, syndrome] = KINDS[draw(KINDS.length)];
  now.instructions += draw(100) === 0 ? draw(200_000) : 200 + draw(1500);
  now.cycles = now.instructions * 1.4;
  log.add(pe, now.instructions, now.cycles, kind, 1, 2, syndrome >>> 0, true, 1);
  now.instructions += 100 + draw(600);
  now.cycles = now.instructions * 1.4;
  log.add(pe, now.instructions, now.cycles, 4, 2, 1, 0, true, 1);
}

const session = {
  machine: {
    target: { exceptionLog: log, instructions: now.instructions },
    focusedPe: { index: 0 },
    peOfThread: id => ({ index: id - 1 }),
  },
};
let asked = 0;
let spent = 0;
let longest = 0;
function answer(request, args) {
  const started = performance.now();
  const body = OBSERVE[request].handle(session, args);
  const took = performance.now() - started;
  asked++;
  spent += took;
  longest = Math.max(longest, took);
  return body;
}

// --- The page -----------------------------------------------------------------------------------------------------------

/** Seconds of processor time, of this process and its children, that the window used. */
function processorTime() {
  const processes = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => {
      try {
        const text = readFileSync(`/proc/${name}/stat`, 'utf8');
        const [, parent, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ');
        return [{ pid: Number(name), parent: Number(parent), ticks: Number(rest[9]) + Number(rest[10]) }];
      } catch {
        return []; // It ended meanwhile.
      }
    });
  const family = new Set([process.pid]);
  for (let size = 0; size !== family.size; ) {
    size = family.size;
    for (const { pid, parent } of processes) if (family.has(parent)) family.add(pid);
  }
  family.delete(process.pid);
  return processes.filter(({ pid }) => family.has(pid)).reduce((sum, { ticks }) => sum + ticks, 0) / 100;
}

const root = path.join(import.meta.dirname, '..');
const { outputFiles } = await esbuild.build({
  entryPoints: [path.join(root, 'extension/webviews/timeline.ts')],
  bundle: true,
  write: false,
  format: 'iife',
  target: 'es2022',
});
const body = timelinePage(text => text);
const css = readFileSync(path.join(root, 'extension/webviews/style.css'), 'utf8');
const profile = mkdtempSync(path.join(os.tmpdir(), 'hyperstep-frames-'));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  chromiumSandbox: false,
  args: ['--disable-gpu'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 420 } });
  await page.exposeFunction('askLog', async (request, args) => {
    await new Promise(resolve => setTimeout(resolve, DELAY));
    return answer(request, args);
  });
  await page.setContent(`<style>:root{--vscode-charts-green:#89d185;--vscode-charts-blue:#3794ff;--vscode-charts-purple:#b180d7;
    --vscode-charts-red:#f14c4c;--vscode-charts-yellow:#cca700;--vscode-foreground:#ccc;--vscode-focusBorder:#0078d4;
    --vscode-descriptionForeground:#9d9d9d;--vscode-panel-border:#2b2b2b}body{background:#181818}${css}</style><main>${body}</main>`);
  await page.evaluate(() => {
    const answerTo = message => window.postMessage(message);
    window.acquireVsCodeApi = () => ({
      postMessage: async message => {
        if (message.kind === 'ready')
          answerTo({ kind: 'state', state: { kind: 'stopped', session: 's', threadId: 1, stop: 1 } });
        if (message.kind === 'ask')
          answerTo({ kind: 'answer', id: message.id, body: await window.askLog(message.request, message.args) });
      },
    });
  });
  await page.addScriptTag({ content: outputFiles[0].text });
  await page.locator('body[data-ready="true"]').waitFor();
  await page.waitForTimeout(500);
  console.log(
    `${events.toLocaleString('en-US')} events, ${now.instructions.toLocaleString('en-US')} instructions, ${(log.bytes / 2 ** 20).toFixed(0)} MiB`,
  );
  const move = async (name, each) => {
    asked = spent = longest = 0;
    const before = processorTime();
    const frames = await page.evaluate(
      async ([code, milliseconds]) => {
        const canvas = document.getElementById('timeline');
        const act = new Function('canvas', 'frame', code);
        const times = [];
        const end = performance.now() + milliseconds;
        for (let frame = 0; performance.now() < end; frame++) {
          act(canvas, frame);
          times.push(await new Promise(resolve => requestAnimationFrame(resolve)));
        }
        return times;
      },
      [each, seconds * 1000],
    );
    const gaps = frames
      .slice(1)
      .map((time, n) => time - frames[n])
      .sort((a, b) => a - b);
    const rate = (frames.length - 1) / ((frames.at(-1) - frames[0]) / 1000);
    const cost = ((processorTime() - before) / frames.length) * 1000;
    const late = gaps.filter(gap => gap > 1000 / 30 + 1).length;
    console.log(
      `${name.padEnd(34)} ${rate.toFixed(1)} frames/s, 99 % within ${gaps[Math.floor(gaps.length * 0.99)].toFixed(0)} ms, longest ${gaps.at(-1).toFixed(0)} ms, ${late} of ${gaps.length} late, ${cost.toFixed(1)} ms of processor time each; ${asked} questions, ${(spent / Math.max(1, asked)).toFixed(2)} ms each, longest ${longest.toFixed(1)} ms`,
    );
    if (process.env.SCREENSHOTS)
      await page.screenshot({ path: path.join(process.env.SCREENSHOTS, `frames ${name}.png`) });
  };
  const wheel = (x, y, control = false) =>
    `canvas.dispatchEvent(new WheelEvent('wheel',{deltaX:${x},deltaY:${y},ctrlKey:${control},clientX:700,clientY:150,cancelable:true}));`;
  await move('whole run, redrawn', wheel('frame%2?1:-1', '0'));
  await move('zoom from all to one switch', wheel('0', '-120', true));
  await move('scroll at one switch', wheel('40', '0'));
  await move('zoom out again', wheel('0', '120', true));
  await move('zoom in and out', wheel('0', 'Math.floor(frame/60)%2?60:-60', true));
  await move('scroll at a thousandth', `${wheel('0', 'frame<40?-120:0', true)}${wheel('60', '0')}`);
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}

// Prints a debug session of the sample hypervisor as a transcript: what a person sees in VS Code, by the same adapter.
//
//   node scripts/headless-session.mjs IMAGE
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
/** Seconds for any one answer or stop. */
const patience = 60;

/** A DAP client: requests are promises, events are awaited by name. */
class Client {
  #child = spawn(process.execPath, [path.join(root, 'dist/hyperstep.mjs'), 'dap'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  #pending = Buffer.alloc(0);
  #seq = 1;
  #answers = new Map();
  #events = [];
  #wake = () => {};
  /** Text that the machine's UART sent. */
  onOutput = _text => {};

  constructor() {
    this.#child.stdout.on('data', chunk => this.#receive(chunk));
    this.#child.on('exit', code => {
      for (const { reject } of this.#answers.values()) reject(new Error(`The debug adapter ended (${code}).`));
      this.#events.push({ event: 'adapter ended', body: { code } });
      this.#wake();
    });
  }

  #receive(chunk) {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    for (;;) {
      const header = this.#pending.indexOf('\r\n\r\n');
      if (header < 0) return;
      const length = Number(/Content-Length: (\d+)/.exec(this.#pending.toString('latin1', 0, header))[1]);
      if (this.#pending.length < header + 4 + length) return;
      const message = JSON.parse(this.#pending.toString('utf8', header + 4, header + 4 + length));
      this.#pending = this.#pending.subarray(header + 4 + length);
      if (message.type === 'response') {
        const { resolve, reject } = this.#answers.get(message.request_seq);
        this.#answers.delete(message.request_seq);
        if (message.success) resolve(message.body ?? {});
        else reject(new Error(message.body?.error?.format ?? message.message));
      } else if (message.event === 'output') {
        if (message.body.category !== 'telemetry') this.onOutput(message.body.output);
      } else {
        this.#events.push(message);
        this.#wake();
      }
    }
  }

  request(command, args = {}) {
    const seq = this.#seq++;
    const text = JSON.stringify({ seq, type: 'request', command, arguments: args });
    this.#child.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
    return new Promise((resolve, reject) => this.#answers.set(seq, { resolve, reject }));
  }

  /** The next event of one of these names; those before it are dropped. */
  async event(...names) {
    const late = setTimeout(() => {
      this.#events.push({ event: 'adapter ended', body: { code: `no ${names.join(' or ')} in ${patience} s` } });
      this.#wake();
    }, patience * 1000);
    try {
      for (;;) {
        while (this.#events.length > 0) {
          const message = this.#events.shift();
          if (names.includes(message.event)) return message;
          if (message.event === 'adapter ended') throw new Error(`The session broke off: ${message.body.code}.`);
        }
        await new Promise(resolve => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearTimeout(late);
    }
  }

  close() {
    this.#child.stdin.end();
    this.#child.kill();
  }
}

/** The line of a source file that carries a marker such as `BP: inject`. */
function markedLine(file, marker) {
  const index = readFileSync(file, 'utf8')
    .split('\n')
    .findIndex(line => line.includes(marker));
  if (index < 0) throw new Error(`${file} has no line with "${marker}".`);
  return index + 1;
}

const say = (text = '') => console.log(text);
const indent = text => text.replace(/^/gm, '    ');

async function session(image) {
  const client = new Client();
  let line = '';
  client.onOutput = text => {
    const lines = (line + text).split('\n');
    line = lines.pop();
    for (const complete of lines) say(`  | ${complete.replace(/\r$/, '')}`);
  };
  const continueTo = async () => {
    await client.request('continue', { threadId: 1 });
    return client.event('stopped', 'terminated');
  };
  const showStop = async ({ body }) => {
    const { reason, description, text, threadId } = body;
    const { stackFrames } = await client.request('stackTrace', { threadId, startFrame: 0, levels: 5 });
    say(`Stopped: ${description ?? reason}${text ? `, ${text}` : ''}`);
    for (const frame of stackFrames) {
      const where = frame.source ? ` at ${frame.source.name}:${frame.line}` : '';
      say(indent(`${frame.instructionPointerReference}  ${frame.name}${where}`));
    }
    return stackFrames[0];
  };
  const showRegisters = async (frameId, names) => {
    for (const expression of names) {
      const { result } = await client.request('evaluate', { expression, frameId, context: 'watch' });
      say(indent(`${expression.padEnd(10)} ${result}`));
    }
  };

  try {
    say(`> launch ${path.relative(root, image)}, stop on entry`);
    await client.request('initialize', {
      adapterID: 'hyperstep',
      linesStartAt1: true,
      columnsStartAt1: true,
      pathFormat: 'path',
    });
    const launched = client.request('launch', { program: image, stopOnEntry: true, cwd: root });
    // The answer may come before the event or after it; a refusal is the end.
    const refused = new Promise((_resolve, reject) => launched.catch(reject));
    await Promise.race([client.event('initialized'), refused]);
    const vgic = path.join(path.dirname(image), 'vgic.c');
    const breakpoint = markedLine(vgic, 'BP: inject');
    await client.request('configurationDone');
    await launched;
    let frame = await showStop(await client.event('stopped'));

    say('\n> continue to the first change of exception level');
    await client.request('setExceptionBreakpoints', { filters: ['el-change'] });
    frame = await showStop(await continueTo());
    await showRegisters(frame.id, ['PSTATE', 'HCR_EL2', 'VTTBR_EL2', 'ELR_EL2', 'SPSR_EL2', 'SCTLR_EL1']);
    const mappings = await client.request('hyperstep/mappings', { threadId: 1, stage: 2, limit: 20 });
    say(`  Stage 2, VMID ${mappings.vmid}:`);
    for (const { input, output, size, attributes } of mappings.ranges) {
      say(indent(`IPA ${input} -> PA ${output}, ${size} bytes, ${attributes}`));
    }

    say(`\n> breakpoint at vgic.c:${breakpoint}, continue`);
    await client.request('setExceptionBreakpoints', { filters: [] });
    const { breakpoints } = await client.request('setBreakpoints', {
      source: { name: 'vgic.c', path: vgic },
      breakpoints: [{ line: breakpoint }],
    });
    if (!breakpoints[0].verified) throw new Error(`The breakpoint was not set: ${breakpoints[0].message}`);
    await showStop(await continueTo());

    say('\n> step over it: the interrupt is in list register 0');
    await client.request('next', { threadId: 1 });
    await showStop(await client.event('stopped'));
    const { registers } = await client.request('hyperstep/listRegisters', { threadId: 1 });
    for (const { index, value, state, virtualId, priority } of registers.filter(({ state }) => state !== 'invalid')) {
      say(indent(`LR${index} ${value}: ${state}, virtual INTID ${virtualId}, priority 0x${priority.toString(16)}`));
    }

    say('\n> remove the breakpoint, continue to the end');
    await client.request('setBreakpoints', { source: { name: 'vgic.c', path: vgic }, breakpoints: [] });
    const last = await continueTo();
    if (last.event !== 'terminated')
      throw new Error(`The machine stopped instead: ${last.body.description ?? last.body.reason}.`);
    if (line) say(`  | ${line}`);
    say('The machine is off.');
    await client.request('disconnect');
  } finally {
    client.close();
  }
}

const image = process.argv[2] && path.resolve(process.argv[2]);
if (!image || !existsSync(image)) {
  console.error('Usage: node scripts/headless-session.mjs IMAGE, an ELF file that exists.');
  process.exit(2);
}
try {
  await session(image);
} catch (error) {
  console.error(`headless session: ${error.message}`);
  process.exitCode = 1;
}

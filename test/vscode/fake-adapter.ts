// A debug adapter on a TCP port whose machine is a script: what the extension does is tested apart from the machine.
// A launch configuration reaches it with `debugServer: PORT`, as VS Code offers for every debugger.

import { createServer, type Socket } from 'node:net';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type {
  ListRegistersResponse,
  MachineResponse,
  MappingsResponse,
  RegimesResponse,
  VirtualInterfaceResponse,
} from '../../debug-adapter/protocol.ts';

export interface FakeAdapter {
  readonly port: number;
  /** Commands received, in order. */
  readonly received: string[];
  /** Commands that are refused, with this sentence. */
  readonly refused: Map<string, string>;
  /** Ends every connection. */
  close(): void;
}

/** What the scripted machine answers; each `next` moves to the following stop. */
export interface Stop {
  readonly source: string;
  readonly line: number;
  readonly listRegisters: ListRegistersResponse;
  readonly mappings: MappingsResponse;
}

function frames(onMessage: (message: DebugProtocol.Request) => void): (chunk: Buffer) => void {
  let pending = Buffer.alloc(0);
  return chunk => {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      const headerEnd = pending.indexOf('\r\n\r\n');
      if (headerEnd < 0) return;
      const length = Number(/Content-Length: (\d+)/.exec(pending.toString('latin1', 0, headerEnd))?.[1]);
      const end = headerEnd + 4 + length;
      if (pending.length < end) return;
      const message = JSON.parse(pending.toString('utf8', headerEnd + 4, end));
      pending = pending.subarray(end);
      onMessage(message);
    }
  };
}

const virtualInterface: VirtualInterfaceResponse = {
  enabled: true,
  priorityMask: 0xf0,
  group0: false,
  group1: true,
  splitEoi: false,
  activePriorities: [],
  eoiCount: 0,
  maintenance: [],
  maintenanceUp: false,
};
const regimes: RegimesResponse = {
  regimes: [{ stage: 2, regime: 'EL1&0', vmid: 1, enabled: true, inUse: false, base: '0x40200000' }],
};
const machine: MachineResponse = {
  running: false,
  instructions: 0,
  cycles: 0,
  pes: [
    {
      threadId: 1,
      index: 0,
      powered: true,
      waiting: false,
      el: 2,
      regime: 'EL2',
      pc: '0x40000000',
      cycles: 0,
      security: 'non-secure',
      pending: [],
      timers: [],
    },
  ],
};

/** Starts the adapter. Its machine stops on entry at `stops[0]`; `continue` runs until `pause`. */
export async function startFakeAdapter(stops: readonly Stop[]): Promise<FakeAdapter> {
  const received: string[] = [];
  const refused = new Map<string, string>();
  const sockets = new Set<Socket>();

  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    let seq = 1;
    let at = 0;
    const send = (message: object) => {
      const text = JSON.stringify({ seq: seq++, ...message });
      socket.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
    };
    const event = (name: string, body: object = {}) => send({ type: 'event', event: name, body });
    const stopped = (reason: string) => event('stopped', { reason, threadId: 1, allThreadsStopped: true });

    /** Body of each answer; what has to follow it is sent by `after`. */
    const answers: Record<string, (args: Record<string, never>) => object | undefined> = {
      initialize: () => ({ supportsConfigurationDoneRequest: true }),
      threads: () => ({ threads: [{ id: 1, name: 'PE 0 EL2' }] }),
      setBreakpoints: ({ breakpoints }) => ({
        breakpoints: ((breakpoints ?? []) as { line: number }[]).map(({ line }) => ({ verified: true, line })),
      }),
      stackTrace: () => ({
        stackFrames: [{ id: 1, name: 'main', line: stops[at].line, column: 1, source: { path: stops[at].source } }],
        totalFrames: 1,
      }),
      scopes: () => ({ scopes: [{ name: 'Registers', variablesReference: 1, expensive: false }] }),
      variables: () => ({ variables: [{ name: 'X0', value: '0x0', variablesReference: 0 }] }),
      'hyperstep/listRegisters': () => stops[at].listRegisters,
      'hyperstep/mappings': () => stops[at].mappings,
      'hyperstep/virtualInterface': () => virtualInterface,
      'hyperstep/regimes': () => regimes,
      'hyperstep/staleTranslations': () => ({ entries: [] }),
      'hyperstep/machine': () => ({ ...machine, running: false }),
    };
    const after: Record<string, () => void> = {
      initialize: () => event('initialized'),
      configurationDone: () => stopped('entry'),
      pause: () => stopped('pause'),
      next: () => {
        at = Math.min(at + 1, stops.length - 1);
        stopped('step');
      },
      terminate: () => event('terminated'),
      disconnect: () => socket.end(),
    };
    socket.on(
      'data',
      frames(({ command, seq: request_seq, arguments: args }) => {
        received.push(command);
        const message = refused.get(command);
        if (message !== undefined) return send({ type: 'response', request_seq, command, success: false, message });
        const body = answers[command]?.(args ?? {});
        send({ type: 'response', request_seq, command, success: true, body });
        after[command]?.();
      }),
    );
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    received,
    refused,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Two stops: before an interrupt is injected, and after, with its list register pending. */
export function injectionStops(source: string, line: number): Stop[] {
  const empty = { value: '0x0', state: 'invalid', virtualId: 0, priority: 0, group: 0, hw: false } as const;
  const four = [0, 1, 2, 3].map(index => ({ index, ...empty }));
  const pending = {
    index: 0,
    value: '0x50a000000000001b',
    state: 'pending',
    virtualId: 27,
    virtualName: 'virtual timer',
    priority: 0xa0,
    group: 1,
    hw: false,
  } as const;
  const mappings: MappingsResponse = {
    regime: 'EL1&0',
    enabled: true,
    vmid: 1,
    base: '0x40200000',
    truncated: false,
    ranges: [
      { input: '0x9000000', output: '0x9000000', size: '0x1000', level: 3, attributes: 'RW XN Device-nGnRE' },
      { input: '0x40000000', output: '0x48000000', size: '0x200000', level: 2, attributes: 'RW X Normal WB' },
    ],
  };
  return [
    { source, line, listRegisters: { registers: four }, mappings },
    { source, line: line + 1, listRegisters: { registers: [pending, ...four.slice(1)] }, mappings },
  ];
}

/** The adapter as a process of its own: DAP on stdio, or on TCP at 127.0.0.1. */

import { createServer, type Server } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { MachineConfig, Target } from '../simulator/target.ts';
import { encodeMessage, MessageDecoder } from './framing.ts';
import { nodeFiles } from './node-files.ts';
import { Session } from './session.ts';

export type CreateTarget = (config: MachineConfig) => Target;

/** Serves one session on a pair of streams; the promise settles when the input ends or the session was disconnected. */
export function serveStreams(input: Readable, output: Writable, createTarget: CreateTarget): Promise<void> {
  return new Promise(resolve => {
    const session = new Session({
      createTarget,
      files: nodeFiles,
      send: message => {
        if (!output.writableEnded && !output.destroyed) output.write(encodeMessage(message));
        const { type, command } = message as { type: string; command?: string };
        if (type === 'response' && command === 'disconnect') setImmediate(finish);
      },
    });
    let finished = false;
    const finish = (): void => {
      if (finished) return;
      finished = true;
      session.close();
      output.end();
      // An open standard input would keep the process alive.
      if (!Object.is(input, output)) input.destroy();
      resolve();
    };
    const decoder = new MessageDecoder(
      message => session.receive(message),
      sentence => session.damaged(sentence),
    );
    input.on('data', (chunk: Uint8Array) => decoder.push(chunk));
    input.on('end', finish);
    input.on('close', finish);
    // A client that goes away ends the session, it does not end the server.
    input.on('error', finish);
    output.on('error', finish);
  });
}

/** Serves sessions on a TCP port of this machine; port 0 chooses one. Resolves when the server listens. */
export function serveTcp(port: number, createTarget: CreateTarget): Promise<Server> {
  const server = createServer(socket => {
    void serveStreams(socket, socket, createTarget);
  });
  return new Promise((resolve, reject) => {
    server.once('error', error => reject(new Error(`Port ${port} cannot be used: ${error.message}.`)));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

/** `hyperstep dap [--port N]`: returns the exit code when the session on stdio ends; a server on TCP goes on. */
export async function runDap(args: readonly string[], createTarget: CreateTarget): Promise<number> {
  if (args.length === 0) {
    await serveStreams(process.stdin, process.stdout, createTarget);
    return 0;
  }
  const port = args.length === 2 && args[0] === '--port' && /^\d+$/.test(args[1]) ? Number(args[1]) : -1;
  if (port < 0 || port > 65535) {
    process.stderr.write(
      `"${args.join(' ')}" is not understood: hyperstep dap takes nothing, or --port and a number up to 65535.\n`,
    );
    return 2;
  }
  const server = await serveTcp(port, createTarget);
  const address = server.address();
  process.stderr.write(
    `Listening on 127.0.0.1:${typeof address === 'object' && address !== null ? address.port : port}.\n`,
  );
  return new Promise(resolve => server.once('close', () => resolve(0)));
}

/** Entry of `hyperstep dap`: the adapter with the real machine. */
export async function main(args: readonly string[]): Promise<number> {
  const { createTarget } = await import('../simulator/machine.ts');
  return runDap(args, createTarget);
}

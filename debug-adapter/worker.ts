// Entry of the worker: the debug adapter and the machine, without a server.

import { createTarget } from '../simulator/machine.ts';
import { createInProcessAdapter } from './in-process.ts';
import { type ByteSource, sourceOf } from './symbols/bytes.ts';
import type { FromHost, FromWorker } from './worker-messages.ts';

const post = (message: FromWorker): void => globalThis.postMessage(message);

const waiting = new Map<number, { resolve(data: Uint8Array): void; reject(error: Error): void }>();

function read(path: string): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const id = waiting.size === 0 ? 1 : Math.max(...waiting.keys()) + 1;
    waiting.set(id, { resolve, reject });
    post({ kind: 'read', id, path });
  });
}

/** Files above this are kept as a blob, which the browser need not hold in memory. */
const LARGE = 2 ** 25;

declare class FileReaderSync {
  readAsArrayBuffer(blob: Blob): ArrayBuffer;
}

async function open(path: string): Promise<ByteSource> {
  const bytes = await read(path);
  if (bytes.length <= LARGE) return sourceOf(bytes);
  const blob = new Blob([bytes as BlobPart]);
  const reader = new FileReaderSync();
  const part = (offset: number, length: number) => reader.readAsArrayBuffer(blob.slice(offset, offset + length));
  return { size: blob.size, read: (offset, length) => new Uint8Array(part(offset, length)) };
}

const adapter = createInProcessAdapter({
  createTarget,
  files: {
    read,
    open,
    exists: path =>
      read(path).then(
        () => true,
        () => false,
      ),
  },
});
adapter.onMessage = message => post({ kind: 'protocol', message });

globalThis.addEventListener('message', ({ data }: MessageEvent<FromHost>) => {
  if (data.kind === 'protocol') {
    adapter.send(data.message);
    return;
  }
  const question = waiting.get(data.id);
  waiting.delete(data.id);
  if (data.kind === 'file') question?.resolve(data.data);
  else question?.reject(new Error(data.error));
});

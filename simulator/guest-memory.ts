/** Guest RAM as devices see it. What caches know of bytes that a device writes is dropped. */

import type { GuestMemory } from './board/device.ts';
import type { Engine } from './engine/engine.ts';
import { RAM, RAM_BASE } from './engine/layout.ts';

/**
 * `engine` is asked for at each access: the board is built before the engine. `written` is told of each write, by whom it
 * is.
 */
export function guestMemory(
  engine: () => Engine,
  bytes: number,
  written: (pa: number, bytes: number, by: string) => void,
  name = 'a device',
): GuestMemory {
  const host = (pa: number, length: number): number => {
    if (pa < RAM_BASE || pa + length > RAM_BASE + bytes) {
      throw new Error(`There is no RAM at 0x${pa.toString(16)} for ${length} bytes.`);
    }
    return pa - RAM_BASE + RAM;
  };
  const write = (pa: number, data: Uint8Array) => {
    const at = host(pa, data.length);
    written(pa, data.length, name);
    engine().core.beforeHostWrite(BigInt(pa), data.length);
    engine().u8.set(data, at);
  };
  const view = () => new DataView(engine().memory.buffer);
  const writeNumber = (pa: number, size: number, set: (data: DataView) => void) => {
    const data = new Uint8Array(size);
    set(new DataView(data.buffer));
    write(pa, data);
  };
  return {
    base: RAM_BASE,
    bytes,
    read: (pa, length) => engine().u8.slice(host(pa, length), host(pa, length) + length),
    write,
    readU16: pa => view().getUint16(host(pa, 2), true),
    readU32: pa => view().getUint32(host(pa, 4), true),
    readU64: pa => view().getBigUint64(host(pa, 8), true),
    writeU16: (pa, value) => writeNumber(pa, 2, data => data.setUint16(0, value, true)),
    writeU32: (pa, value) => writeNumber(pa, 4, data => data.setUint32(0, value, true)),
    writeU64: (pa, value) => writeNumber(pa, 8, data => data.setBigUint64(0, value, true)),
    as: other => guestMemory(engine, bytes, written, other),
  };
}

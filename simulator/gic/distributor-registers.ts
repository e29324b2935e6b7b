/**
 * The registers that set up and show each interrupt: alike in the distributors of a GICv2 and a GICv3 and in the SGI
 * frame of a redistributor, from offset 0x080 to 0xCFF (IHI 0048, 4.3; IHI 0069, 12.9 and 12.11).
 */

import type { AccessSize } from '../board/device.ts';
import type { Gic } from './gic.ts';

/** Registers of 32 interrupts that the distributor and the SGI frame of a redistributor share, by offset. */
export function readInterruptRegister(
  gic: Gic,
  pe: number,
  offset: number,
  first: number,
  last: number,
): number | undefined {
  const intid = (offset & 0x7f) * 8;
  if (offset >= 0x400 && offset < 0x800) {
    let value = 0;
    for (let i = 0; i < 4; i++) {
      const id = offset - 0x400 + i;
      if (id >= first && id < last) value |= gic.readPriority(pe, id) << (8 * i);
    }
    return value >>> 0;
  }
  if (offset >= 0xc00 && offset < 0xd00) {
    const id = (offset - 0xc00) * 4;
    return id >= first && id < last ? gic.readConfiguration(pe, id) : 0;
  }
  if (offset < 0x80 || offset >= 0x400) return undefined;
  if (intid < first || intid >= last) return 0;
  const { group, enabled, active } = gic.interrupts;
  switch (offset & ~0x7f) {
    case 0x080:
      return gic.readBits(pe, intid, group);
    case 0x100:
    case 0x180:
      return gic.readBits(pe, intid, enabled);
    case 0x200:
    case 0x280:
      return gic.readPending(pe, intid);
    default:
      return gic.readBits(pe, intid, active);
  }
}

/** The matching writes. `value` has the bytes written in their place of the word at `offset & ~3`. */
export function writeInterruptRegister(
  gic: Gic,
  pe: number,
  offset: number,
  bytes: AccessSize,
  value: number,
  first: number,
  last: number,
): void {
  if (offset >= 0x400 && offset < 0x800) {
    for (let i = 0; i < bytes; i++) {
      const id = offset - 0x400 + i;
      if (id >= first && id < last) gic.writePriority(pe, id, (value >>> (8 * i)) & 0xff);
    }
    gic.flush();
    return;
  }
  const word = offset & ~3;
  if (word >= 0xc00 && word < 0xd00) {
    const id = (word - 0xc00) * 4;
    if (id >= first && id < last) gic.writeConfiguration(pe, id, value);
    return;
  }
  const intid = (word & 0x7f) * 8;
  if (word < 0x80 || word >= 0x400 || intid < first || intid >= last) return;
  const { group: _, enabled, latch, active } = gic.interrupts;
  const bits = (value << (8 * (offset & 3))) >>> 0;
  // SGIs of a GICv2 have a pending bit for each source, in registers of their own.
  const settable = gic.version === 2 && intid === 0 ? 0xffff0000 : 0xffffffff;
  switch (word & ~0x7f) {
    case 0x080:
      gic.writeGroups(pe, intid, bits);
      break;
    case 0x100:
      gic.writeBits(pe, intid, enabled, bits, 1);
      break;
    case 0x180:
      gic.writeBits(pe, intid, enabled, bits, 0);
      break;
    case 0x200:
      gic.writeBits(pe, intid, latch, bits & settable, 1);
      break;
    case 0x280:
      gic.writeBits(pe, intid, latch, bits & settable, 0);
      break;
    case 0x300:
      gic.writeBits(pe, intid, active, bits, 1);
      break;
    case 0x380:
      gic.writeBits(pe, intid, active, bits, 0);
      break;
  }
}

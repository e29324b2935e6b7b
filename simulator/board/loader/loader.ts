/**
 * Finds out what an image is, and where it, the initrd and the device tree go.
 *
 * - ELF: by its program headers, in RAM or flash.
 * - Linux `Image`: by the arm64 boot protocol.
 * - Anything else, without a load address: firmware, such as `u-boot.bin` or an EDK2 `QEMU_EFI.fd`, which is linked to run
 *   from flash at address 0 and looks for the device tree at the start of RAM (what QEMU does for `-bios`).
 * - Anything else, with a load address: a flat binary that runs there.
 */

import { type Chosen, type DeviceTree, readDeviceTree, setChosen, setMemory, writeDeviceTree } from '../device-tree.ts';
import { RAM_BASE, VIRT_MAP } from '../virt-map.ts';
import { isElf, readElf } from './elf.ts';
import { KERNEL_ALIGNMENT, type LinuxImage, readLinuxImage, unpack } from './linux.ts';
import { checkSegments, type ImageKind, type LoadPlan, type Room, type Segment } from './plan.ts';

export interface LoadRequest {
  readonly image: Uint8Array;
  /** For messages. */
  readonly imageName: string;
  /** Bytes of RAM, which begins at `RAM_BASE`. */
  readonly memory: number;
  readonly initrd?: Uint8Array;
  /** Command line of the kernel. */
  readonly append?: string;
  /** Kernel of the first guest, for an image that is a hypervisor; the initrd is the guest's then. */
  readonly guestKernel?: Uint8Array;
  /** Command line of that kernel. */
  readonly guestAppend?: string;
  /** A device tree in place of `tree`; command line, initrd and memory are put into it. */
  readonly dtb?: Uint8Array;
  /** Whether there is secure RAM, which an image may be linked for. */
  readonly secureRam?: boolean;
  /** Contents of the second flash bank. */
  readonly variables?: Uint8Array;
  /** The tree that describes the board. */
  readonly tree: DeviceTree;
  /** PA for a flat binary. */
  readonly loadAddress?: number;
}

/** No part of the tree may lie beyond this, says the boot protocol. */
const MAXIMUM_TREE = 0x20_0000;
const PAGE = 0x1000;

interface Placed {
  readonly kind: ImageKind;
  readonly entry: number;
  readonly segments: readonly Segment[];
}

/** Throws one sentence when the image, the initrd or the device tree cannot be loaded. */
export function planLoad(request: LoadRequest): LoadPlan {
  const { imageName, memory, initrd } = request;
  if (request.image.length === 0) throw new Error(`${imageName} is empty; there is nothing to run.`);
  if (initrd !== undefined && initrd.length === 0)
    throw new Error('The initrd is empty; leave it out or give a cpio archive.');
  if (initrd !== undefined && initrd.length > memory) {
    throw new Error(
      `The initrd has ${initrd.length} bytes, more than the ${memory} bytes of memory; give the machine more memory.`,
    );
  }
  const placed = place(unpack(request.image, imageName), request);
  const ram: Room = { name: 'RAM', base: RAM_BASE, bytes: memory };
  const rooms = [
    ram,
    { name: 'flash', base: VIRT_MAP.flash0.base, bytes: VIRT_MAP.flash0.size },
    { name: 'flash', base: VIRT_MAP.flash1.base, bytes: VIRT_MAP.flash1.size },
    ...(request.secureRam
      ? [{ name: 'secure RAM', base: VIRT_MAP.secureRam.base, bytes: VIRT_MAP.secureRam.size }]
      : []),
  ];
  checkSegments(placed.segments, rooms);

  const end = ramEnd(placed.segments);
  const tree = request.dtb === undefined ? copy(request.tree) : readDeviceTree(request.dtb);
  if (request.dtb !== undefined) setMemory(tree, RAM_BASE, memory);

  // The size of the tree does not depend on the addresses in it.
  const initrdPa = align(end, KERNEL_ALIGNMENT);
  const guest = request.guestKernel && unpack(request.guestKernel, "The guest's kernel");
  const chosenAt = (initrdAt: number, guestAt: number): Chosen => ({
    bootargs: request.append,
    initrd: initrd && { pa: initrdAt, bytes: initrd.length },
    guest: guest && { pa: guestAt, bytes: guest.length, bootargs: request.guestAppend ?? '' },
  });
  const draft = blob(tree, chosenAt(RAM_BASE, RAM_BASE));
  if (draft.length > MAXIMUM_TREE) {
    throw new Error(`The device tree has ${draft.length} bytes; a kernel takes at most ${MAXIMUM_TREE}.`);
  }
  const first = placed.segments.reduce(
    (low, { pa }) => (pa >= RAM_BASE && pa < low ? pa : low),
    Number.POSITIVE_INFINITY,
  );
  // Firmware looks at the start of RAM. For the others that is as good where nothing else is there and no kernel is, for
  // which the tree goes behind everything.
  const atStart = placed.kind !== 'linux' && first >= RAM_BASE + draft.length;
  const behind = atStart ? Math.max(initrdPa, RAM_BASE + MAXIMUM_TREE) : initrdPa;
  const guestPa = align(behind + (initrd?.length ?? 0), KERNEL_ALIGNMENT);
  const treePa = atStart ? RAM_BASE : align(guestPa + (guest?.length ?? 0), KERNEL_ALIGNMENT);
  const place_ = initrd && { pa: behind, bytes: initrd.length };
  const final = blob(tree, chosenAt(behind, guestPa));

  const segments: Segment[] = [...placed.segments];
  if (initrd !== undefined) segments.push({ what: 'the initrd', pa: behind, data: initrd, bytes: initrd.length });
  if (guest !== undefined) segments.push({ what: "the guest's kernel", pa: guestPa, data: guest, bytes: guest.length });
  if (request.variables !== undefined) {
    const { length } = request.variables;
    segments.push({ what: 'the variables', pa: VIRT_MAP.flash1.base, data: request.variables, bytes: length });
  }
  segments.push({ what: 'the device tree', pa: treePa, data: final, bytes: final.length });
  if (initrd !== undefined && behind + initrd.length > RAM_BASE + memory) {
    throw new Error(
      `The initrd of ${initrd.length} bytes does not fit behind ${imageName} in ${memory} bytes of memory; give the machine more memory.`,
    );
  }
  checkSegments(segments, rooms);
  return {
    kind: placed.kind,
    entry: placed.entry,
    x0: treePa,
    segments,
    deviceTree: { pa: treePa, blob: final },
    ...(place_ ? { initrd: place_ } : {}),
  };
}

function place(image: Uint8Array, request: LoadRequest): Placed {
  const { imageName: what, loadAddress } = request;
  if (isElf(image)) return { kind: 'elf', ...readElf(image, what) };
  const linux = readLinuxImage(image, what);
  if (linux !== undefined) return placeLinux(linux, what);
  const pa = loadAddress ?? VIRT_MAP.flash0.base;
  return {
    kind: loadAddress === undefined ? 'firmware' : 'flat',
    entry: pa,
    segments: [{ what, pa, data: image, bytes: image.length }],
  };
}

function placeLinux({ data, textOffset, bytes }: LinuxImage, what: string): Placed {
  const pa = RAM_BASE + textOffset;
  return { kind: 'linux', entry: pa, segments: [{ what, pa, data, bytes }] };
}

/** The first PA of RAM behind all segments. */
function ramEnd(segments: readonly Segment[]): number {
  return segments.reduce((end, { pa, bytes }) => (pa >= RAM_BASE ? Math.max(end, pa + bytes) : end), RAM_BASE);
}

function align(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

function copy(tree: DeviceTree): DeviceTree {
  return structuredClone(tree);
}

function blob(tree: DeviceTree, chosen: Chosen): Uint8Array {
  setChosen(tree, chosen);
  return writeDeviceTree(tree);
}

/** Writes the segments of a plan, with zeros behind their data, through `write`. */
export function writeSegments(plan: LoadPlan, write: (pa: number, data: Uint8Array) => void): void {
  for (const { pa, data, bytes } of plan.segments) {
    write(pa, data);
    for (let done = data.length; done < bytes; done += PAGE) {
      write(pa + done, new Uint8Array(Math.min(PAGE, bytes - done)));
    }
  }
}

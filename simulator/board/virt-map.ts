/**
 * The memory map of the board: one row for each device, from which the bus and the device tree both come. Addresses and
 * interrupts are those that images built for the `virt` board of QEMU expect.
 */

export interface MapRow {
  readonly name: string;
  readonly base: number;
  readonly size: number;
  /** SPI, counted from 0 (INTID 32). */
  readonly spi?: number;
}

export const VIRT_MAP = {
  flash0: { name: 'flash bank 0', base: 0x0000_0000, size: 0x0400_0000 },
  flash1: { name: 'flash bank 1', base: 0x0400_0000, size: 0x0400_0000 },
  uart: { name: 'PL011', base: 0x0900_0000, size: 0x1000, spi: 1 },
  rtc: { name: 'PL031', base: 0x0901_0000, size: 0x1000, spi: 2 },
  fwCfg: { name: 'fw_cfg', base: 0x0902_0000, size: 0x18 },
  gpio: { name: 'PL061', base: 0x0903_0000, size: 0x1000, spi: 7 },
  /** Beside an image that runs at EL3 only, as on a `virt` board of QEMU with `secure=on`. */
  secureUart: { name: 'secure PL011', base: 0x0904_0000, size: 0x1000, spi: 8 },
  secureGpio: { name: 'secure PL061', base: 0x090b_0000, size: 0x1000 },
  secureRam: { name: 'secure RAM', base: 0x0e00_0000, size: 0x0100_0000 },
  /** The first of `VIRTIO_SLOTS`, each `size` bytes and one SPI after the one before. */
  virtio: { name: 'virtio-mmio', base: 0x0a00_0000, size: 0x200, spi: 16 },
} as const satisfies Record<string, MapRow>;

export const VIRTIO_SLOTS = 32;

/** PA of the first byte of RAM. */
export const RAM_BASE = 0x4000_0000;

/** PEs of one Aff1 cluster: as many as one SGI register write reaches. */
const CLUSTER = { 2: 8, 3: 16 } as const;

/** MPIDR_EL1 affinity of a PE: Aff1 in bits 15:8, Aff0 in bits 7:0. */
export function affinity(pe: number, gic: 2 | 3): number {
  const size = CLUSTER[gic];
  return (Math.floor(pe / size) << 8) | (pe % size);
}

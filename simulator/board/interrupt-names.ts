/** What interrupts of the board are known as. */

import { MAINTENANCE_PPI } from '../gic/gic.ts';
import { VIRT_MAP, VIRTIO_SLOTS } from './virt-map.ts';

/** PPIs as the Base System Architecture recommends them. */
const PPIS: Readonly<Record<number, string>> = {
  20: 'secure EL2 physical timer',
  23: 'PMU',
  [MAINTENANCE_PPI]: 'GIC maintenance',
  26: 'EL2 physical timer',
  27: 'virtual timer',
  28: 'EL2 virtual timer',
  29: 'secure physical timer',
  30: 'physical timer',
};

const FIRST_SPI = 32;

/** The name of an INTID; undefined for one that nothing of the board is wired to. */
export function interruptName(intid: number): string | undefined {
  if (intid < 16) return `SGI ${intid}`;
  if (intid < FIRST_SPI) return PPIS[intid];
  const spi = intid - FIRST_SPI;
  const slot = spi - VIRT_MAP.virtio.spi;
  if (slot >= 0 && slot < VIRTIO_SLOTS) return `virtio slot ${slot}`;
  return Object.values(VIRT_MAP).find(row => 'spi' in row && row.spi === spi)?.name;
}

/** Where the `virt` board of QEMU has the four parts of a GICv2. */
export const GICV2_MAP = {
  distributor: { base: 0x0800_0000, size: 0x1_0000 },
  cpu: { base: 0x0801_0000, size: 0x1_0000 },
  hypervisor: { base: 0x0803_0000, size: 0x1_0000 },
  virtual: { base: 0x0804_0000, size: 0x1_0000 },
} as const;

// The rungs of the ladder, one row each. A rung names an `image` and an `initrd` of images.mjs (or a path in this
// repository), the machine (`cpu`, `gic`, `pes`, `memory`, `el`) where it is not the default, and how it ends: by
// power-off with what the console `says`, or with the last of its `steps`. `limit` is in seconds, for a slow computer.

import { DISK_TEXT, USERSPACE_LINE, VMM_LINE } from './images.mjs';

const GUEST_ENDED = `${VMM_LINE} 0`;

function linux(suite, more = {}) {
  return {
    milestone: 'init runs, power-off',
    image: `linux-${suite}`,
    initrd: 'initramfs-poweroff.cpio',
    says: [USERSPACE_LINE],
    limit: 120,
    ...more,
  };
}

function kvm(suite, more = {}) {
  return {
    milestone: "the guest's init runs, both power off",
    image: `linux-${suite}`,
    initrd: `initramfs-kvm-${suite}.cpio`,
    says: [GUEST_ENDED],
    limit: 240,
    ...more,
  };
}

const LOUD = 'GUEST="console=ttyAMA0 earlycon=pl011,0x09000000"';

function edk2(suite) {
  return {
    name: `edk2-${suite}`,
    milestone: 'the shell answers a typed command',
    image: `edk2-${suite}.fd`,
    firmware: true,
    // The shell waits five seconds for somebody who wants no startup script.
    steps: [
      { expect: 'skip' },
      { send: '' },
      { expect: 'Shell> ' },
      { send: 'ver' },
      { expect: 'UEFI Interactive Shell v2.2' },
    ],
    limit: 120,
  };
}

function xen(suite, version) {
  return {
    name: `xen-${version}`,
    milestone: "dom0's init runs, dom0 and Xen power off",
    image: `xen-${suite}`,
    guestKernel: `linux-${suite}`,
    guestAppend: 'console=hvc0 quiet',
    initrd: 'initramfs-poweroff.cpio',
    append: 'console=dtuart dom0_mem=512M',
    says: [USERSPACE_LINE, 'Hardware Dom0 halted'],
    limit: 180,
  };
}

export const RUNGS = [
  {
    name: 'first-light',
    milestone: 'the guest ends and the hypervisor powers off',
    image: 'simulator/hypervisors/first-light/first-light.elf',
    memory: '128M',
    says: ['guest |'],
    limit: 30,
  },
  {
    name: 'u-boot',
    milestone: 'the prompt answers a typed command',
    image: 'u-boot.bin',
    firmware: true,
    memory: '256M',
    steps: [
      { expect: 'Hit any key' },
      { send: '' },
      { expect: '=> ' },
      { send: 'echo st$bootdelay' },
      { expect: 'st2' },
    ],
    limit: 60,
  },
  edk2('bookworm'),
  edk2('trixie'),

  linux('bookworm', { name: 'linux-6.1' }),
  linux('bookworm', { name: 'linux-6.1-el1', el: 1 }),
  linux('bookworm', { name: 'linux-6.1-gicv2', gic: 2 }),
  linux('bookworm', { name: 'linux-6.1-2-pes', pes: 2 }),
  linux('bookworm', { name: 'linux-6.1-4-pes', pes: 4 }),
  linux('bookworm', {
    name: 'linux-6.1-shell',
    milestone: 'the shell answers a typed command',
    initrd: 'initramfs-shell.cpio',
    steps: [{ expect: '# ' }, { send: 'echo $((6 * 7))-ok' }, { expect: '42-ok' }],
    says: undefined,
  }),
  linux('bookworm', {
    name: 'linux-6.1-virtio',
    milestone: 'disk, network and console work by its drivers',
    initrd: 'initramfs-virtio.cpio',
    disks: ['disk.img'],
    network: true,
    virtioConsole: true,
    steps: [
      { expect: `disk: ${DISK_TEXT}` },
      { expect: 'disk: written by the guest' },
      { expect: '2 packets transmitted, 2 packets received' },
      { expect: 'hvc0: said by the guest' },
      { send: 'typed' },
      { expect: 'hvc0: heard typed' },
    ],
    says: undefined,
  }),
  linux('trixie', { name: 'linux-6.12' }),
  linux('trixie', { name: 'linux-6.12-4-pes', pes: 4 }),
  linux('trixie-backports', { name: 'linux-7.3' }),
  linux('trixie-backports', { name: 'linux-7.3-el1', el: 1 }),
  linux('trixie-backports', { name: 'linux-7.3-4-pes', pes: 4 }),
  linux('trixie-backports', { name: 'linux-7.3-gicv2', gic: 2 }),
  linux('trixie-backports-16k', { name: 'linux-7.3-16k' }),

  kvm('bookworm', { name: 'kvm-6.1' }),
  kvm('bookworm', { name: 'kvm-6.1-loud', append: `console=ttyAMA0 ${LOUD}` }),
  kvm('bookworm', { name: 'kvm-6.1-split', cpu: 'cortex-a57' }),
  kvm('bookworm', {
    name: 'kvm-6.1-protected',
    append: 'console=ttyAMA0 kvm-arm.mode=protected',
    says: ['Protected nVHE mode initialized', GUEST_ENDED],
  }),
  kvm('bookworm', { name: 'kvm-6.1-2-vcpus', pes: 2, append: 'console=ttyAMA0 quiet VMM="--cpus 2"' }),
  kvm('bookworm', { name: 'kvm-6.1-gicv2', gic: 2, append: 'console=ttyAMA0 quiet VMM="--gic 2"' }),
  kvm('bookworm', { name: 'kvm-6.1-qemu', initrd: 'initramfs-qemu-bookworm.cpio' }),
  kvm('bookworm', {
    name: 'kvm-6.1-qemu-2-vcpus',
    pes: 2,
    initrd: 'initramfs-qemu-bookworm.cpio',
    append: 'console=ttyAMA0 quiet VMM="-smp 2"',
  }),
  kvm('trixie-backports', { name: 'kvm-7.3' }),
  kvm('trixie-backports', {
    name: 'kvm-7.3-protected',
    append: 'console=ttyAMA0 kvm-arm.mode=protected',
    says: ['Protected hVHE mode initialized', GUEST_ENDED],
  }),
  kvm('trixie-backports', {
    name: 'nested-7.3',
    milestone: 'L0, L1 and L2 run their init, all power off',
    initrd: 'initramfs-nested.cpio',
    memory: '1536M',
    append: 'console=ttyAMA0 kvm-arm.mode=nested VMM="--el2 --memory 512"',
    says: ['VHE+NV2 mode initialized', GUEST_ENDED],
    limit: 600,
  }),

  xen('bookworm', '4.17'),
  xen('trixie', '4.20'),
];

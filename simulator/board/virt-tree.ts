/** The device tree that describes the board, for its configuration. Bindings are those of the Devicetree project. */

import { GICV2_MAP } from '../gic/gicv2-map.ts';
import { GICV3_MAP } from '../gic/gicv3.ts';
import { cells64, type DeviceTree, node, type TreeNode } from './device-tree.ts';
import { affinity, type MapRow, RAM_BASE, VIRT_MAP, VIRTIO_SLOTS } from './virt-map.ts';

/** What the tree depends on. */
export interface TreeConfig {
  readonly gic: 2 | 3;
  /** GICv3 only. */
  readonly its: boolean;
  readonly pes: number;
  /** Whether there are the devices for firmware at EL3. */
  readonly secure: boolean;
  /** Bytes of RAM. */
  readonly memory: number;
  /** How firmware is called; undefined when the image brings its own. */
  readonly psci: 'hvc' | 'smc' | undefined;
  /** Whether the PEs have EL2, and with it the maintenance interrupt. */
  readonly el2: boolean;
  /** Whether the PEs have FEAT_VHE, and with it the EL2 virtual timer. */
  readonly vhe: boolean;
  /** `compatible` of the PEs, such as `arm,cortex-a57`. */
  readonly peCompatible: string;
  /** Devices that were left out of the board. */
  readonly pmu: boolean;
}

const GIC_PHANDLE = 1;
const CLOCK_PHANDLE = 2;
const GPIO_PHANDLE = 3;
const ITS_PHANDLE = 4;
/** PE n has this phandle plus n. */
const PE_PHANDLE = 0x100;

const SPI = 0;
const PPI = 1;
const EDGE_RISING = 1;
const LEVEL_HIGH = 4;
const KEY_POWER = 116;
/** Line of the PL061 that the power key drives. */
export const POWER_KEY_LINE = 3;

const REG = (row: { base: number; size: number }): number[] => [...cells64(row.base), ...cells64(row.size)];
const AT = (name: string, row: { base: number }): string => `${name}@${row.base.toString(16)}`;
const SPI_OF = (row: MapRow & { spi: number }, flags: number): number[] => [SPI, row.spi, flags];

/** A PrimeCell with the peripheral clock. */
function primeCell(name: string, row: MapRow & { spi: number }, more: Parameters<typeof node>[1] = {}): TreeNode {
  return node(AT(name, row), {
    compatible: [`arm,${name}`, 'arm,primecell'],
    reg: REG(row),
    interrupts: SPI_OF(row, LEVEL_HIGH),
    clocks: [CLOCK_PHANDLE],
    'clock-names': 'apb_pclk',
    ...more,
  });
}

function interruptController(config: TreeConfig): TreeNode {
  const common = {
    phandle: [GIC_PHANDLE],
    '#interrupt-cells': [3],
    'interrupt-controller': true,
    '#address-cells': [2],
    '#size-cells': [2],
    ranges: true,
    ...(config.el2 ? { interrupts: [PPI, 9, LEVEL_HIGH] } : {}),
  } as const;
  if (config.gic === 2) {
    const frames: { base: number; size: number }[] = [GICV2_MAP.distributor, GICV2_MAP.cpu];
    if (config.el2) frames.push(GICV2_MAP.hypervisor, GICV2_MAP.virtual);
    return node(AT('intc', GICV2_MAP.distributor), {
      compatible: 'arm,cortex-a15-gic',
      reg: frames.flatMap(REG),
      ...common,
    });
  }
  const { distributor, redistributor, its } = GICV3_MAP;
  const itsNode = node(AT('its', its), {
    compatible: 'arm,gic-v3-its',
    reg: REG(its),
    'msi-controller': true,
    '#msi-cells': [1],
    phandle: [ITS_PHANDLE],
  });
  return node(
    AT('intc', distributor),
    {
      compatible: 'arm,gic-v3',
      reg: [...REG(distributor), ...REG({ base: redistributor.base, size: redistributor.size * config.pes })],
      '#redistributor-regions': [1],
      ...common,
    },
    config.its ? [itsNode] : [],
  );
}

function pes(config: TreeConfig): TreeNode {
  const list = Array.from({ length: config.pes }, (_, pe) => {
    const reg = affinity(pe, config.gic);
    return node(`cpu@${reg.toString(16)}`, {
      device_type: 'cpu',
      compatible: config.peCompatible,
      reg: [reg],
      ...(config.psci === undefined ? {} : { 'enable-method': 'psci' }),
      phandle: [PE_PHANDLE + pe],
    });
  });
  const cores = list.map((_, pe) => node(`core${pe}`, { cpu: [PE_PHANDLE + pe] }));
  const map = node('cpu-map', {}, [node('socket0', {}, [node('cluster0', {}, cores)])]);
  return node('cpus', { '#address-cells': [1], '#size-cells': [0] }, [map, ...list]);
}

/** PPI numbers (INTID less 16) of the secure and the non-secure physical, the virtual and the EL2 timers. */
function timer(config: TreeConfig): TreeNode {
  const numbers = config.vhe ? [13, 14, 11, 10, 12] : [13, 14, 11, 10];
  return node('timer', {
    compatible: ['arm,armv8-timer', 'arm,armv7-timer'],
    interrupts: numbers.flatMap(number => [PPI, number, LEVEL_HIGH]),
    'always-on': true,
  });
}

const CLOCKS = [CLOCK_PHANDLE, CLOCK_PHANDLE];
/** What only EL3 may use. */
const FOR_EL3 = { status: 'disabled', 'secure-status': 'okay' };

/** A tree without command line and initrd, which the loader adds when it knows where they are. */
export function virtTree(config: TreeConfig): DeviceTree {
  const { virtio, uart, rtc, gpio, fwCfg, flash0, flash1, secureUart, secureRam } = VIRT_MAP;
  const slots = Array.from({ length: VIRTIO_SLOTS }, (_, slot) => {
    const row = { ...virtio, base: virtio.base + slot * virtio.size, spi: virtio.spi + slot };
    return node(AT('virtio_mmio', row), {
      compatible: 'virtio,mmio',
      reg: REG(row),
      interrupts: SPI_OF(row, EDGE_RISING),
      'dma-coherent': true,
    });
  });
  const psci = node('psci', {
    compatible: ['arm,psci-1.0', 'arm,psci-0.2', 'arm,psci'],
    method: config.psci ?? '',
    cpu_suspend: [0xc4000001],
    cpu_off: [0x84000002],
    cpu_on: [0xc4000003],
  });
  const root = node(
    '',
    {
      compatible: 'linux,dummy-virt',
      model: 'linux,dummy-virt',
      '#address-cells': [2],
      '#size-cells': [2],
      'interrupt-parent': [GIC_PHANDLE],
      'dma-coherent': true,
    },
    [
      node('chosen', {
        'stdout-path': `/${AT('pl011', uart)}`,
        // Fixed, because a run has to be repeatable.
        'kaslr-seed': [0x2f6b1d35, 0x9c84e7a1],
        'rng-seed': [0x5bd1e995, 0x1b873593, 0xcc9e2d51, 0xe6546b64, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f, 0x165667b1],
      }),
      node(`memory@${RAM_BASE.toString(16)}`, {
        device_type: 'memory',
        reg: [...cells64(RAM_BASE), ...cells64(config.memory)],
      }),
      pes(config),
      ...(config.psci === undefined ? [] : [psci]),
      timer(config),
      ...(config.pmu ? [node('pmu', { compatible: 'arm,armv8-pmuv3', interrupts: [PPI, 7, LEVEL_HIGH] })] : []),
      interruptController(config),
      node('apb-pclk', {
        compatible: 'fixed-clock',
        '#clock-cells': [0],
        'clock-frequency': [24_000_000],
        'clock-output-names': 'clk24mhz',
        phandle: [CLOCK_PHANDLE],
      }),
      node(AT('flash', flash0), {
        compatible: 'cfi-flash',
        reg: [...REG(flash0), ...REG(flash1)],
        'bank-width': [4],
      }),
      primeCell('pl011', uart, { clocks: CLOCKS, 'clock-names': ['uartclk', 'apb_pclk'] }),
      ...(config.secure
        ? [
            primeCell('pl011', secureUart, { ...FOR_EL3, clocks: CLOCKS, 'clock-names': ['uartclk', 'apb_pclk'] }),
            node(`secram@${secureRam.base.toString(16)}`, { device_type: 'memory', reg: REG(secureRam), ...FOR_EL3 }),
          ]
        : []),
      primeCell('pl031', rtc),
      node(AT('fw-cfg', fwCfg), { compatible: 'qemu,fw-cfg-mmio', reg: REG(fwCfg), 'dma-coherent': true }),
      primeCell('pl061', gpio, { 'gpio-controller': true, '#gpio-cells': [2], phandle: [GPIO_PHANDLE] }),
      node('gpio-keys', { compatible: 'gpio-keys' }, [
        node('poweroff', {
          label: 'GPIO Key Poweroff',
          'linux,code': [KEY_POWER],
          gpios: [GPIO_PHANDLE, POWER_KEY_LINE, 0],
        }),
      ]),
      ...slots,
    ],
  );
  return { root, reservations: [], bootPe: 0 };
}

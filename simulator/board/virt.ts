/** The `virt` board: builds the devices around the PEs from a configuration. */

import { GicV2 } from '../gic/gicv2.ts';
import { GicV3 } from '../gic/gicv3.ts';
import { GenericTimers } from '../timer/generic-timers.ts';
import {
  Bus,
  type Clock,
  COUNTER_FREQUENCY,
  type Device,
  type GuestMemory,
  type PeLines,
  type Region,
} from './device.ts';
import type { DeviceTree } from './device-tree.ts';
import { Flash } from './devices/flash.ts';
import { FwCfg } from './devices/fw-cfg.ts';
import { Pl011 } from './devices/pl011.ts';
import { Pl031 } from './devices/pl031.ts';
import { Pl061 } from './devices/pl061.ts';
import { affinity, type MapRow, VIRT_MAP, VIRTIO_SLOTS } from './virt-map.ts';
import { POWER_KEY_LINE, type TreeConfig, virtTree } from './virt-tree.ts';
import { type VirtioBackend, VirtioMmio } from './virtio/mmio.ts';

export interface BoardConfig {
  readonly gic: 2 | 3;
  /** 1 to 64 with a GICv3, 1 to 8 with a GICv2. */
  readonly pes: number;
  /** Bytes of RAM. */
  readonly memory: number;
  /** How PSCI is called; undefined when an EL3 image brings its own. */
  readonly psci: 'hvc' | 'smc' | undefined;
  readonly el2: boolean;
  readonly vhe: boolean;
  /** GICv3 only: whether there is an ITS; there is when left out. */
  readonly its?: boolean;
  /** `compatible` of the PEs in the device tree. */
  readonly peCompatible?: string;
  /** Whether the PEs have a PMU. */
  readonly pmu?: boolean;
  /** List registers of each PE; 4 when left out. */
  readonly listRegisters?: number;
  /** Devices for the virtio slots, from the first slot on. */
  readonly virtio?: readonly VirtioBackend[];
  /** Whether there are the devices for firmware at EL3: a UART and lines that turn the power off and reset. */
  readonly secure?: boolean;
  /** Files of fw_cfg by name. */
  readonly fwCfgFiles?: ReadonlyMap<string, Uint8Array>;
}

/** How long a press of the power key lasts, in ticks: longer than any driver debounces. */
const KEY_PRESS = COUNTER_FREQUENCY / 10;

/** Lines of the secure PL061, as on a `virt` board of QEMU. */
const POWER_OFF_LINE = 0;
const RESET_LINE = 1;

/** What the machine gives to the board. */
export interface BoardHost {
  readonly clock: Clock;
  readonly lines: PeLines;
  readonly memory: GuestMemory;
  /** The PE whose access a device is answering: the registers of a GICv2 are banked by it. */
  activePe(): number;
  /** CNTVOFF_EL2 of a PE. */
  virtualOffset(pe: number): bigint;
  /** CNTPOFF_EL2 of a PE where it applies, else 0. */
  physicalOffset(pe: number): bigint;
  /** The board's own ways to end a run. */
  powerOff(): void;
  reset(): void;
}

export interface Board {
  readonly bus: Bus;
  /** By its `version` one or the other. */
  readonly gic: GicV2 | GicV3;
  readonly timers: GenericTimers;
  readonly uart: Pl011;
  readonly rtc: Pl031;
  readonly flash: readonly [Flash, Flash];
  readonly gpio: Pl061;
  readonly secure: { readonly uart: Pl011; readonly gpio: Pl061 } | undefined;
  /** What the board looks like; the loader adds what it needs to a copy. */
  readonly tree: DeviceTree;
  /** MPIDR_EL1 affinity of each PE. */
  readonly affinities: readonly number[];
  /** Presses the power key for a tenth of a second of modelled time. */
  pressPower(): void;
  /** Brings everything that goes by time up to the count `now` of a PE. */
  update(pe: number, now: number): void;
  /** The count at which `update` has something to do next; undefined for never. */
  nextDeadline(pe: number): number | undefined;
  snapshot(): unknown;
  restore(state: unknown): void;
}

/** Throws a sentence for a configuration that no board has. */
export function buildVirtBoard(config: BoardConfig, host: BoardHost): Board {
  const limit = config.gic === 2 ? 8 : 64;
  if (!Number.isInteger(config.pes) || config.pes < 1 || config.pes > limit) {
    throw new Error(`A board with a GICv${config.gic} has 1 to ${limit} PEs, not ${config.pes}.`);
  }
  const affinities = Array.from({ length: config.pes }, (_, pe) => affinity(pe, config.gic));
  const its = config.gic === 3 && (config.its ?? true);
  const gic =
    config.gic === 2
      ? new GicV2(config, host.lines, () => host.activePe())
      : new GicV3({ ...config, affinities, memory: its ? host.memory : undefined }, host.lines);
  const timers = new GenericTimers(config.pes, {
    clock: host.clock,
    virtualOffset: host.virtualOffset,
    physicalOffset: host.physicalOffset,
    setPpi: (pe, intid, level) => gic.setPpi(pe, intid, level),
  });
  const line =
    ({ spi }: { spi: number }) =>
    (level: boolean) =>
      gic.setSpi(spi, level);
  const uart = new Pl011(line(VIRT_MAP.uart));
  const rtc = new Pl031(host.clock, line(VIRT_MAP.rtc));
  const flash: [Flash, Flash] = [
    new Flash(VIRT_MAP.flash0.name, VIRT_MAP.flash0.size),
    new Flash(VIRT_MAP.flash1.name, VIRT_MAP.flash1.size),
  ];
  const gpio = new Pl061(line(VIRT_MAP.gpio));
  const secure = config.secure ? { uart: new Pl011(line(VIRT_MAP.secureUart)), gpio: new Pl061(() => {}) } : undefined;
  if (secure)
    secure.gpio.onOutput = (pin, high) => {
      if (high && pin === POWER_OFF_LINE) host.powerOff();
      if (high && pin === RESET_LINE) host.reset();
    };
  const backends = config.virtio ?? [];
  if (backends.length > VIRTIO_SLOTS) {
    throw new Error(`There are ${VIRTIO_SLOTS} virtio slots, too few for ${backends.length} devices.`);
  }
  const slots = Array.from({ length: VIRTIO_SLOTS }, (_, slot): Region => {
    const { name, base, size, spi } = VIRT_MAP.virtio;
    const backend = backends[slot];
    const memory = host.memory.as(`${backend?.name ?? 'virtio'} in slot ${slot}`);
    const device = new VirtioMmio(`${name} slot ${slot}`, backend, memory, line({ spi: spi + slot }));
    return { base: base + slot * size, size, device };
  });
  let keyUp = Number.POSITIVE_INFINITY;
  const at = (row: MapRow, device: Device): Region => ({ base: row.base, size: row.size, device });
  const bus = new Bus([
    ...gic.regions,
    at(VIRT_MAP.uart, uart),
    at(VIRT_MAP.rtc, rtc),
    at(VIRT_MAP.fwCfg, new FwCfg(host.memory.as('fw_cfg'), config.pes, config.fwCfgFiles)),
    at(VIRT_MAP.gpio, gpio),
    ...(secure ? [at(VIRT_MAP.secureUart, secure.uart), at(VIRT_MAP.secureGpio, secure.gpio)] : []),
    ...slots,
    at(VIRT_MAP.flash0, flash[0]),
    at(VIRT_MAP.flash1, flash[1]),
  ]);
  const treeConfig: TreeConfig = {
    ...config,
    its,
    peCompatible: config.peCompatible ?? 'arm,armv8',
    pmu: config.pmu ?? false,
    secure: config.secure ?? false,
  };

  return {
    bus,
    gic,
    timers,
    uart,
    rtc,
    flash,
    gpio,
    secure,
    affinities,
    tree: virtTree(treeConfig),
    pressPower() {
      gpio.setInput(POWER_KEY_LINE, true);
      keyUp = host.clock.ticks(0) + KEY_PRESS;
    },
    update(pe, now) {
      timers.update(pe, now);
      rtc.update();
      if (now < keyUp) return;
      keyUp = Number.POSITIVE_INFINITY;
      gpio.setInput(POWER_KEY_LINE, false);
    },
    nextDeadline(pe) {
      const never = Number.POSITIVE_INFINITY;
      const next = Math.min(timers.nextDeadline(pe) ?? never, rtc.nextDeadline() ?? never, keyUp);
      return next === never ? undefined : next;
    },
    snapshot: () => ({ devices: bus.regions.map(({ device }) => device.snapshot()), timers: timers.snapshot(), keyUp }),
    restore(state) {
      const saved = state as { devices: unknown[]; timers: unknown; keyUp: number };
      for (const [index, { device }] of bus.regions.entries()) device.restore(saved.devices[index]);
      timers.restore(saved.timers);
      keyUp = saved.keyUp;
    },
  };
}

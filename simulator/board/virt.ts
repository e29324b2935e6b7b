/** The `virt` board: builds the devices around the PEs from a configuration. */

import type { Gic } from '../gic/gic.ts';
import { GicV2 } from '../gic/gicv2.ts';
import { GicV3 } from '../gic/gicv3.ts';
import { GenericTimers } from '../timer/generic-timers.ts';
import { Bus, type Clock, type Device, type GuestMemory, type PeLines, type Region } from './device.ts';
import type { DeviceTree } from './device-tree.ts';
import { Flash } from './devices/flash.ts';
import { Pl011 } from './devices/pl011.ts';
import { Pl031 } from './devices/pl031.ts';
import { affinity, type MapRow, VIRT_MAP } from './virt-map.ts';
import { type TreeConfig, virtTree } from './virt-tree.ts';

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
  /** `compatible` of the PEs in the device tree. */
  readonly peCompatible?: string;
  /** Whether the PEs have a PMU. */
  readonly pmu?: boolean;
  /** List registers of each PE; 4 when left out. */
  readonly listRegisters?: number;
}

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
}

export interface Board {
  readonly bus: Bus;
  readonly gic: Gic;
  readonly timers: GenericTimers;
  readonly uart: Pl011;
  readonly rtc: Pl031;
  readonly flash: readonly [Flash, Flash];
  readonly tree: DeviceTree;
  /** MPIDR_EL1 affinity of each PE. */
  readonly affinities: readonly number[];
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
  const gic: Gic =
    config.gic === 2
      ? new GicV2(config, host.lines, () => host.activePe())
      : new GicV3({ ...config, affinities }, host.lines);
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
  const at = (row: MapRow, device: Device): Region => ({ base: row.base, size: row.size, device });
  const bus = new Bus([
    ...gic.regions,
    at(VIRT_MAP.uart, uart),
    at(VIRT_MAP.rtc, rtc),
    at(VIRT_MAP.flash0, flash[0]),
    at(VIRT_MAP.flash1, flash[1]),
  ]);
  const treeConfig: TreeConfig = {
    ...config,
    its: false,
    peCompatible: config.peCompatible ?? 'arm,armv8',
    pmu: config.pmu ?? false,
  };

  return {
    bus,
    gic,
    timers,
    uart,
    rtc,
    flash,
    affinities,
    tree: virtTree(treeConfig),
    update(pe, now) {
      timers.update(pe, now);
      rtc.update();
    },
    nextDeadline(pe) {
      const timer = timers.nextDeadline(pe);
      const alarm = rtc.nextDeadline();
      return timer === undefined ? alarm : alarm === undefined ? timer : Math.min(timer, alarm);
    },
    snapshot: () => ({ devices: bus.regions.map(({ device }) => device.snapshot()), timers: timers.snapshot() }),
    restore(state) {
      const saved = state as { devices: unknown[]; timers: unknown };
      for (const [index, { device }] of bus.regions.entries()) device.restore(saved.devices[index]);
      timers.restore(saved.timers);
    },
  };
}

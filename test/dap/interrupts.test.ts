/** Stops at interrupts by their INTID, with both interrupt controllers, at the host's and at its guest's. */

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { systemConfiguration } from '../../extension/system-configurations.ts';
import { systemNamed } from '../../simulator/hypervisors/systems.ts';
import { inProcess, type RealClient, ROOT } from './support.ts';

let client: RealClient;
afterEach(() => client.dispose());

/** The timer of the guest is the physical one of the host in split mode, and its own with VHE. */
const TIMERS = { 'kvm-arm/split': '30 \\(physical timer\\)', 'kvm-arm/vhe-opt': '27 \\(virtual timer\\)' } as const;

for (const gic of [2, 3] as const) {
  for (const [system, timer] of Object.entries(TIMERS)) {
    test(`of ${system} with GICv${gic}, physical and virtual ones`, async () => {
      client = inProcess();
      // Each measurement of the guest is made a few times only.
      const set = { bench_divisor: 64 };
      await client.start({ ...systemConfiguration(systemNamed(system), ROOT), gic, set });
      const stopAt = async (filterId: string, condition: string): Promise<string> => {
        await client.filter({ filterId, condition });
        return (await client.until('continue')).text;
      };
      // The host wakes the other PE, which leaves its guest; then that guest takes what the other vCPU has sent.
      assert.match(await stopAt('irq', 'intid == 0 && from.el == 1 && to.el == 2'), /: INTID 0 \(SGI 0\)\.$/);
      assert.match(await stopAt('virtual-irq', 'intid < 16 && vmid == 1'), /from EL1 to EL1 .*: INTID 1 \(SGI 1\)\.$/);
      assert.match(await stopAt('irq', 'intid >= 27 && intid < 32'), new RegExp(`: INTID ${timer}\\.$`));
      assert.match(
        await stopAt('virtual-irq', 'intid == 27 && vmid == 1'),
        /^IRQ taken from EL1 to EL1 .*: INTID 27 \(virtual timer\)\.$/,
      );
    });
  }
}

/** The built-in systems through a whole session each, word for word but for addresses. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemConfiguration } from '../../extension/system-configurations.ts';
import { systemNamed } from '../../simulator/hypervisors/systems.ts';
import { journey, withoutPlaces } from './journey.ts';
import { inProcess, PROGRAM, ROOT } from './support.ts';

const system = (name: string): object => ({ ...systemConfiguration(systemNamed(name), ROOT) });

const SYSTEMS: Readonly<Record<string, object>> = {
  'first-light': { program: PROGRAM, cwd: ROOT },
  'kvm-arm-split': system('kvm-arm/split'),
  'kvm-arm-vhe': system('kvm-arm/vhe'),
  'kvm-arm-vhe-opt': system('kvm-arm/vhe-opt'),
  type1: system('type1'),
  'nested-nv2': system('nested/nv2'),
};

for (const [name, configuration] of Object.entries(SYSTEMS)) {
  test(`a session in ${name}, from the first entry of its guest to a list register and back`, async () => {
    const client = inProcess();
    try {
      await client.start(configuration);
      // The first guest of a host of guest hypervisors is one of those; its own is what the session is about.
      await journey(client, name === 'nested-nv2' ? 'guest_main' : undefined);
      withoutPlaces(client);
      client.golden(name);
      // A trap, a world switch and a list register are in it, whatever the golden file says.
      const text = client.transcript.join('\n');
      for (const part of [/EL1 → (L0 )?EL2: \w+/, /EL2 → (L2 )?(virtual )?EL[12]: ERET/, /MSR of ICH_LR\d+_EL2/])
        assert.match(text, part);
    } finally {
      client.dispose();
    }
  });
}

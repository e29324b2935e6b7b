/** The built-in KVM/ARM through a whole session, word for word but for addresses. */

import { test } from 'node:test';
import { systemConfiguration } from '../../extension/system-configurations.ts';
import { systemNamed } from '../../simulator/hypervisors/systems.ts';
import { journey, withoutPlaces } from './journey.ts';
import { inProcess, ROOT } from './support.ts';

for (const name of ['split', 'vhe-opt']) {
  test(`a session in kvm-arm/${name}, from the first entry of its guest to a list register and back`, async () => {
    const client = inProcess();
    try {
      await client.start({ ...systemConfiguration(systemNamed(`kvm-arm/${name}`), ROOT) });
      await journey(client);
      withoutPlaces(client);
      client.golden(`kvm-arm-${name}`);
    } finally {
      client.dispose();
    }
  });
}

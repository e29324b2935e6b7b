/**
 * Linux with KVM from boot to its first guest, in a whole session: `npm run test:long`.
 * It takes a minute or two, so it is no part of `npm test`.
 */

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { imagePath, takeImages } from '../../scripts/images.mjs';
import { journey, withoutPlaces } from './journey.ts';
import { inProcess } from './support.ts';

const IMAGES = ['linux-bookworm', 'initramfs-kvm-bookworm.cpio'] as const;
before(() => takeImages([...IMAGES]));

test('a session in KVM of Linux 6.1: its guest, why it exits, the list register, and back', async () => {
  const client = inProcess();
  // Booting takes longer than a test is usually patient.
  client.patience = 600_000;
  try {
    const [program, initrd] = IMAGES.map(imagePath);
    await client.start({ program, initrd, append: 'console=ttyAMA0 quiet', memory: '1G' });
    await journey(client);
    const { length } = client.transcript.filter(line => line.includes('"reason":"exception"'));
    assert.equal(length, 5);
    withoutPlaces(client);
    client.golden('linux-kvm-6.1');
  } finally {
    client.dispose();
  }
});

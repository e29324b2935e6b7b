/** What the views ask: the timeline, world switches, the virtual interface, regimes, documentation. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { inProcess, type RealClient } from './support.ts';

let client: RealClient;

before(async () => {
  client = inProcess();
  await client.start();
  await client.breakAt('vgic.c', 'inject');
  assert.equal((await client.until('continue')).reason, 'breakpoint');
});
after(() => client.dispose());

const ask = (command: string, args: object = {}) => client.request(`hyperstep/${command}`, args);

describe('the timeline', () => {
  test('gives few events one by one, and many in parts that agree with them', async () => {
    const single = await ask('timeline', { parts: 4096 });
    const { events } = single.lanes[0];
    const parts = await ask('timeline', { parts: 4 });
    let counted = 0;
    for (let n = 0; n < parts.lanes[0].classes.length; n += 3) counted += parts.lanes[0].classes[n + 2];
    assert.equal(events.length / 6, counted);
    assert.equal(single.now, single.end);
  });

  test('is right after going back: the future stays until the run differs', async () => {
    const before = await ask('timeline', { parts: 4096 });
    await client.request('hyperstep/goTo', { instructions: Math.floor(before.now / 2) });
    await client.event('stopped');
    const back = await ask('timeline', { parts: 4096 });
    assert.deepEqual(back.lanes, before.lanes);
    assert.equal(back.end, before.end);
    assert.ok(back.now < back.end);
    await client.request('hyperstep/goTo', { instructions: before.now });
    await client.event('stopped');
    assert.deepEqual((await ask('timeline', { parts: 4096 })).lanes, before.lanes);
  });

  test('names each event, and sums them by class', async () => {
    const { events, total } = await ask('timelineEvents', { first: 0, count: 10_000 });
    assert.equal(events.length, total);
    const hvc = events.filter((one: { class: string }) => one.class === 'hvc');
    assert.match(hvc[0].reason, /^HVC #0x/);
    assert.equal(hvc[0].vmid, 1);
    const { pes } = await ask('timelineStatistics');
    const sum = pes[0].classes.find((one: { class: string }) => one.class === 'hvc');
    assert.equal(sum.count, hvc.length);
    assert.ok(sum.cycles > 0);
  });

  test('refuses what is no stretch with a sentence', async () => {
    await assert.rejects(ask('timeline', { parts: 4, from: 'here' }), /"from" is "here"; it has to be a number/);
    await assert.rejects(ask('worldSwitch', { exit: 1e9, entry: 1e9 }), /has no world switch from event 1000000000/);
  });
});

describe('a world switch', () => {
  test('is recorded with functions, levels and registers, and leaves the machine where it is', async () => {
    const { switches } = await ask('worldSwitches');
    assert.ok(switches.length > 0);
    const before = await ask('machine');
    const recording = await ask('worldSwitch', switches[0]);
    assert.deepEqual(await ask('machine'), before);
    assert.equal(recording.cycles, switches[0].cycles);
    const names = recording.segments.flatMap((one: { parts: { name: string }[] }) => one.parts.map(({ name }) => name));
    assert.ok(names.includes('handle_exit'), names.join());
    assert.ok(recording.accesses.some((one: { register: string }) => one.register === 'ESR_EL2'));
  });
});

describe('the present state', () => {
  test('has PEs with interrupts and timers, and regimes with their tables', async () => {
    const [pe] = (await ask('machine')).pes;
    assert.deepEqual([pe.el, pe.security, pe.function], [2, 'non-secure', 'vgic_inject']);
    assert.ok(pe.timers.some((one: { name: string }) => one.name === 'CNTV'));
    const { regimes } = await ask('regimes');
    const stage2 = regimes.find((one: { stage: number }) => one.stage === 2);
    assert.deepEqual([stage2.vmid, stage2.enabled], [1, true]);
    assert.deepEqual((await ask('staleTranslations')).entries, []);
  });

  test('says of the virtual interface what is next', async () => {
    const { next, maintenanceUp } = await ask('virtualInterface');
    assert.equal(next, undefined);
    assert.equal(maintenanceUp, false);
  });

  test('documents a register with its fields, and refuses another name', async () => {
    const { markdown } = await ask('documentation', { name: 'hcr_el2' });
    assert.match(markdown, /^# HCR_EL2[\s\S]*\| 0 \| VM \|/);
    await assert.rejects(ask('documentation', { name: 'NOBODY' }), /There is no register named NOBODY/);
  });
});

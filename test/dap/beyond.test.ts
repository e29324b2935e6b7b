/** What this debugger has beyond the usual: regimes as breakpoint modes, targets of a step, PEs switched off, reasons. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { inProcess, lineOf, marker, type RealClient, source } from './support.ts';

let client: RealClient;
beforeEach(() => {
  client = inProcess();
});
afterEach(() => client.dispose());

const ask = (expression: string): Promise<string> => client.evaluate(expression, { context: 'repl' });

describe('breakpoint modes', () => {
  test('bind an address to a regime', async () => {
    await client.start();
    const set = (mode: string): Promise<unknown> =>
      client.request('setInstructionBreakpoints', { breakpoints: [{ instructionReference: '0x80000000', mode }] });
    // The guest is entered at this VA of EL1&0; EL2 has nothing there.
    await set('EL2');
    await client.breakAt('exits.c', 'hypercall');
    assert.equal((await client.until('continue')).reason, 'breakpoint');
    await client.request('restart');
    await client.event('stopped');
    await set('EL1&0');
    assert.equal((await client.until('continue')).reason, 'instruction breakpoint');
    assert.equal((await client.request('threads')).threads[0].name, 'PE 0 · EL1 · EL1&0 · VMID 1');
  });

  test('are refused by name when there is no such regime', async () => {
    await client.start();
    const { breakpoints } = await client.request('setBreakpoints', {
      source: { path: source('vgic.c') },
      breakpoints: [{ line: marker('vgic.c', 'inject'), mode: 'ring 0' }],
    });
    assert.deepEqual(
      [breakpoints[0].verified, breakpoints[0].message.slice(0, 32)],
      [false, '"ring 0" is no breakpoint mode: '],
    );
  });
});

describe('targets of a step', () => {
  const targets = async (): Promise<{ id: number; label: string }[]> =>
    (await client.request('stepInTargets', { frameId: (await client.frames())[0].id })).targets;

  test('are the functions that the line calls', async () => {
    await client.start();
    await client.breakAt('main.c', { line: lineOf('main.c', 'handle_exit(&vcpu, reason)') });
    await client.until('continue');
    const [target] = await targets();
    assert.equal(target.label, 'handle_exit');
    await client.until('stepIn', { targetId: target.id });
    assert.match(await client.top(), /^handle_exit(\+0x\w+)?:/);
  });

  test('include the vector of a hypercall', async () => {
    await client.start();
    await client.request('setInstructionBreakpoints', { breakpoints: [{ instructionReference: '0x80000f84' }] });
    await client.until('continue');
    const [target] = await targets();
    assert.equal(target.label, 'HVC: vectors at EL2');
    await client.until('stepIn', { targetId: target.id });
    assert.match(await client.top(), /^vectors\+0x400:/);
    assert.match(await client.refused('stepIn', { threadId: 1, targetId: 99 }), /There is no target 99/);
  });
});

test('a PE is switched off, the last one is not', async () => {
  await client.start({ pes: 2, el: 3 });
  await client.request('terminateThreads', { threadIds: [2] });
  assert.deepEqual((await client.event('thread')).body, { reason: 'exited', threadId: 2 });
  const { threads } = await client.request('threads');
  assert.equal(threads[1].name, 'PE 1 · off');
  assert.match(await client.refused('terminateThreads', { threadIds: [1] }), /^The last PE that is on/);
  assert.match(await client.refused('terminateThreads', { threadIds: [7] }), /^There is no thread 7/);
});

describe('the console', () => {
  const REASONS: readonly (readonly [filter: string, reason: RegExp])[] = [
    ['trap-wfx', /^Trapped WFI, from EL1 to EL2\. WFI at EL1 traps to EL2 because HCR_EL2\.TWI is 1\.\n/],
    ['trap-sysreg', /MRS of ID_AA64PFR0_EL1 at EL1 traps to EL2 because HCR_EL2\.TID3 is 1\.\n/],
    [
      'trap-stage2-abort',
      /^Data abort .* 0x9000018 in EL1&0 does not translate: Translation fault, level 1, stage 2\./,
    ],
    ['trap-hvc', /^HVC #0x0, from EL1 to EL2\. HVC at EL1 executes\.$/],
  ];
  for (const [filter, reason] of REASONS) {
    test(`says why ${filter} happened`, async () => {
      await client.start();
      await client.filter(filter);
      await client.until('continue');
      assert.match(await ask('why'), reason);
    });
  }

  test('says what an access would do, and where an address leads', async () => {
    await client.start();
    await client.reach('exits.c', 'hypercall');
    assert.equal(await ask('would wfi at el1'), 'WFI at EL1 traps to EL2 because HCR_EL2.TWI is 1.');
    assert.match(await ask('would mrs id_aa64isar0_el1 at el1'), /traps to EL2 because HCR_EL2\.TID3 is 1/);
    assert.match(await ask('would msr vbar_el1 at el1'), /^MSR of VBAR_EL1 at EL1 accesses the register\.$/);
    assert.match(await ask('would msr vbar_el2 at el1'), /UNDEFINED/);
    assert.match(await ask('walk el1:0x80002010'), /^0x80002010 in EL1&0 is IPA 0x80002010, PA 0x40202010, /);
    assert.match(
      await client.refused('evaluate', { expression: 'would frob', context: 'repl' }),
      /"frob" is no system/,
    );
    assert.match(await ask('help'), /^help +This list\.\nwhy +Why the last/);
  });

  test('completes its words and the fields of registers', async () => {
    await client.start();
    const labels = async (text: string): Promise<string[]> =>
      (await client.request('completions', { text, column: text.length + 1 })).targets.map(
        (one: { label: string }) => one.label,
      );
    assert.ok((await labels('wh')).includes('why'));
    assert.ok((await labels('$hcr_el2.t')).includes('twi'));
    assert.ok((await labels('$ich_lr')).includes('ich_lr0_el2'));
  });
});

test('a word that means nothing is no matter for a pop-up where the mouse rests or the console shows it', async () => {
  await client.start();
  const pops = async (context?: string): Promise<unknown> => {
    const response = await client.ask('evaluate', { expression: 'no_such_word', ...(context ? { context } : {}) });
    assert.equal(response.success, false);
    return response.body.error.showUser;
  };
  for (const context of ['hover', 'watch', 'repl']) assert.equal(await pops(context), false, context);
  for (const context of ['clipboard', undefined]) assert.equal(await pops(context), true, context);
});

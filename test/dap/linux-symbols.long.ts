/**
 * Linux with the debug data of its package, 260 MB of it, and KASLR: `npm run test:long`. Taking the package costs 700 MB
 * of disk for a while, so it is no part of `npm test`.
 */

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { imagePath, takeImages } from '../../scripts/images.mjs';
import { inProcess } from './support.ts';

const IMAGES = ['linux-bookworm', 'initramfs-shell.cpio', 'vmlinux-bookworm'] as const;
before(() => takeImages([...IMAGES]));

test('Linux 6.1 with its vmlinux: breakpoints, frames, inlined functions, variables and types in less than 1 GiB', async () => {
  const client = inProcess();
  client.patience = 300_000;
  const [program, initrd, vmlinux] = IMAGES.map(imagePath);
  try {
    const cpu = process.cpuUsage();
    await client.launch({
      program,
      initrd,
      append: 'console=ttyAMA0',
      memory: '512M',
      el: 1,
      timeTravel: false,
      symbols: [{ file: vmlinux, regime: 'EL1&0' }],
    });
    const [first] = (await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'start_kernel' }] }))
      .breakpoints;
    assert.deepEqual([first.verified, first.source.name], [true, 'main.c']);
    await client.request('configurationDone');
    await client.event('stopped');
    const seconds = process.cpuUsage(cpu).user / 1e6;
    console.log(`first stop after ${seconds.toFixed(1)} s of CPU time`);

    const path = '/usr/src/linux/init/main.c';
    const { breakpoints } = await client.request('setBreakpoints', { source: { path }, breakpoints: [{ line: 1000 }] });
    assert.equal(breakpoints[0].line, 1004);
    await client.until('continue');
    assert.match((await client.frames())[0].name, /^start_kernel$/);
    assert.match(client.console('console'), /runs where it was not linked/);
    await client.until('continue');
    assert.equal((await client.frames())[0].line, 1004);
    assert.match(await client.evaluate('command_line'), /^0xffff/);

    await client.request('setBreakpoints', { source: { path }, breakpoints: [] });
    await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'kernel_clone' }] });
    await client.until('continue');
    const names = (await client.frames()).map(({ name }) => name);
    assert.deepEqual(names.slice(0, 5), [
      'kernel_clone',
      'user_mode_thread',
      'rest_init',
      'arch_call_rest_init',
      'start_kernel',
    ]);
    assert.match(await client.evaluate('args->exit_signal'), /^\d+$/);
    assert.equal(await client.evaluate('init_task.comm'), 'char[16] "swapper/0"');
    assert.equal(await client.evaluate('((struct task_struct *)$sp_el0)->pid'), '0');
    assert.match(await client.evaluate('jiffies'), /^\d+$/);
    assert.match(await client.refused('evaluate', { expression: 'no_such_thing' }), /is no variable/);

    const mebibytes = process.resourceUsage().maxRSS / 1024;
    console.log(`at most ${mebibytes.toFixed(0)} MiB, those of the machine's memory with it`);
    assert.ok(mebibytes < 1024);
  } finally {
    client.dispose();
  }
});

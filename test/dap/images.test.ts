/** Software that nobody in this project wrote: U-Boot, and the kernel of Debian, under the debugger. */

import assert from 'node:assert/strict';
import { afterEach, before, beforeEach, test } from 'node:test';
import { imagePath, takeImages } from '../../scripts/images.mjs';
import { inProcess, type RealClient } from './support.ts';

const IMAGES = ['linux-bookworm', 'initramfs-shell.cpio', 'u-boot.bin'] as const;
const [KERNEL, INITRD, U_BOOT] = IMAGES.map(imagePath);
before(() => takeImages([...IMAGES]));

let client: RealClient;
beforeEach(() => {
  client = inProcess();
});
afterEach(() => client.dispose());

/** Waits until the console has shown a text, while the machine runs. */
async function shown(text: string): Promise<void> {
  for (let all = ''; !all.includes(text); all += (await client.event('output')).body.output);
}

test('Linux stops at its first change from EL2 to EL1, with the registers of both levels', async () => {
  await client.start({ program: KERNEL, initrd: INITRD, append: 'console=ttyAMA0', memory: '512M' });
  await client.filter({ filterId: 'el-change', condition: 'from.el == 2 && to.el == 1' });
  const stop = await client.until('continue');
  assert.equal(stop.description, 'EL2 → EL1: ERET');
  assert.deepEqual((await client.request('threads')).threads, [{ id: 1, name: 'PE 0 · EL1 · EL1&0' }]);
  // The kernel leaves EL2 by the ERET of init_kernel_el: to EL1h, interrupts masked, its stub at VBAR_EL2.
  assert.equal(await client.evaluate('$pc == $elr_el2'), '1');
  assert.equal(await client.evaluate('$spsr_el2 & 0x3cf'), String(0x3c5));
  assert.equal(await client.evaluate('$hcr_el2.rw'), '0x1 (AArch64)');
  const names = async (level: number): Promise<readonly string[]> =>
    (await client.tree('Registers', `System registers of EL${level}`)).map(({ name }) => name);
  for (const name of ['SCTLR', 'VBAR', 'ESR', 'FAR', 'TCR', 'TTBR0', 'MAIR']) {
    assert.ok((await names(1)).includes(`${name}_EL1`), `${name}_EL1`);
    assert.ok((await names(2)).includes(`${name}_EL2`), `${name}_EL2`);
  }
  assert.equal(await client.evaluate('$sctlr_el1.m'), '0x0 (off)');
  assert.notEqual(BigInt(await client.evaluate('$vbar_el2')), 0n);
  // Its first hypercall asks the stub to finish the set-up of EL2.
  await client.filter('trap-hvc');
  assert.match((await client.until('continue')).text, /^HVC64 taken from EL1 to EL2 at 0xffff/);
  const frames = await client.frames();
  assert.match(frames[1].name, /· EL1, HVC$/);
});

test('Linux without debug data has the names that it keeps of itself, where KASLR has put it', async () => {
  await client.launch({
    program: KERNEL,
    initrd: INITRD,
    append: 'console=ttyAMA0',
    memory: '512M',
    stopOnEntry: false,
  });
  await client.request('configurationDone');
  await shown('Linux version');
  await client.request('pause', { threadId: 1 });
  await client.event('stopped');
  const { modules } = await client.request('modules', {});
  assert.match(modules.at(-1).name, /^Linux version 6\.1\./);
  const names = (await client.stack()).map(name => name.split('+')[0]);
  // Where it is paused is a matter of time; the stack is whole in any case, down to how the kernel began or a thread.
  assert.match(names.at(-1) ?? '', /^(__primary_switched|ret_from_fork)$/);
  assert.match(
    await client.evaluate('kallsyms', { context: 'repl' }),
    /^\d+ symbols of Linux version 6\.1\..* runs at 0xffff/,
  );
  await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'run_init_process' }] });
  assert.equal((await client.until('continue')).reason, 'function breakpoint');
  assert.match(await client.top(), /^run_init_process/);
});

test('U-Boot reaches its prompt at EL2, answers what is typed, and can be stopped there', async () => {
  await client.launch({ program: U_BOOT, memory: '128M', stopOnEntry: false });
  await client.filter('el-change');
  await client.request('configurationDone');
  await shown('stop autoboot');
  await client.request('evaluate', { expression: '> ', context: 'repl' });
  await shown('=> ');
  await client.request('evaluate', { expression: '> version', context: 'repl' });
  await shown('U-Boot 20');
  await client.request('pause', { threadId: 1 });
  // It never left EL2: no change of level has stopped it.
  assert.equal((await client.event('stopped')).body.reason, 'pause');
  assert.equal((await client.request('threads')).threads[0].name, 'PE 0 · EL2 · EL2');
  assert.ok((await client.frames()).length > 3);
  // An exception within EL2 can be looked at: BRK in place of the next instruction.
  await client.filter('to-el2');
  await client.request('writeMemory', {
    memoryReference: await client.evaluate('$pc'),
    data: btoa('\x00\x00\x20\xd4'),
  });
  assert.match((await client.until('continue')).text, /^BRK taken from EL2 to EL2 at .*: BRK #0x0\.$/);
});

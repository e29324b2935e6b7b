/** Who wrote this last, where did we come from, stop when this changes: on the machine and its sample. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { Body } from '../../debug-adapter/testing/dap-client.ts';
import { inProcess, lineOf, marker, type RealClient, source } from './support.ts';

let client: RealClient;
beforeEach(async () => {
  client = inProcess();
  await client.start({ timeTravel: true });
});
afterEach(() => client.dispose());

const ask = (expression: string): Promise<string> => client.evaluate(expression, { context: 'repl' });
const now = async (): Promise<number> => (await client.request('hyperstep/machine')).instructions;

/** Address of the first instruction of a line of main.c. */
async function pcOfLine(line: number): Promise<string> {
  const { targets } = await client.request('gotoTargets', { source: { path: source('main.c') }, line });
  return targets[0].instructionPointerReference;
}

async function lastWrite(of: string): Promise<{ text: string; instruction: string; reason: string }> {
  const { text, reason } = await client.until('hyperstep/lastWrite', { of });
  const { instructions } = await client.request('disassemble', {
    memoryReference: (await client.frames())[0].instructionPointerReference,
    instructionCount: 1,
  });
  return { text, reason, instruction: instructions[0].instruction };
}

describe('the last write', () => {
  beforeEach(() => client.reach('guest.c', 'guest-irq'));

  const WRITES: readonly (readonly [of: string, instruction: RegExp, text: RegExp])[] = [
    ['hcr_el2', /^msr\s+hcr_el2/i, /^HCR_EL2 was written last by "msr/i],
    ['hcr_el2.vm', /^msr\s+hcr_el2/i, /^HCR_EL2\.VM was written last by "msr.*: 0x0, now 0x1\.$/i],
    ['lr0', /^(msr\s+ich_lr0_el2|mrs\s+\S+ (icc|icv)_iar1_el1)/i, /^list register 0 was written last/],
    ['x29', /^(mov|ldp|stp|add)\s/i, /^X29 was written last by/],
    ['entry ipa:0x80000000', /^st/i, /^8 bytes at pa:0x\w+ was written last by "st/],
    ['elr_el2', /^/, /^ELR_EL2 was written last by (taking an exception to EL2|"msr)/],
  ];
  for (const [of, instruction, text] of WRITES) {
    test(`of ${of} is where the instruction stands that wrote it`, async () => {
      const found = await lastWrite(of);
      assert.equal(found.reason, 'goto');
      assert.match(found.text, text);
      assert.match(found.instruction, instruction);
    });
  }

  test('of a C variable has its source line, and the value comes back with the next step', async () => {
    await client.reach('guest.c', 'guest-eoi');
    const before = await now();
    const { text } = await client.until('hyperstep/lastWrite', { of: 'interrupts' });
    assert.match(
      text,
      /^4 bytes at .* was written last by "str.*guest.*\.c:\d+\).*, [\d,]+ instructions ago: 0x0, now 0x1\.$/i,
    );
    assert.ok((await now()) < before);
    assert.equal(await client.evaluate('interrupts'), '0');
    await client.until('next', { granularity: 'instruction' });
    assert.equal(await client.evaluate('interrupts'), '1');
  });

  test('of what was never written leaves the machine where it was', async () => {
    const before = await now();
    const { description } = await client.until('hyperstep/lastWrite', { of: 'pa:0x43fffff0' });
    assert.equal(description, 'No write found');
    assert.equal(await now(), before);
  });

  test('is a word of the console as well', async () => {
    await ask('last-write hcr_el2.imo');
    assert.match((await client.event('stopped')).body.text, /^HCR_EL2\.IMO was written last/);
    assert.match(await client.refused('evaluate', { expression: 'last-write', context: 'repl' }), /Say whose last/);
    assert.match(
      await client.refused('evaluate', { expression: 'last-write no_such_thing', context: 'repl' }),
      /no variable, register or symbol/,
    );
  });
});

describe('why', () => {
  test('names the instruction that set the bit, and stays where it is', async () => {
    await client.filter('trap-wfx');
    await client.until('continue');
    const before = await now();
    const [reason, setter] = (await ask('why')).split('\n');
    assert.match(reason, /because HCR_EL2\.TWI is 1\.$/);
    assert.match(setter, /^HCR_EL2\.TWI was written last by "msr.*: 0x0, now 0x1\.$/i);
    assert.equal(await now(), before);
    const { text, setBy } = await client.request('hyperstep/why', {});
    assert.equal(text, reason);
    assert.equal(setBy.register, 'HCR_EL2.TWI');
    assert.ok(setBy.instructions < before && setBy.path.endsWith('.c'));
  });
});

describe('back', () => {
  test('out of a function leads to its call, out of a handler to what it interrupted', async () => {
    await client.reach('exits.c', 'hypercall');
    const [inner, outer] = await client.stack();
    await client.until('hyperstep/stepBackOut');
    const [top] = await client.stack();
    assert.equal(top.split(/[+:]/)[0], outer.split(/[+:]/)[0], `from ${inner}`);
    await client.breakAt('exits.c');
    await client.filter('trap-hvc');
    await client.until('continue');
    await client.until('hyperstep/stepBackOut');
    assert.match((await client.request('threads')).threads[0].name, /EL1/);
    assert.match((await client.frames())[0].name, /^hypercall/);
    assert.match(
      (await client.request('disassemble', { memoryReference: await ask('$pc'), instructionCount: 1 })).instructions[0]
        .instruction,
      /^hvc/i,
    );
  });

  test('to the beginning of a frame is restartFrame', async () => {
    await client.reach('exits.c', 'hypercall');
    const frames = await client.frames();
    const { reason } = await client.until('restartFrame', { frameId: frames[1].id });
    assert.equal(reason, 'restart');
    const [again] = await client.frames();
    assert.equal(again.name.split('+')[0], frames[1].name.split('+')[0]);
  });

  test('to a mark, by request and by word', async () => {
    await client.reach('exits.c', 'hypercall');
    const there = await now();
    assert.deepEqual(await client.request('hyperstep/setMark', { name: 'exit' }), {
      marks: [{ name: 'exit', instructions: there }],
    });
    await client.reach('guest.c', 'guest-irq');
    await client.until('hyperstep/goTo', { mark: 'exit' });
    assert.equal(await now(), there);
    await client.until('hyperstep/goTo', { instructions: 1000 });
    await ask('mark early');
    assert.match(await ask('marks'), /1000 {2}early\n.* exit$/);
    await ask('goto exit');
    await client.event('stopped');
    assert.equal(await now(), there);
    await ask('unmark early');
    assert.equal((await client.request('hyperstep/marks')).marks.length, 1);
    assert.match(await client.refused('hyperstep/goTo', { mark: 'early' }), /There is no mark "early"/);
  });
});

describe('a step back by line', () => {
  /** Lines of steps back until one is reached, each with its function. */
  const back = async (steps: number): Promise<string[]> => {
    const seen: string[] = [];
    for (let step = 0; step < steps; step++) {
      await client.until('stepBack');
      const [top] = await client.frames();
      seen.push(`${top.name.split('+')[0]} ${top.line}`);
    }
    return seen;
  };

  test('passes over a guest that ran, with the vectors and the switch that it left by', async () => {
    const after = lineOf('main.c', 'handle_exit(&vcpu, reason)');
    await client.breakAt('main.c', { line: after });
    await client.until('continue');
    const enter = lineOf('main.c', 'vcpu_enter(&vcpu)');
    assert.deepEqual(await back(1), [`main ${enter}`]);
    assert.equal(BigInt(await client.evaluate('$pc')), BigInt(await pcOfLine(enter)));
    await client.until('continue');
    await client.until('continue');
    assert.deepEqual(await back(4), [`main ${enter}`, `main ${enter - 1}`, `main ${after}`, `main ${enter}`]);
  });

  test('passes over functions, and over the exits of a guest', async () => {
    const eoi = marker('guest.c', 'guest-eoi');
    await client.reach('guest.c', 'guest-eoi');
    assert.deepEqual(
      await back(3),
      [eoi - 1, eoi - 2, eoi - 3].map(line => `guest_interrupt ${line}`),
    );
    assert.match((await client.request('threads')).threads[0].name, /EL1/);
  });

  test('passes over what ran for longer than it looks at instruction by instruction', async () => {
    await client.filter('virtual-irq');
    await client.until('continue');
    await client.until('continue');
    await client.filter();
    await client.breakAt('main.c', { line: lineOf('main.c', 'handle_exit(&vcpu, reason)') });
    await client.until('reverseContinue');
    const before = await now();
    const enter = lineOf('main.c', 'vcpu_enter(&vcpu)');
    assert.deepEqual(await back(1), [`main ${enter}`]);
    assert.ok(before - (await now()) > 150_000, 'the guest has waited for its alarm');
  });
});

describe('a stop when something changes', () => {
  const stop = async (args: object): Promise<Body> => {
    const { id } = await client.request('hyperstep/stopWhen', args);
    const body = await client.until('continue');
    await client.request('hyperstep/dropStop', { id });
    return { id, ...body };
  };

  test('for a field, a list register and the stage-2 mapping of a range', async () => {
    const field = await stop({ of: 'hcr_el2.vm' });
    assert.equal(field.reason, 'data breakpoint');
    assert.deepEqual(field.hitBreakpointIds, [field.id]);
    assert.match(await client.evaluate('$hcr_el2.vm'), /^0x1/);
    const list = await stop({ of: 'lr0' });
    assert.match(list.text, /ICH_LR0_EL2/);
    assert.match(await client.refused('hyperstep/dropStop', { id: list.id }), /There is no stop/);
    assert.match(await client.refused('hyperstep/stopWhen', { of: 'lr99' }), /list register|no variable/);
  });

  test('only at writes that leave another value, and with a condition', async () => {
    await client.reach('exits.c', 'hypercall');
    const { dataId, accessTypes } = await client.request('dataBreakpointInfo', {
      name: '0x80002010',
      asAddress: true,
      bytes: 8,
      mode: 'EL1&0',
    });
    assert.deepEqual(accessTypes, ['read', 'write', 'readWrite']);
    assert.match(dataId, /"regime":"EL1&0"/);
    const changes = await client.request('dataBreakpointInfo', { name: 'ipa:0x80002010', mode: 'changes', bytes: 8 });
    assert.deepEqual(changes.accessTypes, ['write']);
    const { breakpoints } = await client.request('setDataBreakpoints', { breakpoints: [{ dataId: changes.dataId }] });
    assert.equal(breakpoints[0].verified, true);
  });
});

test('a stop at changes is at the same writes backwards as forwards', async () => {
  await client.breakAt('main.c', { line: lineOf('main.c', 'vcpu_enter(&vcpu)') });
  await client.until('continue');
  await client.breakAt('main.c');
  const { id } = await client.request('hyperstep/stopWhen', { of: 'vcpu.pstate' });
  const forwards: number[] = [];
  for (let stop = 0; stop < 4; stop++) {
    assert.deepEqual((await client.until('continue')).hitBreakpointIds, [id]);
    forwards.push(await now());
  }
  // Every exit writes it.
  const writes = await client.request('dataBreakpointInfo', { name: 'vcpu.pstate' });
  const backwards: number[] = [];
  for (let stop = 0; stop < 3; stop++) {
    assert.deepEqual((await client.until('reverseContinue')).hitBreakpointIds, [id]);
    backwards.push(await now());
  }
  assert.deepEqual(backwards, forwards.slice(0, 3).reverse());
  await client.until('continue');
  assert.equal(await now(), forwards[1]);
  await client.request('hyperstep/dropStop', { id });
  await client.request('setDataBreakpoints', { breakpoints: [{ dataId: writes.dataId, accessType: 'write' }] });
  await client.until('reverseContinue');
  assert.ok((await now()) > forwards[0], 'there are writes between the changes');
});

describe('filters of a hypervisor', () => {
  const FILTERS: readonly (readonly [filter: string, thread: RegExp])[] = [
    ['world-enter', /EL1/],
    ['world-exit', /EL2/],
    ['virtual-irq', /EL1/],
    ['list-register', /EL2/],
  ];
  for (const [filter, thread] of FILTERS) {
    test(`${filter} stops where it should`, async () => {
      await client.filter(filter);
      assert.equal((await client.until('continue')).reason, 'exception');
      assert.match((await client.request('threads')).threads[0].name, thread);
    });
  }

  test('are bound to the regime that an exception comes from', async () => {
    await client.filter({ filterId: 'el-change', mode: 'EL2' });
    // No exception is taken from EL2 to another level in this sample.
    await client.breakAt('exits.c', 'hypercall');
    assert.equal((await client.until('continue')).reason, 'breakpoint');
    await client.filter({ filterId: 'el-change', mode: 'EL1&0' });
    assert.equal((await client.until('continue')).reason, 'exception');
  });

  test('know the INTID of an interrupt, the PE, the guest and C expressions', async () => {
    await client.filter({ filterId: 'virtual-irq', condition: 'intid == 27 && pe == 0 && vmid == 1 && to.el == 1' });
    const stop = await client.until('continue');
    assert.equal(stop.description, 'EL1 → EL1: IRQ');
    assert.match(stop.text, /: INTID 27 \(virtual timer\)\.$/);
  });
});

test('a step goes into an interrupt, or past it when interrupts are held', async () => {
  await client.filter('virtual-irq');
  await client.until('continue');
  const vector = await client.evaluate('$pc');
  await client.filter();
  const early = (await now()) - 1;
  const goBack = async (): Promise<string> => {
    await client.until('hyperstep/goTo', { instructions: early });
    await client.until('stepIn', { granularity: 'instruction' });
    return client.evaluate('$pc');
  };
  assert.equal(await ask('step-interrupts'), 'Interrupts are taken while a PE steps.');
  const before = await goBack();
  const function_ = (await client.top()).split(/[+:]/)[0];
  await client.until('stepIn', { granularity: 'instruction' });
  // Taking the interrupt and the first instruction of its vector are one step.
  assert.equal(BigInt(await client.evaluate('$elr_el1')), BigInt(before));
  assert.match(await client.top(), /^guest_interrupt_entry/);
  assert.deepEqual(await client.request('hyperstep/stepping', { interrupts: 'held' }), { interrupts: 'held' });
  assert.equal(await goBack(), before);
  await client.until('stepIn', { granularity: 'instruction' });
  const held = await client.evaluate('$pc');
  assert.equal((await client.top()).split(/[+:]/)[0], function_);
  // It is still pending, and taken when the machine goes on; replay holds it just as long.
  const there = await now();
  await client.filter('virtual-irq');
  await client.until('continue');
  assert.equal(await client.evaluate('$pc'), vector);
  await client.until('stepIn', { granularity: 'instruction' });
  await client.until('hyperstep/goTo', { instructions: there });
  assert.equal(await client.evaluate('$pc'), held);
  assert.match(await client.refused('hyperstep/stepping', { interrupts: 'lost' }), /"taken" or "held"/);
});

/** The sample hypervisor on the real machine, through the adapter: what a user sees at the places that matter. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { find, inProcess, lineOf, marker, PROGRAM, type RealClient, source, type Variable } from './support.ts';

let client: RealClient;
beforeEach(() => {
  client = inProcess();
});
afterEach(() => client.dispose());

const value = (list: readonly Variable[], name: string): string => find(list, name).value;

describe('source breakpoints', () => {
  const PLACES: readonly (readonly [file: string, name: string, top: string])[] = [
    ['stage2.c', 'stage2-ready', 'stage2_prepare'],
    ['vectors.S', 'vm-enter', 'vcpu_enter+0x6c'],
    ['vectors.S', 'vm-exit', 'guest_exit'],
    ['exits.c', 'mmio-write', 'handle_data_abort'],
    ['guest.c', 'guest-wfi', 'guest_main'],
    ['vgic.c', 'inject', 'vgic_inject'],
    ['guest.c', 'guest-irq', 'guest_interrupt'],
    ['guest.c', 'guest-eoi', 'guest_interrupt'],
  ];

  test('stop at each marked line, in the order of the run', async () => {
    await client.start();
    for (const [file, name, top] of PLACES) {
      assert.equal((await client.reach(file, name)).reason, 'breakpoint', name);
      const [frame] = await client.frames();
      assert.deepEqual([frame.name, frame.line, frame.source?.path], [top, marker(file, name), source(file)]);
    }
  });

  test('show arguments, locals and fields of what they point to', async () => {
    await client.start();
    await client.reach('vgic.c', 'inject');
    assert.equal(value(await client.tree('Arguments'), 'id'), '27');
    const entry = BigInt(value(await client.tree('Locals'), 'entry'));
    assert.equal(entry, 0x508000000000001bn);
    const frames = await client.frames();
    assert.deepEqual(
      frames.slice(0, 4).map(({ name }) => name),
      ['vgic_inject', 'handle_wait', 'handle_exit', 'main'],
    );
    // In the frame of the caller: the vCPU, a structure with an array.
    const vcpu = await client.treeOf(frames[1].id, 'Arguments', 'vcpu', '*vcpu');
    assert.equal(BigInt(value(vcpu, 'pc')), BigInt(await client.evaluate('vcpu->pc', { frameId: frames[1].id })));
    assert.equal(find(vcpu, 'x').type, 'uint64_t[31]');
  });

  test('hold for the guest at its IPA and count hits, log and ask conditions', async () => {
    await client.start();
    await client.request('setBreakpoints', {
      source: { path: source('guest.c') },
      breakpoints: [{ line: marker('guest.c', 'guest-irq'), hitCondition: '2' }],
    });
    await client.breakAt('exits.c', {
      line: marker('exits.c', 'mmio-write'),
      logMessage: 'size {size} offset {offset}',
    });
    await client.breakAt('vgic.c', { line: marker('vgic.c', 'inject'), condition: 'id == 26' });
    assert.equal((await client.until('continue')).reason, 'breakpoint');
    assert.match(await client.top(), new RegExp(`^guest_interrupt:${marker('guest.c', 'guest-irq')}$`));
    assert.match(client.console('console'), /^(size 32 offset 0\n)+/);
    assert.equal(await client.evaluate('interrupts'), '1');
  });

  test('on a function and on an address stop there', async () => {
    await client.start();
    const set = await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'uart_write' }] });
    assert.equal(set.breakpoints[0].verified, true);
    assert.equal((await client.until('continue')).reason, 'function breakpoint');
    assert.match(await client.top(), /^uart_write:/);
    await client.request('setFunctionBreakpoints', { breakpoints: [] });
    const instructionReference = await client.evaluate('&guest_interrupt');
    await client.request('setInstructionBreakpoints', { breakpoints: [{ instructionReference }] });
    assert.equal((await client.until('continue')).reason, 'instruction breakpoint');
    assert.equal(BigInt(await client.evaluate('$pc')), BigInt(instructionReference));
  });
});

describe('exception filters', () => {
  const STOPS: readonly (readonly [filter: string, description: RegExp, text: RegExp])[] = [
    ['el-change', /^EL2 → EL1: ERET$/, /^Exception return from EL2 to EL1 at 0x80000000\.$/],
    ['to-el2', /^EL1 → EL2: DAbortLower$/, /data abort from a lower level: translation fault, level 1, read\.$/],
    ['trap-stage2-abort', /^EL1 → EL2: DAbortLower$/, /fault address 0x9000018/],
    ['trap-hvc', /^EL1 → EL2: HVC64$/, /^HVC64 taken from EL1 to EL2 at 0x80000f88, syndrome 0x5a000000: HVC #0x0\.$/],
    ['trap-sysreg', /^EL1 → EL2: SysReg$/, /trapped MRS of ID_AA64PFR0_EL1 to X0\.$/],
    ['trap-wfx', /^EL1 → EL2: WFx$/, /trapped WFI\.$/],
    ['irq', /^EL1 → EL1: IRQ$/, /^IRQ taken from EL1 to EL1/],
    ['return', /^EL2 → EL1: ERET$/, /^Exception return from EL2 to EL1/],
  ];
  for (const [filter, description, text] of STOPS) {
    test(`${filter} stops and says why`, async () => {
      await client.start();
      await client.filter(filter);
      const stop = await client.until('continue');
      assert.equal(stop.reason, 'exception');
      assert.match(stop.description, description);
      const info = await client.request('exceptionInfo', { threadId: 1 });
      assert.match(info.description, text);
    });
  }

  test('the details of an exception have every field of its syndrome', async () => {
    await client.start();
    await client.filter('trap-stage2-abort');
    await client.until('continue');
    const { details } = await client.request('exceptionInfo', { threadId: 1 });
    assert.match(details.stackTrace, /ESR_EL2 = 0x0000000093810005/);
    assert.match(details.stackTrace, /\n {2}EC = 0x24 \(data abort from a lower level\)/);
    assert.match(details.stackTrace, /\n {2}DFSC = 0x5 \(.*translation fault, level 1.*\)/);
    assert.match(details.stackTrace, /\nHPFAR_EL2 = 0x0000000000090000/);
  });

  test('conditions see the levels, the syndrome and the registers', async () => {
    await client.start();
    await client.filter(
      { filterId: 'trap-hvc', condition: 'esr.ec == HVC64 && x0 == 0x84000008' },
      { filterId: 'to-el2', condition: 'from.el == 1 && esr.ec == WFx && vmid == 1' },
    );
    assert.match((await client.until('continue')).description, /WFx/);
    assert.match((await client.until('continue')).description, /HVC64/);
    assert.equal(await client.evaluate('$w0'), '0x84000008');
  });
});

describe('the stack', () => {
  test('goes on below an exception with the frames of the guest and their source', async () => {
    await client.start();
    await client.filter('trap-hvc');
    await client.until('continue');
    assert.deepEqual(await client.stack(), [
      `vectors+0x400:${lineOf('vectors.S', 'from_guest EXIT_SYNC')}`,
      `hypercall · EL1, HVC:${lineOf('guest.c', 'return x0;') + 1}`,
      `guest_main:${lineOf('guest.c', 'hypercall(PSCI_VERSION)')}`,
      `guest_entry+0x20:${lineOf('guest-entry.S', 'bl      guest_main')}`,
    ]);
    const frames = await client.frames();
    assert.equal(frames[1].source?.path, source('guest.c'));
    assert.match(frames[1].instructionPointerReference ?? '', /^el1:0x/);
  });

  test('of C code that handles an exit ends with the guest that caused it', async () => {
    await client.start();
    await client.reach('exits.c', 'hypercall');
    assert.deepEqual(
      (await client.stack()).map(frame => frame.replace(/:\d+$/, '')),
      [
        'handle_hypercall',
        'handle_exit',
        'main',
        '_start+0x5c',
        'hypercall · EL1, HVC',
        'guest_main',
        'guest_entry+0x20',
      ],
    );
    // Registers of the guest as it left them; the vCPU has the same.
    const frames = await client.frames();
    assert.equal(await client.evaluate('$x0', { frameId: frames[4].id }), '0x0000000084000000');
    assert.equal(
      BigInt(await client.evaluate('vcpu->x[29]', { frameId: frames[0].id })),
      BigInt(await client.evaluate('$x29', { frameId: frames[4].id })),
    );
  });

  test('at the first instruction has one frame, and one in the guest has its callers', async () => {
    await client.start();
    assert.deepEqual(await client.stack(), [`_start:${lineOf('boot.S', 'adrp    x0, stack_top')}`]);
    await client.reach('guest.c', 'guest-irq');
    assert.deepEqual(
      (await client.stack()).map(frame => frame.replace(/:\d+$/, '')),
      ['guest_interrupt', 'guest_interrupt_entry+0x2c', 'guest_entry+0x20'],
    );
  });
});

describe('steps', () => {
  test('by instruction and by line go where the source goes', async () => {
    await client.start();
    await client.reach('stage2.c', 'stage2-ready');
    const line = marker('stage2.c', 'stage2-ready');
    await client.until('next', { granularity: 'instruction' });
    assert.match(await client.top(), new RegExp(`^stage2_prepare:${line + 1}$`));
    await client.until('next');
    assert.match(await client.top(), new RegExp(`^stage2_prepare:${line + 2}$`));
    await client.until('stepOut');
    assert.match(await client.top(), /^main:/);
    await client.until('next');
    assert.match(await client.top(), new RegExp(`^main:${lineOf('main.c', 'vgic_prepare();')}$`));
    await client.until('stepIn');
    assert.match(await client.top(), /^vgic_prepare:/);
  });

  test('next over a call that enters the guest comes back with the exit', async () => {
    await client.start();
    await client.breakAt('main.c', { line: lineOf('main.c', 'vcpu_enter(&vcpu)') });
    await client.until('continue');
    await client.until('next');
    assert.match(await client.top(), new RegExp(`^main:${lineOf('main.c', 'handle_exit(&vcpu, reason)')}$`));
    assert.equal(await client.evaluate('$esr_el2.ec'), '0x24 (data abort from a lower level)');
  });

  test('in the guest go over HVC, into its vector and out again', async () => {
    await client.start();
    await client.request('setInstructionBreakpoints', { breakpoints: [{ instructionReference: '0x80000f84' }] });
    await client.until('continue');
    await client.request('setInstructionBreakpoints', { breakpoints: [] });
    assert.equal(await client.evaluate('$x0'), '0x0000000084000000');
    await client.until('next', { granularity: 'instruction' });
    assert.equal(await client.evaluate('$pc'), '0x0000000080000f88');
    assert.equal(await client.evaluate('$x0'), '0x0000000000010001');
    await client.request('restart');
    await client.event('stopped');
    await client.request('setInstructionBreakpoints', { breakpoints: [{ instructionReference: '0x80000f84' }] });
    await client.until('continue');
    await client.until('stepIn', { granularity: 'instruction' });
    assert.match(await client.top(), /^vectors\+0x400:/);
    await client.until('stepOut');
    assert.equal(await client.evaluate('$pc'), '0x0000000080000f88');
  });

  test('begin at a breakpoint that stays set', async () => {
    await client.start();
    await client.request('setInstructionBreakpoints', { breakpoints: [{ instructionReference: '0x80000f84' }] });
    await client.until('continue');
    // The step sets a breakpoint of its own behind the HVC, and so has all of them placed anew.
    assert.equal((await client.until('next', { granularity: 'instruction' })).reason, 'step');
    assert.equal(await client.evaluate('$pc'), '0x0000000080000f88');
  });

  test('by line in the guest pass over the exits of MMIO', async () => {
    await client.start();
    await client.breakAt('guest.c', { line: lineOf('guest.c', 'say("hello from EL1') });
    await client.until('continue');
    await client.until('next');
    assert.match(await client.top(), new RegExp(`^guest_main:${lineOf('guest.c', 'hypercall(PSCI_VERSION)')}$`));
  });
});

describe('variables', () => {
  beforeEach(async () => {
    await client.start();
    await client.reach('exits.c', 'hypercall');
  });

  test('show every group of registers, EL1 beside EL2', async () => {
    const groups = (await client.tree('Registers')).map(({ name }) => name);
    for (const name of ['General', 'PSTATE', 'SIMD and floating point', 'System registers of EL1', 'List registers'])
      assert.ok(groups.includes(name), name);
    const general = await client.tree('Registers', 'General');
    assert.equal(general.length, 33);
    assert.equal(value(await client.tree('Registers', 'PSTATE'), 'EL'), '0x2');
    const el1 = await client.tree('Registers', 'System registers of EL1');
    assert.equal(value(el1, 'VBAR_EL1'), '0x0000000080000800');
    assert.equal(await client.evaluate('$sp_el1'), '0x0000000080003000');
    const el2 = await client.tree('Registers', 'System registers of EL2');
    assert.equal(value(el2, 'VTTBR_EL2').slice(0, 6), '0x0001');
    const hcr = await client.tree('Registers', 'System registers of EL2', 'HCR_EL2');
    assert.deepEqual(
      ['VM', 'IMO', 'TWI', 'TID3', 'E2H'].map(name => value(hcr, name).slice(0, 3)),
      ['0x1', '0x1', '0x1', '0x1', '0x0'],
    );
    const esr = await client.tree('Registers', 'System registers of EL2', 'ESR_EL2');
    assert.equal(value(esr, 'EC'), '0x16 (HVC)');
  });

  test('show the list registers as the guest has them', async () => {
    await client.reach('vgic.c', 'inject');
    await client.until('next');
    const lists = await client.tree('Registers', 'List registers');
    assert.equal(value(lists, 'LR0'), 'pending, vINTID 27, priority 0x80');
    const { registers } = await client.request('hyperstep/listRegisters', {});
    assert.deepEqual([registers[0].state, registers[0].virtualId, registers[0].hw], ['pending', 27, false]);
  });

  test('that are set take effect in the machine', async () => {
    const [frame] = await client.frames();
    const general = await client.referenceOf(frame.id, 'Registers', 'General');
    const set = await client.request('setVariable', { variablesReference: general, name: 'X5', value: '0x1234' });
    assert.equal(BigInt(set.value), 0x1234n);
    assert.equal(await client.evaluate('$x5'), '0x0000000000001234');
    const simd = await client.referenceOf(frame.id, 'Registers', 'SIMD and floating point');
    await client.request('setVariable', { variablesReference: simd, name: 'V7', value: '0x77' });
    assert.equal(BigInt(await client.evaluate('$v7')), 0x77n);
    await client.request('setVariable', {
      variablesReference: await client.referenceOf(frame.id, 'Registers', 'PSTATE'),
      name: 'Z',
      value: '1',
    });
    assert.equal(await client.evaluate('$pstate.z'), '1');
    // What the guest asked for becomes another hypercall: it ends here.
    await client.request('evaluate', { expression: 'vcpu->x[0] = 0x84000008', context: 'repl' });
    await client.request('continue', { threadId: 1 });
    await client.event('terminated');
    assert.match(client.console(), /hello from EL1\r\nhypercall: SYSTEM_OFF\r\nexits: 1 HVC/);
  });
});

describe('memory and expressions', () => {
  beforeEach(async () => {
    await client.start();
    await client.reach('exits.c', 'hypercall');
  });

  test('the guest is the same through its VA, its IPA and the PA it was loaded at', async () => {
    const read = async (memoryReference: string): Promise<string> =>
      (await client.request('readMemory', { memoryReference, count: 64 })).data;
    const data = await read('ipa:0x80000000');
    assert.equal(await read('el1:0x80000000'), data);
    assert.equal(await read('pa:0x40200000'), data);
    assert.notEqual(await read('0x40080000'), data);
    assert.deepEqual(await client.request('readMemory', { memoryReference: 'ipa:0x9000000', count: 4 }), {
      address: '0x9000000',
      unreadableBytes: 4,
    });
    await client.request('writeMemory', { memoryReference: 'ipa:0x80002ff0', data: btoa('HYPER') });
    assert.equal(
      atob((await client.request('readMemory', { memoryReference: 'pa:0x40202ff0', count: 5 })).data),
      'HYPER',
    );
  });

  test('a memory view of another extension reads around a variable, and learns what was written beside it', async () => {
    const [frame] = await client.frames();
    const reference = await client.referenceOf(frame.id, 'Arguments');
    const { variables } = await client.request('variables', { variablesReference: reference });
    const vcpu = variables.find(({ name }: { name: string }) => name === 'vcpu');
    const at = BigInt(vcpu.memoryReference);
    const read = (offset: number, count: number) =>
      client.request('readMemory', { memoryReference: vcpu.memoryReference, offset, count });
    const { address, data } = await read(-16, 48);
    assert.equal(BigInt(address), at - 16n);
    assert.equal(atob(data).length, 48);
    await client.request('writeMemory', { memoryReference: vcpu.memoryReference, offset: 8, data: btoa('12345678') });
    const written = (await client.event('memory')).body;
    assert.deepEqual(written, { memoryReference: vcpu.memoryReference, offset: 8, count: 8 });
    assert.equal(await client.evaluate('vcpu->x[1]'), String(0x3837363534333231n));
    // A variable that is set is memory that changed.
    await client.request('setExpression', { expression: 'vcpu->x[1]', value: '7', frameId: frame.id });
    const set = (await client.event('memory')).body;
    assert.deepEqual([BigInt(set.memoryReference) + BigInt(set.offset), set.count], [at + 8n, 8]);
    assert.equal(atob((await read(8, 8)).data), '\u0007\0\0\0\0\0\0\0');
  });

  test('expressions read registers, fields, C variables and every space', async () => {
    assert.equal(await client.evaluate('$hcr_el2.vm'), '0x1 (on)');
    assert.equal(await client.evaluate('count.hvc'), '0');
    assert.equal(await client.evaluate('vcpu->finished'), '0');
    assert.equal(await client.evaluate('*(uint32_t *)ipa:0x80000000 == *(uint32_t *)pa:0x40200000'), '1');
    assert.equal(BigInt(await client.evaluate('*ipa:0x80000000')), BigInt(await client.evaluate('*el1:0x80000000')));
    assert.equal(await client.evaluate('$vttbr_el2.vmid'), '1');
  });

  test('disassembly has the words of the code, with symbols', async () => {
    const { instructions } = await client.request('disassemble', {
      memoryReference: 'el1:0x80000f84',
      instructionOffset: 0,
      instructionCount: 3,
    });
    assert.deepEqual(
      instructions.map((one: { instruction: string; symbol?: string }) => [one.symbol, one.instruction]),
      [
        ['hypercall', 'hvc #0x0'],
        ['hypercall+0x4', 'ret'],
        ['say', instructions[2].instruction],
      ],
    );
  });

  test('stage 2 of the guest is listed and walked', async () => {
    const mappings = await client.request('hyperstep/mappings', { stage: 2 });
    assert.deepEqual(
      mappings.ranges.map((one: { input: string; output: string; size: string }) => [one.input, one.output, one.size]),
      [
        ['0x80000000', '0x40200000', '0x2000'],
        ['0x80002000', '0x40202000', '0x2000'],
      ],
    );
    assert.match(mappings.ranges[0].attributes, /^R-X Normal WB/);
    assert.match(mappings.ranges[1].attributes, /^RW- Normal WB/);
    assert.deepEqual([mappings.enabled, mappings.vmid], [true, 1]);
    const walk = await client.request('hyperstep/walk', { address: '0x80002010', regime: 'EL1&0' });
    assert.equal(walk.pa, '0x40202010');
    assert.deepEqual(
      walk.steps.map(
        (step: { stage: number; level: number; kind: string }) => `${step.stage}.${step.level} ${step.kind}`,
      ),
      ['2.1 table', '2.2 table', '2.3 page'],
    );
    const uart = await client.request('hyperstep/walk', { address: '0x9000000', regime: 'EL1&0' });
    assert.match(uart.fault, /Translation fault, level 1, stage 2\./);
  });
});

describe('data breakpoints', () => {
  const watch = async (name: string, more: object = {}): Promise<string> => {
    const info = await client.request('dataBreakpointInfo', { name, ...more });
    assert.notEqual(info.dataId, null, info.description);
    const { breakpoints } = await client.request('setDataBreakpoints', {
      breakpoints: [{ dataId: info.dataId, accessType: 'write' }],
    });
    assert.equal(breakpoints[0].verified, true, breakpoints[0].message);
    return info.description;
  };

  test('stop at a write to a C variable, at its PA and at its IPA', async () => {
    await client.start();
    await client.reach('guest.c', 'guest-wfi');
    const address = BigInt((await client.evaluate('&interrupts')).split(' ')[0]);
    const pa = address - 0x80000000n + 0x40200000n;
    for (const [name, count] of [
      [`0x${address.toString(16)}`, 1],
      [`pa:0x${pa.toString(16)}`, 1],
      [`ipa:0x${address.toString(16)}`, 1],
    ] as const) {
      await watch(name, { asAddress: true, bytes: 4 });
      const stop = await client.until('continue');
      assert.equal(stop.reason, 'data breakpoint', name);
      assert.match(await client.top(), /^guest_interrupt:/);
      assert.equal(await client.evaluate('interrupts'), String(count));
      await client.request('restart');
      await client.event('stopped');
      await client.request('setDataBreakpoints', { breakpoints: [] });
      await client.reach('guest.c', 'guest-wfi');
    }
    await watch('interrupts', { frameId: (await client.frames())[0].id });
    assert.equal((await client.until('continue')).reason, 'data breakpoint');
  });

  test('stop at a write to a device and at one to a system register', async () => {
    await client.start();
    await watch('pa:0x9000000', { asAddress: true, bytes: 4 });
    await client.until('continue');
    assert.match(await client.top(), /^pl011_put/);
    const [frame] = await client.frames();
    const el2 = await client.referenceOf(frame.id, 'Registers', 'System registers of EL2');
    assert.match(await watch('VTTBR_EL2', { variablesReference: el2 }), /VTTBR_EL2/);
    const stop = await client.until('continue');
    assert.equal(stop.reason, 'data breakpoint');
    assert.match(stop.text, /^MSR of VTTBR_EL2: 0x0000000000000000 → 0x00010000/);
    assert.match(await client.top(), /^stage2_prepare:/);
    assert.match(await watch('$ich_lr0_el2'), /list register 0/);
    await client.until('continue');
    assert.match(await client.top(), /^vgic_prepare:/);
    await client.until('continue');
    assert.match(await client.top(), /^vgic_inject:/);
    assert.equal(await client.evaluate('$ich_lr0_el2.state'), '0x1 (pending)');
  });

  test('of a field of a system register stop when the field changes', async () => {
    await client.start();
    await watch('$hcr_el2.vm');
    const stop = await client.until('continue');
    assert.match(stop.text, /^MSR of HCR_EL2/);
    assert.match(await client.top(), /^set_traps/);
  });

  test('wait with a sentence where nothing is mapped', async () => {
    await client.start();
    const info = await client.request('dataBreakpointInfo', { name: 'ipa:0x12345000', asAddress: true, bytes: 8 });
    const { breakpoints } = await client.request('setDataBreakpoints', { breakpoints: [{ dataId: info.dataId }] });
    // With stage 2 off an IPA is a PA.
    assert.equal(breakpoints[0].verified, true);
    await client.reach('exits.c', 'hypercall');
    const late = await client.request('setDataBreakpoints', { breakpoints: [{ dataId: info.dataId }] });
    assert.equal(late.breakpoints[0].verified, true);
    assert.match(late.breakpoints[0].message, /^Nothing is mapped there now; it is watched from when/);
  });
});

describe('a session', () => {
  const DIALOGUE = /hello from EL1[\s\S]*the alarm came[\s\S]*exits: 3 HVC, 1 WFI, 1 system register, 238 stage 2/;

  test('runs to power-off with the words of the guest', async () => {
    await client.launch({ stopOnEntry: false });
    await client.request('configurationDone');
    assert.equal((await client.event('exited')).body.exitCode, 0);
    await client.event('terminated');
    assert.match(client.console(), DIALOGUE);
  });

  test('restarts from the first instruction, twice the same run', async () => {
    await client.start();
    await client.reach('guest.c', 'guest-irq');
    const { instructions } = await client.request('hyperstep/machine');
    await client.request('restart');
    assert.equal((await client.event('stopped')).body.reason, 'entry');
    assert.equal((await client.request('hyperstep/machine')).instructions, 0);
    await client.reach('guest.c', 'guest-irq');
    assert.equal((await client.request('hyperstep/machine')).instructions, instructions);
  });

  test('pauses a guest that runs, and ends one that runs', async () => {
    await client.start();
    // A loop without end at the entry of the guest hypervisor: `b .`.
    await client.request('writeMemory', { memoryReference: '0x40080000', data: btoa('\x00\x00\x00\x14') });
    await client.request('continue', { threadId: 1 });
    await client.request('pause', { threadId: 1 });
    assert.equal((await client.event('stopped')).body.reason, 'pause');
    assert.equal(await client.evaluate('$pc'), '0x0000000040080000');
    await client.request('continue', { threadId: 1 });
    assert.match(await client.evaluate('$pc'), /40080000/);
    await client.request('disconnect');
    await client.event('terminated');
  });

  test('goes on beside another one in the same process', async () => {
    const other = inProcess();
    try {
      await client.start();
      await other.start();
      await client.reach('vgic.c', 'inject');
      await other.reach('stage2.c', 'stage2-ready');
      assert.match(await client.top(), /^vgic_inject/);
      assert.match(await other.top(), /^stage2_prepare/);
      await Promise.all([client.request('continue', { threadId: 1 }), other.request('continue', { threadId: 1 })]);
      await Promise.all([client.event('terminated'), other.event('terminated')]);
      assert.match(other.console(), DIALOGUE);
    } finally {
      other.dispose();
    }
  });

  test('names the modules and sources of the image', async () => {
    await client.start();
    const { modules } = await client.request('modules', {});
    assert.equal(modules[0].path, PROGRAM);
    const { sources } = await client.request('loadedSources');
    assert.ok(sources.some((one: { path: string }) => one.path === source('guest.c')));
  });

  test('goes back: to the write of the list register from the interrupt that it caused', async () => {
    await client.start({ timeTravel: true });
    await client.reach('guest.c', 'guest-irq');
    const later = (await client.request('hyperstep/machine')).instructions;
    await client.breakAt('vgic.c', 'inject');
    assert.equal((await client.until('reverseContinue')).reason, 'breakpoint');
    assert.match(await client.top(), /^vgic_inject:/);
    await client.until('stepBack', { granularity: 'instruction' });
    await client.breakAt('vgic.c');
    await client.reach('guest.c', 'guest-irq');
    assert.equal((await client.request('hyperstep/machine')).instructions, later);
  });
});

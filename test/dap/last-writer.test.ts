/** Whoever wrote last: an instruction, a device, the hardware's update of a table, the user. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastWrite } from '../../debug-adapter/last-write.ts';
import { parseSubject } from '../../debug-adapter/subjects.ts';
import { Symbols } from '../../debug-adapter/symbols/index.ts';
import type { Target } from '../../simulator/target.ts';
import { machineFor } from '../engine/assembled.ts';

/** Stage 1 of EL2 with hardware update of access flags; then DMA of fw_cfg, whose device is at 0x09020000. */
const program = `
    .macro  put address, contents
    ldr     x0, =\\address
    ldr     x1, =\\contents
    str     x1, [x0]
    .endm
    .macro  set name, value
    ldr     x0, =\\value
    msr     \\name, x0
    .endm
    put     0x41000000, 0x401           // devices, and RAM as it is
    put     0x41000008, 0x40000401
    put     0x41000010, 0x41001003
    put     0x41001000, 0x41002003
    put     0x41002000, 0x41010003      // a page without its access flag
    put     0x41003000, 1
    set     mair_el2, 0xff
    set     tcr_el2, 0x80a23519
    set     ttbr0_el2, 0x41000000
    isb
    set     sctlr_el2, 0x30c5183d
    isb
    ldr     x10, =0x80000000
    ldr     x11, [x10]                  // sets it
    put     0x41004000, 0x040000000a000000  // 4 bytes of file 0, read, all big-endian
    put     0x41004008, 0x0050004100000000
    ldr     x0, =0x09020010
    ldr     x1, =0x0040004100000000
    str     x1, [x0]
    nop
    nop
    nop
    b       .
`;

function machine(): Target {
  const target = machineFor(program, { tier: 1 });
  target.record({ interval: 100 });
  return target;
}

function writer(target: Target, of: string, bytes?: number): string | undefined {
  const where = { pe: target.pes[0], symbols: new Symbols(), target };
  const now = target.moment;
  const search = lastWrite(parseSubject(of, where, bytes), where);
  let step = search.next();
  while (!step.done) step = search.next();
  target.goTo(now);
  return step.value?.text;
}

test('the access flag is set by a table walk', () => {
  const target = machine();
  target.run({ instructions: 200 });
  assert.match(
    writer(target, 'entry el2:0x80000000') ?? '',
    /^8 bytes at pa:0x41002000 was written last by the table walk of "ldr x11, \[x10\]" at 0x\w+ on PE 0, \d+ instructions ago: 0x41010003, now 0x41010403\.$/,
  );
  assert.match(writer(target, 'entry el2:0x40000000') ?? '', /by "str x1, \[x0\]" at .*now 0x40000401\.$/);
});

test('DMA is by the device, and stops a data breakpoint', () => {
  const target = machine();
  const id = target.addBreakpoint({
    kind: 'data',
    space: { kind: 'pa' },
    address: 0x4100_5000n,
    bytes: 4,
    access: 'write',
  });
  const stop = target.run({ instructions: 200 });
  assert.ok(
    stop.kind === 'watchpoint' && stop.by === 'fw_cfg',
    JSON.stringify(stop, (_, v) => String(v)),
  );
  target.removeBreakpoint(id);
  target.run({ instructions: 3 });
  assert.match(
    writer(target, 'pa:0x41005000', 4) ?? '',
    /^4 bytes at pa:0x41005000 was written last by fw_cfg, during "str x1, \[x0\]" at 0x\w+ on PE 0, \d+ instructions ago: 0x0, now 0x554d4551\.$/,
  );
});

test('what the user has changed is by the user, until the machine writes it again', () => {
  const target = machine();
  target.run({ instructions: 150 });
  const [pe] = target.pes;
  assert.match(writer(target, 'pa:0x41003000') ?? '', /by "str x1, \[x0\]"/);
  pe.write({ kind: 'pa' }, 0x4100_3000n, Uint8Array.of(7));
  pe.writeRegister('W11', 3n);
  const { instructions } = target;
  target.run({ instructions: 5 });
  assert.match(
    writer(target, 'pa:0x41003000') ?? '',
    /^8 bytes at pa:0x41003000 was written last by you, 5 instructions ago\.$/,
  );
  assert.match(writer(target, 'x11') ?? '', /^X11 was written last by you, 5 instructions ago\.$/);
  assert.match(writer(target, 'x1') ?? '', /^X1 was written last by "ldr x1/);
  // The search has left the run as it is: what was changed comes back.
  target.goTo({ ...target.moment, instructions: instructions - 1 });
  assert.deepEqual([...(pe.read({ kind: 'pa' }, 0x4100_3000n, 1) ?? [])], [1]);
  target.goTo({ ...target.moment, instructions: instructions + 2 });
  assert.deepEqual([...(pe.read({ kind: 'pa' }, 0x4100_3000n, 1) ?? [])], [7]);
  assert.equal(pe.readRegister('X11'), 3n);
});

test('what was never written has no writer', () => {
  const target = machine();
  target.run({ instructions: 150 });
  assert.equal(writer(target, 'pa:0x41900000'), undefined);
});

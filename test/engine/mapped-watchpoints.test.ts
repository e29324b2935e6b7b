/** Data breakpoints on a VA, and on the tables that map it, while a program maps that VA elsewhere. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BreakpointSpec, Target } from '../../simulator/target.ts';
import { machineFor } from './assembled.ts';

/** Stage 1 of EL2 by tables from 0x41000000 on: RAM as it is, and one page at VA 0x80000000. */
const program = `
    .macro set name, value
    ldr     x0, =\\value
    msr     \\name, x0
    .endm
    .macro entry address, contents
    ldr     x0, =\\address
    ldr     x1, =\\contents
    str     x1, [x0]
    .endm
    entry   0x41000008, 0x40000401      // 1 GiB as it is
    entry   0x41000010, 0x41001003
    entry   0x41001000, 0x41002003
    entry   0x41002000, 0x41010403      // the page
    entry   0x41004008, 0x40000401      // other tables: the same GiB twice
    entry   0x41004010, 0x40000401
    set     mair_el2, 0xff
    set     tcr_el2, 0x80823519
    set     ttbr0_el2, 0x41000000
    isb
    set     sctlr_el2, 0x30c5183d
    isb
    ldr     x10, =0x80000000
    ldr     x11, =0x41002000
    ldr     x12, =0x41020403
    ldr     x13, =0x41010000
    ldr     x14, =0x41004000
    ldr     x15, =0x40000000
    mov     x20, #20000
1:  add     x21, x21, x20
    subs    x20, x20, #1
    b.ne    1b
first:
    str     x12, [x10]
    nop
remap:
    str     x12, [x11]
    dsb     ish
    tlbi    alle2
    dsb     ish
    isb
    str     x12, [x13]                  // where the page was
second:
    str     x12, [x10]
    nop
    msr     ttbr0_el2, x14
    isb
    tlbi    alle2
    dsb     ish
    isb
    str     x12, [x11]
third:
    str     x12, [x15]                  // where the page is now
    nop
    b       .
`;

function machine(tier: 0 | 1): Target {
  return machineFor(program, { tier, hot: 16 });
}

const va: BreakpointSpec = {
  kind: 'data',
  space: { kind: 'va', regime: 'EL2' },
  address: 0x8000_0000n,
  bytes: 8,
  access: 'write',
};
const mapping: BreakpointSpec = { ...va, kind: 'mapping', bytes: 4096 };

/** Instructions retired, and where it stands, at each stop of a run of so many instructions. */
function stops(target: Target, most: number): { at: number; pc: bigint }[] {
  const seen: { at: number; pc: bigint }[] = [];
  while (target.run({ instructions: most }).kind === 'watchpoint')
    seen.push({ at: target.instructions, pc: target.pes[0].pc });
  return seen;
}

for (const tier of [0, 1] as const) {
  test(`a VA is watched wherever it is mapped, forwards and backwards, with tier ${tier}`, () => {
    const target = machine(tier);
    target.record({ interval: 10_000 });
    const id = target.addBreakpoint(va);
    const seen = stops(target, 1_000_000);
    assert.equal(seen.length, 3, JSON.stringify(seen.map(({ pc }) => pc.toString(16))));
    const [first, second, third] = seen;
    assert.ok(first.pc < second.pc && second.pc < third.pc);
    // In one go and in small pieces it is the same.
    target.reset();
    const again: number[] = [];
    for (let piece = 0; piece < 40_000 && again.length < 3; piece++) {
      if (target.run({ instructions: 7 }).kind === 'watchpoint') again.push(target.instructions);
    }
    assert.deepEqual(
      again,
      seen.map(({ at }) => at),
    );
    const back: number[] = [];
    for (;;) {
      const search = target.reverseContinue([id]);
      let step = search.next();
      while (!step.done) step = search.next();
      if (step.value.kind === 'limit') break;
      back.push(target.instructions);
    }
    // It stands behind the third store, which therefore is not before now.
    assert.deepEqual(back, [second.at, first.at]);
  });

  test(`a change of the tables that map a VA is a stop, and where they are too, with tier ${tier}`, () => {
    const target = machine(tier);
    target.addBreakpoint(va);
    target.run({ instructions: 1_000_000 });
    target.removeBreakpoint(1);
    target.addBreakpoint(mapping);
    const [remap, ...more] = stops(target, 2000);
    const stood = target.pes[0].read({ kind: 'pa' }, remap.pc - 4n, 4);
    assert.deepEqual(stood && [...stood], [0x6c, 0x01, 0x00, 0xf9], 'behind STR X12, [X11]');
    // The store through the old tables after the switch to others is none of them.
    assert.equal(more.length, 0);
  });
}

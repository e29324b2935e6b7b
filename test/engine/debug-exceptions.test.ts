// Debug exceptions of the guest beside the debugger's own stops, compiled code and time travel. What the exceptions are
// like in themselves is compared with QEMU: test/guests/debug.S and step.S.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Machine } from '../../simulator/machine.ts';
import { MACROS, machineFor, runToEnd } from './assembled.ts';

/** EL2 breaks and watches itself in a loop of 300 rounds; X20 counts breakpoints, X21 watchpoints, X22 both as sums. */
const program = `${MACROS}
main:
    adr     x0, vectors_el2
    msr     vbar_el2, x0
    msr     oslar_el1, xzr
    set     mdcr_el2, 0x100         // TDE
    set     mdscr_el1, 0xa000       // MDE, KDE
    adr     x0, broken
    msr     dbgbvr0_el1, x0
    set     dbgbcr0_el1, 0x21e7     // EL2 too
    adr     x5, watched
    msr     dbgwvr0_el1, x5
    set     dbgwcr0_el1, 0x3ff7     // loads and stores
    isb
    msr     daifclr, #8
    mov     x4, #300
loop:
    add     x22, x22, #3
broken:
    add     x22, x22, #5
    str     x4, [x5]
    ldr     x6, [x5, #8]
    subs    x4, x4, #1
    b.ne    loop
    end
    .ltorg
on_el1:
    b       .
on_el2:
    mrs     x1, elr_el2
    lsr     x2, x28, #26
    cmp     x2, #0x31
    b.ne    1f
    add     x20, x20, #1
    add     x22, x22, #5            // what is skipped
    b       2f
1:  add     x21, x21, #1
2:  add     x1, x1, #4
    msr     elr_el2, x1
    eret
    .balign 16
watched:
    .quad   0, 0
`;

for (const [name, config] of [
  ['interpreted', { tier: 0 }],
  ['compiled', { tier: 1, hot: 8 }],
] as const) {
  test(`breakpoints and watchpoints of the guest are exact, ${name}`, () => {
    const target = machineFor(program, config);
    runToEnd(target);
    const x = (n: number) => target.pes[0].readRegister(`X${n}`);
    assert.deepEqual([x(20), x(21), x(22)], [300n, 300n, 2400n]);
  });
}

test('a breakpoint of the debugger at the same place stops first, and goes on into the exception of the guest', () => {
  const target = machineFor(program);
  target.run({ instructions: 12 });
  const broken = target.pes[0].readRegister('DBGBVR0_EL1');
  const id = target.addBreakpoint({ kind: 'instruction', address: broken });
  for (let round = 0n; round < 3n; round++) {
    const stop = target.run({ instructions: 1000, stepOff: true });
    assert.equal(stop.kind, 'breakpoint');
    assert.equal(target.pes[0].pc, broken);
    assert.equal(target.pes[0].readRegister('X20'), round);
  }
  target.removeBreakpoint(id);
  runToEnd(target);
  assert.equal(target.pes[0].readRegister('X20'), 300n);
});

test('a run that goes back meets the breakpoints and watchpoints of the guest again', () => {
  const target = machineFor(program) as Machine;
  target.record();
  target.run({ instructions: 12 });
  const start = target.moment;
  runToEnd(target);
  const end = target.moment;
  target.goTo(start);
  assert.equal(target.pes[0].readRegister('X20'), 0n);
  target.goTo(end);
  assert.deepEqual(
    [20, 21, 22].map(n => target.pes[0].readRegister(`X${n}`)),
    [300n, 300n, 2400n],
  );
});

test('an SError that is raised waits for PSTATE.A, wakes WFI and says its syndrome', () => {
  const target = machineFor(`${MACROS}
main:
    adr     x0, vectors_el2
    msr     vbar_el2, x0
    set     hcr_el2, 0x80000020     // RW, AMO
    wfi
    mrs     x10, isr_el1
    msr     daifclr, #4
    mov     x11, #1
    end
    .ltorg
on_el1:
    b       .
on_el2:
    mrs     x12, isr_el1
    mrs     x1, spsr_el2
    orr     x1, x1, #0x100
    msr     spsr_el2, x1
    eret
`) as Machine;
  assert.equal(target.run({ instructions: 1000 }).kind, 'deadlock');
  target.raiseSError(0, 0x1abcdef);
  runToEnd(target);
  assert.deepEqual(
    [10, 11, 12, 28].map(n => target.pes[0].readRegister(`X${n}`)),
    [0x100n, 1n, 0n, 0xbfabcdefn],
  );
});

test('DC IVAC is a store to its cache line for watchpoints, and other maintenance is none', () => {
  const target = machineFor(`${MACROS}
main:
    adr     x0, vectors_el2
    msr     vbar_el2, x0
    msr     oslar_el1, xzr
    set     mdcr_el2, 0x100         // TDE
    set     mdscr_el1, 0xa000       // MDE, KDE
    adr     x5, watched
    msr     dbgwvr0_el1, x5
    set     dbgwcr0_el1, 0x3ff7     // loads and stores
    isb
    msr     daifclr, #8
    dc      civac, x5
    dc      cvac, x5
    dc      ivac, x5                // counts
    add     x6, x5, #40
    dc      ivac, x6                // counts: the same line
    add     x6, x5, #64
    dc      ivac, x6
    sub     x6, x5, #1
    dc      ivac, x6
    set     dbgwcr0_el1, 0x3fef     // loads alone
    isb
    dc      ivac, x5
    end
    .ltorg
on_el1:
    b       .
on_el2:
    add     x20, x20, #1
    mov     x21, x28
    mrs     x22, far_el2
    sub     x22, x22, x5
    mrs     x1, elr_el2
    add     x1, x1, #4
    msr     elr_el2, x1
    eret
    .balign 64
watched:
    .skip   128
`);
  runToEnd(target);
  const x = (n: number) => target.pes[0].readRegister(`X${n}`);
  // Class 0x35, IL, CM, WnR, DFSC 0x22.
  assert.deepEqual([x(20), x(21), x(22)], [2n, 0xd6000162n, 0n]);
});

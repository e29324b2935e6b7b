import assert from 'node:assert/strict';
import { test } from 'node:test';
import { machineFor } from './assembled.ts';

/** 100,000 rounds without the watched word, then a store to it and a load of it, each before a NOP. */
const program = `
    movz    x1, #0x4100, lsl #16
    mov     x2, #100000 & 0xffff
    movk    x2, #100000 >> 16, lsl #16
1:  str     x2, [x1, #8]
    subs    x2, x2, #1
    b.ne    1b
store:
    str     x2, [x1]
    nop
load:
    ldr     x3, [x1]
    nop
    b       .
`;
const STORE = 0x40080000n + 6n * 4n;
const LOAD = STORE + 8n;

for (const tier of [0, 1] as const) {
  test(`a data breakpoint stops right behind the access, with tier ${tier}`, () => {
    const target = machineFor(program, { tier });
    target.addBreakpoint({ kind: 'data', space: { kind: 'pa' }, address: 0x41000000n, bytes: 8, access: 'readWrite' });
    for (const [access, write] of [
      [STORE, true],
      [LOAD, false],
    ] as const) {
      const stop = target.run({ instructions: 10_000_000 });
      assert.equal(stop.kind, 'watchpoint');
      assert.equal(stop.kind === 'watchpoint' && stop.write, write);
      assert.equal(target.pes[0].pc, access + 4n);
    }
  });
}

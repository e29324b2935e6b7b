import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StopReason } from '../../simulator/target.ts';
import { machineFor } from './assembled.ts';

/** Writes 30,000 to 1 as VMIDs, and as the software's own number. */
const program = `
    movz    x2, #30000
1:  lsl     x3, x2, #48
    msr     vttbr_el2, x3
    msr     tpidr_el2, x2
    subs    x2, x2, #1
    b.ne    1b
    b       .
`;

/** A run to the next stop: how often the breakpoint was asked, what was written, and when. */
function firstStop(tier: 0 | 1, name: string, shift: bigint, isCompared: boolean, more?: string) {
  const target = machineFor(program, { tier });
  let asked = 0;
  const number = 77n << shift;
  const mask = BigInt.asUintN(64, -1n << shift);
  target.addBreakpoint({
    kind: 'system-register',
    name,
    access: 'write',
    match: ({ value }) => {
      asked++;
      return (value & mask) === number;
    },
    ...(isCompared ? { wanted: { mask, value: number } } : {}),
  });
  if (more !== undefined) target.addBreakpoint({ kind: 'system-register', name: more, access: 'read' });
  const stop: StopReason = target.run({ instructions: 1_000_000 });
  const value = stop.kind === 'system-register' ? stop.event.value : undefined;
  return { asked, value, at: target.instructions, pc: target.pes[0].pc };
}

for (const tier of [0, 1] as const) {
  for (const [name, shift] of [
    ['VTTBR_EL2', 48n],
    ['TPIDR_EL2', 0n],
  ] as const) {
    test(`the write of a wanted value to ${name} stops as one that is looked for among all, with tier ${tier}`, () => {
      const { asked, ...stop } = firstStop(tier, name, shift, true);
      const { asked: askedForAll, ...expected } = firstStop(tier, name, shift, false);
      assert.equal(expected.value, 77n << shift);
      assert.deepEqual(stop, expected);
      assert.equal(askedForAll, 30_000 - 76);
      assert.equal(asked, 1);
    });
  }
}

test('a register with another breakpoint is asked about at each write', () => {
  const { asked, value } = firstStop(1, 'VTTBR_EL2', 48n, true, 'VTTBR_EL2');
  assert.equal(value, 77n << 48n);
  assert.equal(asked, 30_000 - 76);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MACROS, runAssembly } from './assembled.ts';

/** X19: CNTVCT_EL0 behind WFIT, less the time that it was to wait for; X20: the same for a time that is over. */
const program = `${MACROS}
main:
    set     cntvoff_el2, 0x123456
    mrs     x1, cntvct_el0
    add     x2, x1, #0x8000
    .inst   0xd5031020 | 2          // wfit x2
    mrs     x3, cntvct_el0
    sub     x19, x3, x2
    .inst   0xd5031020 | 2
    mrs     x4, cntvct_el0
    sub     x20, x4, x3
    end
on_el1:
on_el2:
    mov     x19, #-1
    end
`;

test('WFIT waits until the virtual count that it names, and not for one that is past', () => {
  const { pes } = runAssembly(program, { features: ['+wfxt'] });
  assert.ok(pes[0].readRegister('X19') < 4n, `${pes[0].readRegister('X19')}`);
  assert.ok(pes[0].readRegister('X20') < 4n);
});

test('without FEAT_WFxT it is UNDEFINED', () => {
  const { pes } = runAssembly(program.replace('main:', 'main:\n adr x0, vectors_el2\n msr vbar_el2, x0'));
  assert.equal(pes[0].readRegister('X28'), 1n << 25n);
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createTarget } from './machine.ts';
import type { MachineConfig, Target } from './target.ts';

const image = readFileSync(new URL('./hypervisors/first-light/first-light.elf', import.meta.url));

function machine(el: MachineConfig['el'], cpu: string, features: readonly string[] = []): Target {
  const common = { image, imageName: 'first-light.elf', gic: 3, pes: 1, memory: 64 << 20, semihosting: false } as const;
  return createTarget({ ...common, cpu, features, el });
}

const NS = 1n;
const TWI = 1n << 12n;

for (const [name, target] of [
  ['without EL3', () => machine(2, 'max')],
  ['without EL3, at EL1', () => machine(1, 'max')],
  ['with EL3, but no firmware at it', () => machine(2, 'max', ['+el3'])],
  ['with EL3 and fewer features', () => machine(2, 'armv8.0-a', ['+el3'])],
] as const) {
  test(`a machine ${name} is in Non-secure state, where EL2 can be entered`, () => {
    const [pe] = target().pes;
    assert.equal(pe.readRegister('SCR_EL3') & NS, NS);
    if (pe.el < 2) return;
    assert.equal(pe.explainAccess('HVC', 'write', 1), 'HVC at EL1 executes.');
    for (const register of ['HCRX_EL2', 'CNTPOFF_EL2', 'HFGRTR_EL2', 'APIAKEYLO_EL1'])
      assert.doesNotMatch(pe.explainAccess(register, 'read', 2), /EL3/);
  });
}

test('a machine that starts at EL3 is in Secure state until its firmware says otherwise', () => {
  const [pe] = machine(3, 'max').pes;
  assert.equal(pe.readRegister('SCR_EL3') & NS, 0n);
  assert.match(pe.explainAccess('HVC', 'write', 1), /UNDEFINED because there is no EL2 in Secure state/);
});

test('SCR_EL3.TWI traps WFI of EL2 where there is an EL3, and only there', () => {
  const wfi = (target: Target): string => {
    const [pe] = target.pes;
    pe.writeRegister('SCR_EL3', pe.readRegister('SCR_EL3') | TWI);
    return pe.explainAccess('WFI', 'write', 2);
  };
  assert.equal(wfi(machine(2, 'max', ['+el3'])), 'WFI at EL2 traps to EL3 because SCR_EL3.TWI is 1.');
  assert.equal(wfi(machine(3, 'max')), 'WFI at EL2 traps to EL3 because SCR_EL3.TWI is 1.');
  assert.equal(wfi(machine(2, 'max')), 'WFI at EL2 executes.');
});

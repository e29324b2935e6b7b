import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeVirtual } from './describe-virtual.ts';
import { HCR, LR, VirtualInterface } from './virtual-interface.ts';

const open = { imo: true, level: 1, masked: false };
const PENDING = (priority: number) => (LR.pending | LR.group | (priority << 16)) >>> 0;

function virtual(): VirtualInterface {
  const made: VirtualInterface = new VirtualInterface(0, 4, 3, {
    virtualChanged: () => made.update(),
    deactivate: () => {},
  });
  made.writeHcr(HCR.En);
  made.writeVmcr((0xf0 << 24) | 2); // VPMR, VENG1
  return made;
}

test('an interrupt that nothing holds back is next, without a reason', () => {
  const made = virtual();
  made.writeListRegister(1, PENDING(0x80), 27);
  assert.deepEqual(describeVirtual(made, open).next, { listRegister: 1, intid: 27 });
});

test('each hindrance is named, the first that counts', () => {
  const held = (change: (made: VirtualInterface) => void, delivery = open) => {
    const made = virtual();
    made.writeListRegister(1, PENDING(0x80), 27);
    change(made);
    return describeVirtual(made, delivery).next?.held ?? '';
  };
  assert.match(
    held(made => made.writeHcr(0)),
    /ICH_HCR_EL2.En is 0/,
  );
  assert.match(
    held(made => made.writeVmcr(0xf0 << 24)),
    /VENG1 is 0/,
  );
  assert.match(
    held(made => made.writeVmcr((0x40 << 24) | 2)),
    /0x80 is not above the guest's mask 0x40/,
  );
  assert.match(
    held(made => {
      made.writeListRegister(0, PENDING(0x40), 30);
      made.acknowledge(1);
    }),
    /handles an interrupt of priority 0x40/,
  );
  assert.match(
    held(() => {}, { ...open, imo: false }),
    /HCR_EL2.IMO is 0/,
  );
  assert.match(
    held(() => {}, { ...open, level: 2 }),
    /taken when the guest is entered/,
  );
  assert.match(
    held(() => {}, { ...open, masked: true }),
    /PSTATE.I is 1/,
  );
});

test('what raises the maintenance interrupt is said, also while the interface is off', () => {
  const made = virtual();
  made.writeHcr(HCR.En | HCR.UIE);
  assert.deepEqual(describeVirtual(made, open).maintenance, ['none or one list register is in use (underflow, U)']);
  assert.equal(describeVirtual(made, open).maintenanceUp, true);
  made.writeHcr(HCR.UIE);
  assert.equal(describeVirtual(made, open).maintenanceUp, false);
});

test('a handled interrupt has its priority among the active ones', () => {
  const made = virtual();
  made.writeListRegister(2, PENDING(0x40), 30);
  made.acknowledge(1);
  const state = describeVirtual(made, open);
  assert.equal(state.runningPriority, 0x40);
  assert.deepEqual(state.activePriorities, [0x40]);
});

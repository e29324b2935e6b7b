import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setVariables } from './set-variables.ts';

const name = 'vhe-opt.elf';
const image = new Uint8Array(readFileSync(new URL('../../simulator/hypervisors/kvm-arm/vhe-opt.elf', import.meta.url)));

test('a variable gets its value in the copy, in four bytes of it', () => {
  const changed = setVariables(image, name, { optimisations: 0x04030201, guest_program: 2 });
  const places = [...image.keys()].filter(at => image[at] !== changed[at]);
  assert.deepEqual(
    places.map(at => changed[at]),
    [1, 2, 3, 4, 2],
  );
});

test('a name that there is not and one without bytes in the file are refused in words', () => {
  assert.throws(
    () => setVariables(image, name, { nothing: 1 }),
    /vhe-opt\.elf has no symbol nothing that could be set\./,
  );
  assert.throws(() => setVariables(image, name, { pe_count: 1 }), /pe_count is not in vhe-opt\.elf: it begins as zero/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflateSync } from 'fflate';
import { prepare } from '../../scripts/prepare-interpreter.mjs';
import { fromBase64 } from './base64.ts';
import { HOT } from './compiler/compiler.ts';
import { interpreterForms, interpreterKey } from './engine.ts';
import { generateInterpreter, handlerNumbers } from './interpreter.ts';
import { handlers } from './semantics/index.ts';

test('the interpreter of a bundle is the one that the sources generate for a machine as it is by default', async () => {
  const prepared = await prepare();
  const { bytes, numbers, firstRegion } = generateInterpreter(handlers, interpreterForms(HOT, false));
  assert.equal(prepared.key, interpreterKey(HOT, false));
  assert.deepEqual(inflateSync(fromBase64(prepared.deflated)), bytes);
  assert.deepEqual(handlerNumbers(prepared.names.split(','), prepared.firstFunction), numbers);
  assert.equal(prepared.firstRegion, firstRegion);
});

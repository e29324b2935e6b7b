import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuNames, createFeatures, describeFeature, featureNames } from './features.ts';

test('short names mean the same PE', () => {
  assert.equal(createFeatures('armv8.3').cpu, 'armv8.3-a');
  assert.equal(createFeatures('A57').cpu, 'cortex-a57');
  assert.equal(createFeatures().cpu, 'max');
});

test('each version of the architecture has what the one before had', () => {
  const versions = cpuNames.filter(name => name.startsWith('armv8'));
  versions.slice(1).forEach((name, n) => {
    const features = createFeatures(name);
    for (const former of createFeatures(versions[n]).names) assert.ok(features.has(former), `${former} in ${name}`);
  });
});

test('virtualization comes with its version', () => {
  assert.equal(createFeatures('armv8.0').has('vhe'), false);
  assert.equal(createFeatures('armv8.1').has('vhe'), true);
  assert.equal(createFeatures('armv8.2').has('nv'), false);
  assert.equal(createFeatures('armv8.3').has('nv'), true);
  assert.equal(createFeatures('armv8.3').has('nv2'), false);
  assert.equal(createFeatures('armv8.4').has('nv2'), true);
  assert.equal(createFeatures('armv8.5').has('fgt'), false);
  assert.equal(createFeatures('max').has('fgt'), true);
  assert.equal(createFeatures('cortex-a72').has('vhe'), false);
});

test('what a feature needs comes and goes with it', () => {
  const neve = createFeatures('armv8.0', ['+neve']);
  assert.ok(neve.has('nv') && neve.has('vhe') && !neve.has('nv2'));
  const plain = createFeatures('max', ['-vhe']);
  assert.ok(!plain.has('vhe') && !plain.has('nv') && !plain.has('nv2'));
  assert.ok(!createFeatures('max', ['-el2']).has('vhe'));
  assert.ok(createFeatures('max', ['-nv2,+nv2']).has('nv2'));
  assert.ok(createFeatures('max', ['-FEAT_NV2']).has('nv'));
});

test('one of several names is enough', () => {
  const features = createFeatures('armv8.3', ['+neve']);
  assert.equal(features.has('nv2|neve'), true);
  assert.equal(features.has('nv2|fgt'), false);
});

test('a wrong name gets one sentence with the nearest names', () => {
  assert.throws(() => createFeatures('armv8.33'), /There is no PE model "armv8.33"; did you mean armv8.3-a/);
  assert.throws(() => createFeatures('max', ['+nv3']), /There is no feature "nv3"; did you mean nv, nv2 or/);
  assert.throws(() => createFeatures('max', ['nv2']), /The feature "nv2" needs a sign: write \+nv2 or -nv2/);
  assert.throws(() => createFeatures('max', ['+ras']), /cannot be switched: the RAS extension is not modelled/);
  for (const name of ['', 'constructor', '__proto__', 'toString'])
    assert.throws(() => createFeatures(name), /PE model/);
  for (const name of ['+constructor', '+__proto__', '+']) assert.throws(() => createFeatures('max', [name]), /feature/);
});

test('every feature and every model has a description', () => {
  for (const name of [...featureNames, ...cpuNames]) assert.match(describeFeature(name) ?? '', /\.$/, name);
  assert.equal(describeFeature('constructor'), undefined);
});

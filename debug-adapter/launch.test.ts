import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LAUNCH_ATTRIBUTES, prepareLaunch } from './launch.ts';
import { nodeFiles } from './node-files.ts';

const repository = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const sample = path.join(repository, 'simulator/hypervisors/first-light');

/** The source file of a function of the sample, as a launch finds it. */
async function sourceOfInjection(attributes: object): Promise<string | undefined> {
  const [table] = (await prepareLaunch(attributes, nodeFiles)).symbols;
  return table.lineAt(table.symbol('vgic_inject')!)?.path;
}

test('relative source paths begin at the folder above the image that has the file', async () => {
  const program = path.join(sample, 'first-light.elf');
  assert.equal(await sourceOfInjection({ program }), path.join(sample, 'vgic.c'));
});

test('relative paths of attributes and of sources begin at cwd', async () => {
  const program = 'simulator/hypervisors/first-light/first-light.elf';
  assert.equal(await sourceOfInjection({ program, cwd: repository }), path.join(sample, 'vgic.c'));
});

test('an image far from its sources finds them by cwd, and keeps its own names without', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'launch-'));
  try {
    const program = path.join(folder, 'copy.elf');
    await copyFile(path.join(sample, 'first-light.elf'), program);
    assert.equal(await sourceOfInjection({ program, cwd: repository }), path.join(sample, 'vgic.c'));
    assert.equal(await sourceOfInjection({ program }), 'simulator/hypervisors/first-light/vgic.c');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('the manifest of the extension declares these attributes and no others', async () => {
  const manifest = JSON.parse(await readFile(path.join(repository, 'package.json'), 'utf8'));
  const { properties } = manifest.contributes.debuggers[0].configurationAttributes.launch;
  assert.deepEqual(Object.keys(properties).sort(), [...LAUNCH_ATTRIBUTES].sort());
});

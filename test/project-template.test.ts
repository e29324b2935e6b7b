// The project that "New Hypervisor Project" writes: it builds with a cross compiler and runs to its end.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const template = join(root, 'extension/templates/hypervisor');
const scratch = mkdtempSync(join(tmpdir(), 'hyperstep-project-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

function copy(name: string): string {
  const folder = join(scratch, name);
  cpSync(template, folder, { recursive: true });
  return folder;
}

function make(folder: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = process.env) {
  const { status, stdout, stderr, error } = spawnSync('make', args, { cwd: folder, encoding: 'utf8', env });
  assert.equal(error, undefined, `make: ${error?.message}`);
  return { status, output: stdout + stderr };
}

function run(folder: string) {
  const image = join(folder, 'build/hypervisor.elf');
  const { status, stdout } = spawnSync(process.execPath, [join(root, 'dist/hyperstep.mjs'), 'run', image], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout };
}

const expected = { status: 0, stdout: 'The hypervisor runs.\nHello from EL1.\nThe guest has finished.\n' };

for (const CROSS of ['aarch64-linux-gnu-', undefined]) {
  test(`the project builds without a warning and runs to its end with ${CROSS ?? 'the toolchain that is found'}`, () => {
    const folder = copy(`with-${CROSS ?? 'found'}`);
    const built = make(folder, CROSS ? [`CROSS=${CROSS}`] : []);
    assert.equal(built.status, 0, built.output);
    assert.doesNotMatch(built.output, /warning/);
    const { status, stdout } = run(folder);
    assert.deepEqual({ status, stdout: stdout.replaceAll('\r', '') }, expected);
  });
}

test('without a toolchain the build says what to install', () => {
  const found = (process.env['PATH'] ?? '').split(delimiter).map(one => join(one, 'make'));
  const program = found.find(one => spawnSync(one, ['--version']).status === 0)!;
  const { status, stderr } = spawnSync(program, [], {
    cwd: copy('without'),
    encoding: 'utf8',
    env: { PATH: join(scratch, 'nothing') },
  });
  assert.equal(status, 2);
  assert.match(stderr, /No toolchain for A64 is on the PATH\. Install gcc-aarch64-linux-gnu/);
});

test('the launch configuration names the image that the Makefile makes and a task that exists', () => {
  const read = (name: string) => JSON.parse(readFileSync(join(template, '.vscode', name), 'utf8'));
  const [{ program, preLaunchTask }] = read('launch.json').configurations;
  const { tasks } = read('tasks.json');
  assert.ok(tasks.some(({ label }: { label: string }) => label === preLaunchTask));
  assert.match(
    readFileSync(join(template, 'Makefile'), 'utf8'),
    /^BUILD = build\nIMAGE = \$\(BUILD\)\/hypervisor\.elf$/m,
  );
  assert.equal(program, '${workspaceFolder}/build/hypervisor.elf');
});

test('the extension knows every file of the template', () => {
  const listed = readdirSync(template, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(template.length + 1));
  const source = readFileSync(join(root, 'extension/new-project.ts'), 'utf8');
  const known = /templateFiles = \[([^\]]*)\]/.exec(source)?.[1].match(/[\w.]+(?:\/[\w.]+)*(?=')/g);
  assert.deepEqual([...(known ?? [])].sort(), listed.sort());
});

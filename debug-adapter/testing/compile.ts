/** Compiles and inspects test programs with the GNU cross tools; a missing tool is a failure that names its package. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGES: Readonly<Record<string, string>> = {
  'aarch64-linux-gnu-gcc': 'gcc-aarch64-linux-gnu',
  'aarch64-linux-gnu-g++': 'g++-aarch64-linux-gnu',
  llc: 'llvm',
  'aarch64-linux-gnu-objdump': 'binutils-aarch64-linux-gnu',
  'aarch64-linux-gnu-objcopy': 'binutils-aarch64-linux-gnu',
  'aarch64-linux-gnu-readelf': 'binutils-aarch64-linux-gnu',
};

/** Runs a tool and returns what it printed. Throws when it is missing or fails. */
export function runTool(tool: keyof typeof PACKAGES & string, args: readonly string[]): string {
  const result = spawnSync(tool, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.error !== undefined)
    throw new Error(`${tool} is not installed: this test needs the Debian package ${PACKAGES[tool]}.`);
  if (result.status !== 0) throw new Error(`${tool} failed: ${result.stderr}`);
  return result.stdout;
}

export function programPath(name: string): string {
  return fileURLToPath(new URL(`./programs/${name}`, import.meta.url));
}

/** Compiles a program of `testing/programs` to an ELF file; `remove` deletes it. */
export function compile(
  name: string,
  flags: readonly string[],
): { path: string; bytes: Uint8Array; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'hyperstep-'));
  const path = join(folder, 'program.elf');
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const base = ['-nostdlib', '-static', '-ffreestanding', '-Wl,-Ttext=0x40080000', '-Wl,--build-id=none'];
    const compiler = name.endsWith('.cpp') ? 'aarch64-linux-gnu-g++' : 'aarch64-linux-gnu-gcc';
    let input = programPath(name);
    if (name.endsWith('.ll')) {
      runTool('llc', ['-O0', '-filetype=obj', '-o', `${path}.o`, input]);
      input = `${path}.o`;
    }
    runTool(compiler, [...base, ...flags, '-o', path, input]);
    return { path, bytes: new Uint8Array(readFileSync(path)), remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Line of the marker `// BP: name` in a program, from 1. */
export function marker(program: string, name: string): number {
  const lines = readFileSync(programPath(program), 'utf8').split('\n');
  const index = lines.findIndex(line => line.includes(`BP: ${name}`) && line.trimEnd().endsWith(`BP: ${name}`));
  if (index < 0) throw new Error(`${program} has no marker "BP: ${name}".`);
  return index + 1;
}

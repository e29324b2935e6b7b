// Takes Debian packages of another architecture and of other suites with the machine's own apt, without touching its
// configuration: every suite gets a private apt folder. The mirror is the one that the machine itself uses, so that no
// address is written down here and a proxy or a local mirror keeps working.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Runs a program and returns its standard output. Throws one sentence with its last words when it fails. */
function run(program, args, cwd) {
  const result = spawnSync(program, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.error) {
    throw new Error(`Cannot run ${program}: ${result.error.message}. Taking images needs Debian with apt and dpkg.`);
  }
  if (result.status !== 0) {
    const last = result.stderr.trim().split('\n').slice(-3).join(' ');
    throw new Error(`${program} ${args.at(-1)} failed: ${last}`);
  }
  return result.stdout;
}

/** The machine's own package sources: a map from suite to the address of its archive. */
function machineSources() {
  const listing = run('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI) $(RELEASE) $(COMPONENT)',
    'Created-By: Packages',
  ]);
  const sources = new Map();
  for (const line of listing.split('\n')) {
    const [uri, suite, component] = line.split(' ');
    if (component === 'main' && !sources.has(suite)) sources.set(suite, uri);
  }
  return sources;
}

/** The code name of the running Debian, such as `bookworm`. */
export function ownSuite() {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const id = /^ID=(.*)$/m.exec(release)?.[1];
  const name = /^VERSION_CODENAME=(.*)$/m.exec(release)?.[1];
  if (id !== 'debian' || !name) throw new Error('Taking images needs Debian: its package sources lead to the archive.');
  return name;
}

/**
 * Lines for a sources.list of one suite. The archive is that of the machine's own suite; a release also gets its
 * security archive, where its newest kernel is, if the machine has one for its own.
 */
function sourceLines(suite) {
  const own = ownSuite();
  const sources = machineSources();
  const archive = sources.get(own);
  if (!archive) throw new Error(`apt has no source for ${own}: add one to /etc/apt and run apt-get update.`);
  const options = existsSync(KEYRING) ? ` [signed-by=${KEYRING}]` : '';
  const lines = [`deb${options} ${archive} ${suite} main`];
  const security = sources.get(`${own}-security`);
  if (security && !suite.includes('-')) lines.push(`deb${options} ${security} ${suite}-security main`);
  return lines;
}

/** Package lists of one suite for one architecture, in a folder of their own. */
export class Suite {
  #folder;
  #options;

  /** Fetches the lists, which costs some seconds. */
  constructor(root, suite, architecture) {
    this.#folder = join(root, suite);
    const at = name => join(this.#folder, name);
    for (const folder of ['state/lists/partial', 'cache/archives/partial', 'download']) {
      mkdirSync(at(folder), { recursive: true });
    }
    writeFileSync(at('status'), '');
    writeFileSync(at('sources.list'), `${sourceLines(suite).join('\n')}\n`);
    this.#options = Object.entries({
      'Dir::State': at('state'),
      'Dir::State::status': at('status'),
      'Dir::Cache': at('cache'),
      'Dir::Etc::sourcelist': at('sources.list'),
      'Dir::Etc::sourceparts': '/dev/null',
      'Dir::Etc::preferences': '/dev/null',
      'Dir::Etc::preferencesparts': '/dev/null',
      'APT::Architecture': architecture,
      'APT::Architectures': architecture,
      'APT::Default-Release': '',
      // As root, apt would drop to a user who cannot write here.
      'APT::Sandbox::User': 'root',
      'Acquire::Languages': 'none',
    }).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    run('apt-get', [...this.#options, '-qq', 'update']);
  }

  /** The control fields of a package's newest version; undefined when the suite has no such package. */
  #fields(name) {
    const args = [...this.#options, '--no-all-versions', 'show', name];
    const result = spawnSync('apt-cache', args, { encoding: 'utf8' });
    if (result.status !== 0 || result.stdout === '') return undefined;
    const field = key => new RegExp(`^${key}: (.*)$`, 'm').exec(result.stdout)?.[1] ?? '';
    return {
      version: field('Version'),
      depends: field('Depends')
        .split(/[,|]/)
        .map(item => item.trim().split(' ')[0]),
    };
  }

  /** Follows dependencies whose name matches, from a metapackage to the package that has the files. */
  resolve(name, follow) {
    const fields = this.#fields(name);
    if (!fields) throw new Error(`There is no package ${name} in this suite: correct the row in scripts/images.mjs.`);
    const next = follow && fields.depends.find(item => item !== name && follow.test(item));
    return next ? this.resolve(next, follow) : { name, version: fields.version };
  }

  /** A package and the packages with libraries that it depends on, however far. */
  withLibraries(name) {
    const kinds = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(kind => `--no-${kind}`);
    const listing = run('apt-cache', [...this.#options, 'depends', '--recurse', ...kinds, name]);
    return [name, ...listing.split('\n').filter(line => /^z?lib/.test(line) && line !== name)];
  }

  /** Downloads packages and returns the folder that they were unpacked into, named after the first. */
  unpack(...names) {
    const download = join(this.#folder, 'download');
    const unpacked = join(this.#folder, 'unpacked', names[0]);
    rmSync(download, { recursive: true, force: true });
    rmSync(unpacked, { recursive: true, force: true });
    mkdirSync(download, { recursive: true });
    mkdirSync(unpacked, { recursive: true });
    run('apt-get', [...this.#options, '-qq', 'download', ...names], download);
    for (const archive of readdirSync(download)) run('dpkg-deb', ['-x', join(download, archive), unpacked]);
    rmSync(download, { recursive: true });
    return unpacked;
  }
}

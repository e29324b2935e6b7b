// The manifest: its texts, what it refers to, and what is packed with it.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import manifest from '../package.json' with { type: 'json' };
import texts from '../package.nls.json' with { type: 'json' };
import { systems } from '../simulator/hypervisors/systems.ts';
import { findMistake, type LaunchSchema } from './launch-configuration.ts';
import { systemConfigurations } from './system-configurations.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { contributes } = manifest;
const read = (file: string) => fs.readFileSync(path.join(root, file), 'utf8');

/** Every string of a value with the path to it. */
function* strings(value: unknown, place = ''): Generator<[string, string]> {
  if (typeof value === 'string') yield [place, value];
  else if (typeof value === 'object' && value !== null)
    for (const [name, inner] of Object.entries(value)) yield* strings(inner, `${place}.${name}`);
}

test('every %key% of the manifest has a text, and every text is used', () => {
  const used = [...strings(manifest)].flatMap(([, text]) => /^%(.+)%$/.exec(text)?.[1] ?? []);
  assert.deepEqual([...new Set(used)].sort(), Object.keys(texts).sort());
});

test('every text that a user reads can be translated', () => {
  const isText =
    /\.(title|description|markdownDescription|patternErrorMessage|contents|name|label|enumDescriptions\.\d+)$/;
  // Names, and what is not shown.
  const kept = /\.configurationSnippets\.\d+\.body\b|\.initialConfigurations\b|\.default\b|\.properties\.name$/;
  const plain = [...strings(contributes)].filter(
    ([place, text]) => isText.test(place) && !kept.test(place) && text !== 'Hyperstep' && !text.startsWith('%'),
  );
  assert.deepEqual(plain, [], 'Move these to package.nls.json.');
});

// --- Snippets ------------------------------------------------------------------------------------------------------------

const [debuggerOf] = contributes.debuggers;

/** What a snippet inserts when every placeholder is left as it is, for each choice of those that have several. */
function expansions(body: unknown): Record<string, unknown>[] {
  const raw = JSON.stringify(body).replaceAll(/"\^\\"(.*?)\\""/g, '"$1"');
  const choice = /\$\{(\d+)\|([^|]+)\|\}/.exec(raw);
  if (choice) {
    return choice[2].split(',').flatMap(one => {
      const chosen = raw.replace(choice[0], one).replaceAll(`\${${choice[1]}}`, one);
      return expansions(JSON.parse(chosen));
    });
  }
  const text = raw.replaceAll(/\$\{\d+:([^}]*)\}/g, '$1').replaceAll('\\\\$', '$');
  return [JSON.parse(text)];
}

const snippets = debuggerOf.configurationSnippets.map(({ label, body }) => ({ label, bodies: expansions(body) }));

test('every snippet inserts a configuration without a mistake', () => {
  const schema = debuggerOf.configurationAttributes.launch as LaunchSchema;
  for (const { label, bodies } of snippets)
    for (const body of bodies) {
      assert.equal(findMistake(body, schema), undefined, `${label}: ${JSON.stringify(body)}`);
      const known = [...Object.keys(schema.properties), 'type', 'request', 'name', 'preLaunchTask'];
      assert.deepEqual(
        Object.keys(body).filter(name => !known.includes(name)),
        [],
        label,
      );
    }
});

test('snippets of built-in systems start what the Machine view starts, for each family', () => {
  const folder = '${extensionInstallFolder:hyperstep.hyperstep}';
  const comparable = ({ name: _, gic = 3, ...rest }: Readonly<Record<string, unknown>>) =>
    JSON.stringify(Object.entries({ gic, ...rest }).sort());
  const known = new Set(systemConfigurations(folder).map(comparable));
  const built = snippets
    .flatMap(({ bodies }) => bodies)
    .filter(({ program }) => String(program).startsWith(folder) && !String(program).includes('first-light'));
  for (const body of built) assert.ok(known.has(comparable(body)), JSON.stringify(body));
  const families = new Set(systems.map(({ elf }) => elf.split('/')[0]));
  assert.deepEqual(new Set(built.map(({ program }) => String(program).split('/').at(-2))), families);
  for (const { program } of built) assert.ok(fs.existsSync(String(program).replace(folder, root)), String(program));
});

// --- What it refers to ---------------------------------------------------------------------------------------------------

const commands = new Set(contributes.commands.map(({ command }) => command));
const views = Object.values(contributes.views).flat();
const viewIds = new Set(views.map(({ id }) => id));
/** Commands that VS Code has, and those that it makes for each view. */
const hasCommand = (id: string) =>
  commands.has(id) || id.startsWith('workbench.') || (id.endsWith('.focus') && viewIds.has(id.slice(0, -6)));

test('links and completion events name commands and views that exist', () => {
  for (const [key, text] of Object.entries(texts)) {
    for (const [, command, , args] of text.matchAll(/\]\(command:([\w.]+)(\?([^)]*))?\)/g)) {
      assert.ok(hasCommand(command), `${key}: ${command}`);
      if (command === 'hyperstep.startSystem') {
        const [name] = JSON.parse(decodeURIComponent(args));
        assert.ok(
          systems.some(system => system.name === name),
          `${key}: ${name}`,
        );
      }
    }
  }
  for (const { steps } of contributes.walkthroughs)
    for (const { id, completionEvents, media } of steps) {
      assert.ok(fs.existsSync(path.join(root, media.markdown)), media.markdown);
      for (const event of completionEvents) {
        const [kind, name] = event.split(':');
        if (kind === 'onCommand') assert.ok(hasCommand(name), `${id}: ${event}`);
        else if (kind === 'onView') assert.ok(viewIds.has(name), `${id}: ${event}`);
        else assert.equal(event, 'onContext:hyperstep.sessionActive');
      }
    }
});

test('menus and keys name commands that exist', () => {
  const named = [...Object.values(contributes.menus).flat(), ...contributes.keybindings].map(({ command }) => command);
  assert.deepEqual(
    named.filter(command => !commands.has(command)),
    [],
  );
});

// --- What is packed ------------------------------------------------------------------------------------------------------

/** The files that .vscodeignore leaves: it first excludes everything, and then has lines of what is packed. */
function packed(): string[] {
  const [first, ...lines] = read('.vscodeignore').trim().split('\n');
  assert.equal(first, '**');
  const patterns = lines.map(line => {
    assert.ok(line.startsWith('!'), `${line}: what another line packs cannot be left out again.`);
    const escaped = line.slice(1).replaceAll(/[.]/g, '\\.');
    return new RegExp(`^${escaped.replaceAll('**', '\0').replaceAll('*', '[^/]*').replaceAll('\0', '.*')}$`);
  });
  const folders = new Set(
    lines.map(line => line.slice(1).split('/')).flatMap(([folder, rest]) => (rest ? folder : [])),
  );
  const inFolders = [...folders].flatMap(folder =>
    fs
      .readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/')),
  );
  return [...fs.readdirSync(root), ...inFolders].filter(file => patterns.some(pattern => pattern.test(file)));
}

test('the package has what the manifest names, nothing needless, and stays small', () => {
  const files = packed();
  const needed = [
    ...[...strings(manifest)]
      .map(([, text]) => text)
      .filter(text => /^\.?\/?(dist|extension|syntaxes)\/\S+$/.test(text)),
    ...fs.readdirSync(path.join(root, 'l10n')).map(name => `l10n/${name}`),
    ...systems.map(({ elf }) => `simulator/hypervisors/${elf}`),
    ...[...read('README.md').matchAll(/\]\((docs\/[^)]+\.png)\)/g)].map(([, image]) => image),
    'package.nls.json',
    'README.md',
    'CHANGELOG.md',
    'LICENSE',
  ].map(file => file.replace(/^\.\//, ''));
  for (const file of needed) assert.ok(files.includes(file), `${file} is not packed.`);

  const wanted = [
    /^docs\/images\/[\w-]+\.png$/,
    /^dist\/(extension|language-client|language-server)\.cjs$/,
    /^dist\/hyperstep\.mjs$/,
    /^dist\/web\/[\w-]+\.c?js$/,
    /^dist\/webviews\/[\w-]+\.(js|css)$/,
    /^extension\/media\/(icon\.png|hyperstep\.svg)$/,
    /^extension\/templates\/hypervisor\/(\.vscode\/)?[\w.-]+$/,
    /^extension\/walkthrough\/[\w-]+\.md$/,
    /^l10n\/bundle\.l10n(\.[\w-]+)?\.json$/,
    /^package(\.nls(\.[\w-]+)?)?\.json$/,
    /^simulator\/hypervisors\/.*(\.(c|h|S|ld|elf|md)|\.vscode\/launch\.json)$/,
    /^syntaxes\/[\w.-]+\.json$/,
    /^(README|CHANGELOG)\.md$/,
    /^LICENSE$/,
  ];
  assert.deepEqual(
    files.filter(file => !wanted.some(one => one.test(file))),
    [],
    'Files that a user does not need.',
  );

  // Before compression, so that the package is far below 10 MB.
  const bytes = files.reduce((sum, file) => sum + fs.statSync(path.join(root, file)).size, 0);
  assert.ok(bytes < 10_000_000, `${bytes} bytes.`);
});

test('nothing is sent anywhere: no telemetry, no key for it', () => {
  assert.doesNotMatch(read('package.json'), /telemetry|aiKey|instrumentationKey/i);
});

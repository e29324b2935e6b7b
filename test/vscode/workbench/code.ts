// A drop-in for the VS Code executable as @vscode/test-electron calls it: takes the same options, opens the workbench
// of code-server in Chromium, runs the tests in its extension host and exits with their result.
//
// Exit codes of its own: 70 the workbench did not start, 71 and 72 the window went away, 73 the extension host ended
// before the tests did, 124 no end within HYPERSTEP_WORKBENCH_TIMEOUT seconds.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { format } from 'node:util';
import type { BrowserContext } from 'playwright-core';
import { remoteUri, startBrowser, workbenchUrl } from './browser.ts';
import { runCli, type Server, startServer } from './server.ts';

const optionsWithValue = new Set([
  'extensionDevelopmentPath',
  'extensionTestsPath',
  'user-data-dir',
  'extensions-dir',
  'install-extension',
  'uninstall-extension',
  'folder-uri',
  'locale',
  'log',
  'disable-extension',
  'profile',
]);

function parse(argv: readonly string[]) {
  const options = new Map<string, string[]>();
  const positional: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const match = /^--([^=]+)(?:=(.*))?$/s.exec(argv[i]);
    if (!match) {
      positional.push(argv[i]);
      continue;
    }
    const [, name, value] = match;
    const given = value ?? (optionsWithValue.has(name) ? argv[++i] : '');
    options.set(name, [...(options.get(name) ?? []), given]);
  }
  return { options, positional };
}

const { options, positional } = parse(process.argv.slice(2));
const all = (name: string) => options.get(name) ?? [];
const first = (name: string) => all(name)[0];

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'hyperstep-code-'));
const userDir = path.resolve(first('user-data-dir') ?? path.join(scratch, 'data'));
const extensionsDir = path.resolve(first('extensions-dir') ?? path.join(scratch, 'extensions'));

const windowless = [
  ...['install-extension', 'uninstall-extension'].flatMap(name => all(name).flatMap(value => [`--${name}`, value])),
  ...['list-extensions', 'show-versions', 'force', 'version']
    .filter(name => options.has(name))
    .map(name => `--${name}`),
];
if (windowless.length > 0) {
  const status = runCli(userDir, extensionsDir, windowless);
  fs.rmSync(scratch, { recursive: true, force: true });
  process.exit(status);
}

// What the workbench says of itself on every start.
const chatter =
  /^(Creating a socket|Resolv(ing|ed) connection token|\[reconnection|Updating additional|\[Service Worker|\[AgentHost|\[AccountPolicy|Ignoring fetching additional builtin)/;
const verbose = Boolean(process.env['HYPERSTEP_WORKBENCH_VERBOSE']);
const limit = Number(process.env['HYPERSTEP_WORKBENCH_TIMEOUT'] ?? 300) * 1000;
const screenshots = process.env['HYPERSTEP_SCREENSHOTS'];

let server: Server | undefined;
let browser: BrowserContext | undefined;
let stopping: Promise<void> | undefined;
const stop = () => {
  stopping ??= (async () => {
    await Promise.race([browser?.close().catch(() => {}), sleep(5000, undefined, { ref: false })]);
    await server?.stop();
    fs.rmSync(scratch, { recursive: true, force: true });
  })();
  return stopping;
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => stop().then(() => process.exit(130)));
}

async function main(): Promise<number> {
  const target = positional[0]
    ? path.resolve(positional[0])
    : first('folder-uri') && decodeURIComponent(new URL(first('folder-uri')).pathname);
  const tests = first('extensionTestsPath');
  const outcomeFile = path.join(scratch, 'outcome.json');
  server = await startServer({
    userDir,
    extensionsDir,
    development: true,
    env: tests ? { HYPERSTEP_TESTS: path.resolve(tests), HYPERSTEP_OUTCOME: outcomeFile } : {},
  });
  const { port, logFile } = server;
  browser = await startBrowser(path.join(scratch, 'chromium'));
  const page = browser.pages()[0] ?? (await browser.newPage());

  let finish = (_code: number) => {};
  const end = new Promise<number>(resolve => {
    finish = resolve;
  });
  // The two hooks that @vscode/test-web uses as well.
  await page.exposeFunction('codeAutomationLog', (type: string, args: unknown[]) => {
    const text = format(...args);
    if (verbose || !chatter.test(text)) console[type === 'error' || type === 'warn' ? 'error' : 'log'](text);
  });
  await page.exposeFunction('codeAutomationExit', finish);
  page.on('crash', () => {
    console.error('The page of the workbench crashed.');
    finish(71);
  });
  page.on('close', () => finish(72));

  const shim = fileURLToPath(new URL('./tests-shim.cjs', import.meta.url));
  const payload = [
    ...all('extensionDevelopmentPath').map(folder => [
      'extensionDevelopmentPath',
      remoteUri(port, path.resolve(folder)),
    ]),
    ...(tests ? [['extensionTestsPath', remoteUri(port, shim)]] : []),
    ...(options.has('disable-extensions') ? [['disableExtensions', 'true']] : []),
  ] as [string, string][];
  const isWorkspace = target?.endsWith('.code-workspace');
  await page.goto(
    workbenchUrl(port, {
      folder: isWorkspace ? undefined : target,
      workspace: isWorkspace ? target : undefined,
      payload,
    }),
    { timeout: 60_000 },
  );

  const timer = setTimeout(() => {
    console.error(`The tests did not end within ${limit / 1000} s.`);
    finish(124);
  }, limit);
  // An extension host that dies takes its result with it; the server's log tells.
  const hostEnd = /Extension Host Process exited with code: (\S+), signal: (\w+)/;
  const watch = setInterval(() => {
    const match = hostEnd.exec(fs.readFileSync(logFile, 'utf8'));
    if (!match) return;
    clearInterval(watch);
    setTimeout(() => {
      if (!fs.existsSync(outcomeFile)) console.error(`The extension host ended first: ${match[0]}.`);
      finish(73);
    }, 3000);
  }, 500);
  let code = await end;
  clearTimeout(timer);
  clearInterval(watch);
  if (tests && code === 0) {
    const outcome = fs.existsSync(outcomeFile) ? JSON.parse(fs.readFileSync(outcomeFile, 'utf8')) : undefined;
    if (!outcome?.ok) {
      console.error('The extension host ended before the test run did.');
      code = 73;
    }
  }
  if (code !== 0 && screenshots) {
    fs.mkdirSync(screenshots, { recursive: true });
    await page.screenshot({ path: path.join(screenshots, 'workbench-at-end.png') }).catch(() => {});
    fs.copyFileSync(logFile, path.join(screenshots, 'server.log'));
  }
  return code;
}

let code = 70;
try {
  code = await main();
} catch (error) {
  console.error(error);
} finally {
  await stop();
}
process.exit(code);

// Starts and stops code-server on loopback.

import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as paths from './paths.ts';

export interface Server {
  readonly port: number;
  readonly pid: number;
  readonly logFile: string;
  /** Ends the server and everything it started. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  readonly userDir: string;
  readonly extensionsDir: string;
  /** Settings of the user, on top of `quietSettings`; used when `userDir` has none yet. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Ask whether the folder is trusted, as a desktop does: a folder that nobody has judged opens in restricted mode. */
  readonly trust?: boolean;
  /** Accept an extension under development and tests by the URL of the workbench. */
  readonly development?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** 0, the default, lets the kernel choose. */
  readonly port?: number;
}

/** A workbench that asks nothing, phones nowhere and looks the same each time. */
export const quietSettings = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.colorTheme': 'Default Dark Modern',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true,
  'extensions.ignoreRecommendations': true,
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'git.enabled': false,
  'security.workspace.trust.enabled': false,
  'debug.toolBarLocation': 'docked',
  'files.autoSave': 'off',
  'window.menuBarVisibility': 'compact',
};

const startLimit = 60_000;

function baseArguments(userDir: string, extensionsDir: string): string[] {
  fs.mkdirSync(userDir, { recursive: true });
  // Without a file of our own code-server writes one into the home of the user.
  const config = path.join(userDir, 'code-server.yaml');
  fs.writeFileSync(config, 'auth: none\n');
  return ['--config', config, '--auth', 'none', '--user-data-dir', userDir, '--extensions-dir', extensionsDir];
}

// No gallery: nothing is looked up outside.
const environment = (extra: Readonly<Record<string, string>> = {}) => ({
  ...process.env,
  EXTENSIONS_GALLERY: '{}',
  ...extra,
});

/** Runs a command of code-server that opens no window, such as `--install-extension`. Returns its exit code. */
export function runCli(userDir: string, extensionsDir: string, args: readonly string[]): number {
  const argv = [paths.codeServer(), ...baseArguments(userDir, extensionsDir), ...args];
  return spawnSync(paths.node(), argv, { stdio: 'inherit', env: environment() }).status ?? 1;
}

/** Installs a packed extension as a user does; an older one of the same name goes away. Throws the server's words. */
export function installExtension(userDir: string, extensionsDir: string, vsix: string): void {
  const argv = [paths.codeServer(), ...baseArguments(userDir, extensionsDir), '--install-extension', vsix, '--force'];
  const { status, stdout, stderr } = spawnSync(paths.node(), argv, { env: environment(), encoding: 'utf8' });
  if (status !== 0) throw new Error(`${vsix} could not be installed: ${stdout}${stderr}`);
}

function healthy(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const request = http.get(`http://127.0.0.1:${port}/healthz`, { timeout: 2000 }, response => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('error', () => resolve(false));
    request.on('timeout', () => request.destroy());
  });
}

/** Resolves when the server answers. Throws with the server's own log when it ends before. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { userDir, extensionsDir } = options;
  const settings = path.join(userDir, 'User/settings.json');
  if (!fs.existsSync(settings)) {
    fs.mkdirSync(path.dirname(settings), { recursive: true });
    fs.writeFileSync(settings, JSON.stringify({ ...quietSettings, ...options.settings }, null, 2));
  }
  const logFile = path.join(userDir, 'server.log');
  fs.writeFileSync(logFile, '');
  const log = fs.openSync(logFile, 'a');
  // Sockets go into a folder with a short name: the path of a socket ends at 107 bytes.
  const sockets = fs.mkdtempSync(path.join(os.tmpdir(), 'hyperstep-'));
  const argv = [
    paths.codeServer(),
    ...baseArguments(userDir, extensionsDir),
    '--bind-addr',
    `127.0.0.1:${options.port ?? 0}`,
    '--session-socket',
    path.join(sockets, 's'),
    '--disable-telemetry',
    '--disable-update-check',
    ...(options.trust ? [] : ['--disable-workspace-trust']),
    '--disable-getting-started-override',
    ...(options.development ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
  ];
  const child = spawn(paths.node(), argv, {
    stdio: ['ignore', log, log],
    detached: true, // A group of its own, so that stop() reaches the extension hosts too.
    env: environment({ TMPDIR: sockets, XDG_RUNTIME_DIR: sockets, ...options.env }),
  });
  fs.closeSync(log);
  let ended: string | undefined;
  child.on('exit', (code, signal) => {
    ended = signal ?? String(code);
  });

  const stop = async () => {
    const signal = (name: NodeJS.Signals) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, name);
      } catch {
        // The group is gone already.
      }
    };
    signal('SIGTERM');
    for (let waited = 0; ended === undefined && waited < 5000; waited += 25) await sleep(25);
    signal('SIGKILL');
    fs.rmSync(sockets, { recursive: true, force: true });
  };

  for (let waited = 0; waited < startLimit; waited += 50) {
    const text = fs.readFileSync(logFile, 'utf8');
    if (ended !== undefined) {
      await stop();
      throw new Error(`code-server ended (${ended}) before it answered:\n${text}`);
    }
    const port = Number(/HTTP server listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1] ?? 0);
    if (port !== 0 && (await healthy(port))) return { port, pid: child.pid!, logFile, stop };
    await sleep(50);
  }
  await stop();
  throw new Error(`code-server did not answer within ${startLimit / 1000} s; its log is ${logFile}.`);
}

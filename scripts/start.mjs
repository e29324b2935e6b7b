// Opens the main job: the sample hypervisor, ready to be debugged with F5.
//
//   npm start                  in VS Code when `code` is on the PATH, else in the workbench in a browser on loopback
//   npm start -- --headless    prints a debug session of the sample as a transcript
//   npm start -- --port 8123   the workbench on this port
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { pack } from './package.mjs';
import { build, fail, installDependencies, installWorkbench, root, run, workbenchNode } from './setup.mjs';

const sample = path.join(root, 'simulator/hypervisors/first-light');
const args = process.argv.slice(2);
const windows = process.platform === 'win32';

function desktop() {
  const { status } = spawnSync('code', ['--version'], { stdio: 'ignore', shell: windows });
  return status === 0;
}

/** Serves the workbench until it is told to end; it also ends with this process, by the channel between the two. */
async function serve() {
  const server = spawn(workbenchNode, ['test/vscode/workbench/serve.ts', sample, ...args], {
    cwd: root,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  // Ctrl+C reaches both processes, kill only this one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => server.kill(signal));
  // A signal ends npm without reaching what npm started.
  const parent = process.ppid;
  const orphaned = () => process.env['npm_lifecycle_event'] && process.ppid !== parent;
  const watch = setInterval(() => orphaned() && server.kill(), 500);
  const [code] = await once(server, 'exit');
  clearInterval(watch);
  process.exitCode = code ?? 1;
}

try {
  installDependencies();
  build();
  if (args.includes('--headless')) {
    run(process.execPath, ['scripts/headless-session.mjs', path.join(sample, 'first-light.elf')]);
  } else if (desktop()) {
    console.log('Opening VS Code with the sample. Press F5 there.');
    run('code', ['--new-window', `--extensionDevelopmentPath=${root}`, sample], { shell: windows });
  } else {
    installWorkbench();
    pack();
    await serve();
  }
} catch (error) {
  fail(error);
}

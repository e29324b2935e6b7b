// Opens the main job: the sample hypervisor, ready to be debugged with F5.
//
//   npm start                  in VS Code when `code` is on the PATH, else in the workbench in a browser on loopback
//   npm start -- --headless    prints a debug session of the sample as a transcript
//   npm start -- --port 8123   the workbench on this port
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { build, fail, installDependencies, installWorkbench, root, run, workbenchNode } from './setup.mjs';

const sample = path.join(root, 'simulator/hypervisors/first-light');
const args = process.argv.slice(2);
const windows = process.platform === 'win32';

function desktop() {
  const { status } = spawnSync('code', ['--version'], { stdio: 'ignore', shell: windows });
  return status === 0;
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
    run(workbenchNode, ['test/vscode/workbench/serve.ts', sample, ...args]);
  }
} catch (error) {
  fail(error);
}

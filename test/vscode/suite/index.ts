// Entry of the suite inside the extension host: runs every test file beside the bundle of this one with mocha and leaves
// the counts in the file that HYPERSTEP_RESULTS names.

import fs from 'node:fs';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import Mocha from 'mocha';

export async function run(): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const mocha = new Mocha({ ui: 'bdd', timeout: 60_000, color: false, forbidOnly: true, forbidPending: true });
  for (const file of fs.readdirSync(__dirname).sort()) {
    if (file.endsWith('.test.cjs')) mocha.addFile(path.join(__dirname, file));
  }
  const failed = await new Promise<number>(resolve => {
    const runner = mocha.run(failures => {
      const passed = runner.stats?.passes ?? 0;
      const results = process.env['HYPERSTEP_RESULTS'];
      if (results) fs.writeFileSync(results, JSON.stringify({ passed, failed: failures }));
      resolve(passed + failures === 0 ? 1 : failures);
    });
  });
  // What a user would feel: all extensions live in this process.
  console.log(`The extension host was held up for ${(delay.max / 1e6).toFixed(0)} ms at most.`);
  if (failed > 0) throw new Error(`${failed} of the tests in VS Code failed, or none ran.`);
}

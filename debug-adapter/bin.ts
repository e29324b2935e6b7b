// The `hyperstep` command. `dap` is the debug adapter; everything else is the simulator's own command line, which must
// not know the adapter.

import '../simulator/node/engine-flags.ts';

const [command, ...rest] = process.argv.slice(2);
if (command === 'dap') {
  const { runDap } = await import('./main.ts');
  const { createTarget } = await import('../simulator/machine.ts');
  process.exitCode = await runDap(rest, createTarget);
} else {
  const { main } = await import('../simulator/cli.ts');
  process.exitCode = await main(process.argv.slice(2));
}

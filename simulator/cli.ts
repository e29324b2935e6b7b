/** The command line: the same machine without an editor. */

import { UsageError } from './node/arguments.ts';
import { bench } from './node/bench.ts';
import { traceNested } from './node/nested-trace.ts';
import { EXIT_OK, EXIT_USAGE, run, trace } from './node/run.ts';

/** 128 + SIGPIPE. */
const EXIT_PIPE = 141;

const help = `hyperstep: a simulated Arm machine, EL0 to EL3, for those who write hypervisors

  hyperstep run IMAGE [options]     run until power-off; the UART is standard output
  hyperstep trace IMAGE [options]   one line per exception taken and returned from
  hyperstep trace --nested [--system NAME] [--operation NAME]
                                    one exit of a nested guest, trap by trap: nested/armv8.3 (default), nested/neve, nested/nv2
  hyperstep dap [--port N]          the debug adapter on stdio or TCP
  hyperstep bench [options]         speed of the engine on its own workloads; --debug: what being debugged costs
  hyperstep bench --compiling IMAGE [options of run]
                                    what it takes to compile hot code, by stage
  hyperstep bench --system NAME[,NAME] [--profile NAME] [--json]
                                    modelled cycles of the built-in systems beside published ones; "all" is each

Options of run and trace:
  --cpu NAME             armv8.0-a ... armv8.6-a, cortex-a57, cortex-a72, max (default)
  --features +x,-y       single features on and off
  --gic 2|3              interrupt controller (default 3)
  --pes N                number of PEs (default 1)
  --memory SIZE          RAM, such as 512M or 1G (default 1G)
  --el 1|2|3             exception level of the first instruction (default 2)
  --append TEXT          command line for a Linux kernel
  --initrd FILE, --dtb FILE, --dump-dtb FILE
  --disk FILE            a virtio disk; may be repeated. The file is never changed: writes last until the end of the run
  --network              a virtio network card on a network that answers ARP, DHCP and ping
  --virtio-console       a virtio console; what is typed goes there once the guest listens
  --variables FILE       second flash bank, for UEFI variables; what the guest leaves there is written back
  --guest-kernel FILE    kernel of the first guest, for Xen: its dom0; the initrd is the guest's then
  --guest-append TEXT    command line of that kernel
  --load-address N       put a flat binary there instead of into the flash
  --semihosting          serve HLT 0xf000
  --quantum N            instructions after which the next PE has its turn (default 20000)
  --schedule-seed N      let turns vary in length, to search for races and to replay them
  --schedule-from N      modelled time before which they don't
  --profile NAME         model cycles, and time after them, by a cost profile: seattle or x-gene
  --tier 0|1             interpret only, or compile hot code (default)
  --expect TEXT          wait for a text on the console  } repeated, in order; exit 0 when the last
  --send TEXT            type a line on the console      } expected text has appeared
  --max-instructions N, --timeout SECONDS
  --json FILE            write a report of the run
  --quiet                keep the UART from standard output

Exit codes: 0 power-off or last --expect seen, the guest's code by semihosting, 2 bad argument or file, 3 at a limit,
4 stopped at something that the machine lacks.
`;

/** Returns the exit code. Commands that are not of the machine itself (`dap`) are dispatched by the caller. */
export async function main(argv: readonly string[]): Promise<number> {
  const [command, ...rest] = argv;
  // A reader that has gone, such as `head`, ends the run as it would end any other program.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT_PIPE : 1));
  if (rest.includes('--help')) return await main(['help']);
  try {
    switch (command) {
      case 'run':
        return await run(rest);
      case 'trace':
        if (!rest.includes('--nested')) return await trace(rest);
        process.stdout.write(traceNested(rest));
        return EXIT_OK;
      case 'bench':
        return await bench(rest);
      case undefined:
      case 'help':
      case '--help':
        process.stdout.write(help);
        return command === undefined ? EXIT_USAGE : 0;
      default:
        throw new UsageError(`There is no command "${command}"; "hyperstep help" lists them.`);
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`hyperstep: ${error.message}\n`);
    return EXIT_USAGE;
  }
}

/** A client whose adapter has the scripted machine, for tests without the real one. */

import { createInProcessAdapter } from '../in-process.ts';
import { nodeFiles } from '../node-files.ts';
import { compile, programPath } from './compile.ts';
import { DapClient } from './dap-client.ts';
import { FakeTarget } from './fake-target.ts';

export class Client extends DapClient {
  private readonly made: { target?: FakeTarget };
  private readonly program: ReturnType<typeof compile>;

  /** Compiles a program of `testing/programs` for the session. */
  constructor(program = 'hypervisor.S', flags: readonly string[] = ['-g']) {
    const made: { target?: FakeTarget } = {};
    super(
      createInProcessAdapter({
        files: nodeFiles,
        createTarget: config => {
          made.target = new FakeTarget(config);
          return made.target;
        },
      }),
    );
    this.made = made;
    this.program = compile(program, flags);
  }

  get target(): FakeTarget | undefined {
    return this.made.target;
  }

  get programPath(): string {
    return this.program.path;
  }

  /** Launches the test program and stops at its first instruction. */
  async start(more: object = {}): Promise<void> {
    await this.request('initialize', {
      adapterID: 'hyperstep',
      supportsInvalidatedEvent: true,
      supportsMemoryEvent: true,
    });
    await this.request('launch', { program: this.programPath, stopOnEntry: true, ...more });
    await this.event('initialized');
  }

  async configured(): Promise<void> {
    await this.request('configurationDone');
    await this.event('stopped');
  }

  override dispose(): void {
    super.dispose();
    this.program.remove();
  }

  /** Compares the transcript with the golden file, paths replaced. */
  golden(url: URL): void {
    this.compareTranscript(url, { [this.programPath]: 'PROGRAM', [programPath('x').slice(0, -2)]: 'PROGRAMS' });
  }
}

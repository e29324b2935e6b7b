/** initialize to disconnect. */

import type { DebugProtocol } from '@vscode/debugprotocol';
import { EXCEPTION_FILTERS, filterSpecs } from '../filters.ts';
import { type Handler, handler } from '../handler.ts';
import { prepareLaunch } from '../launch.ts';
import { Continue, RunThrough } from '../motions.ts';
import type { Session } from '../session.ts';
import { functionsNamed } from '../symbols/functions.ts';
import { inTable, TRANSLATION_REGIMES } from './breakpoints.ts';
import { CHANGES_MODE } from './watches.ts';

/** A breakpoint can be bound to the regime in which its address is meant, or from which its exception comes. */
const BREAKPOINT_MODES: DebugProtocol.BreakpointMode[] = [
  ...TRANSLATION_REGIMES.map(regime => ({
    mode: regime,
    label: `In ${regime}`,
    description: `Stops only where the translation regime is ${regime}; exceptions are those taken from it.`,
    appliesTo: ['source', 'instruction', 'data', 'exception'],
  })),
  {
    mode: CHANGES_MODE,
    label: 'Only changes',
    description: 'Stops only at writes that leave another value.',
    appliesTo: ['data'],
  },
];

/** What is declared is what is proven, and is dispatched: see test/dap/claims.test.ts. */
export const CAPABILITIES: DebugProtocol.Capabilities = {
  supportsConfigurationDoneRequest: true,
  supportsFunctionBreakpoints: true,
  supportsConditionalBreakpoints: true,
  supportsHitConditionalBreakpoints: true,
  supportsEvaluateForHovers: true,
  exceptionBreakpointFilters: EXCEPTION_FILTERS.map(({ filter, label, description }) => ({
    filter,
    label,
    description,
    supportsCondition: true,
    conditionDescription: 'Such as esr.ec == HVC64 && x0 == 0x84000000, or from.el == 1',
  })),
  supportsStepBack: true,
  breakpointModes: BREAKPOINT_MODES,
  supportsSetVariable: true,
  supportsRestartFrame: true,
  supportsGotoTargetsRequest: true,
  supportsStepInTargetsRequest: true,
  supportsTerminateThreadsRequest: true,
  supportsCompletionsRequest: true,
  completionTriggerCharacters: ['.', '$'],
  supportsModulesRequest: true,
  additionalModuleColumns: [
    { attributeName: 'regime', label: 'Regime', type: 'string' },
    { attributeName: 'guest', label: 'VMID', type: 'number' },
    { attributeName: 'bias', label: 'Relocated by', type: 'string' },
  ],
  // The guest's console goes to the client as it is, colours included.
  supportsANSIStyling: true,
  supportedChecksumAlgorithms: ['MD5'],
  supportsRestartRequest: true,
  supportsValueFormattingOptions: true,
  supportsExceptionInfoRequest: true,
  supportsDelayedStackTraceLoading: true,
  supportsLoadedSourcesRequest: true,
  supportsLogPoints: true,
  supportsSetExpression: true,
  supportsTerminateRequest: true,
  supportsDataBreakpoints: true,
  supportsReadMemoryRequest: true,
  supportsWriteMemoryRequest: true,
  supportsDisassembleRequest: true,
  supportsCancelRequest: true,
  supportsBreakpointLocationsRequest: true,
  supportsClipboardContext: true,
  supportsSteppingGranularity: true,
  supportsInstructionBreakpoints: true,
  supportsExceptionFilterOptions: true,
  supportsSingleThreadExecutionRequests: true,
  supportsDataBreakpointBytes: true,
};

/** To the first stop. Throws a sentence for a function that no image has. */
function begin(session: Session): void {
  const { machine } = session;
  const { target, breakpoints, symbols } = machine;
  const { stopOnEntry, runTo, exceptionFilters } = machine.launch;
  breakpoints.clear('launch');
  const places = runTo.map(name => ({
    name,
    specs: () => functionsNamed(symbols, name).flatMap(({ table, address }) => inTable(table, address)),
  }));
  // A name that nobody has is a fault of the launch, not of a moment later on.
  for (const { specs } of places) specs();
  const addFilters = () => {
    for (const row of EXCEPTION_FILTERS) {
      if (!exceptionFilters.includes(row.filter)) continue;
      breakpoints.add('launch', row.filter, filterSpecs(row, target, undefined), {});
    }
  };
  session.afterResponse(() => {
    if (places.length > 0) return machine.runner.start(new RunThrough(target, places, addFilters));
    addFilters();
    if (stopOnEntry) session.stopped({ reason: 'entry', pe: 0 });
    else machine.runner.start(new Continue());
  });
}

export const LIFECYCLE: Readonly<Record<string, Handler>> = {
  initialize: handler<DebugProtocol.InitializeRequestArguments, DebugProtocol.Capabilities>(
    'nothing',
    (session, args) => {
      if (session.initialized) throw new Error('The request initialize came twice.');
      session.initialized = true;
      session.client = args;
      return CAPABILITIES;
    },
  ),

  launch: handler<unknown, void>('initialized', async (session, args) => {
    if (session.launched) throw new Error('The request launch came twice.');
    const launch = await prepareLaunch(args, session.options.files);
    session.start(launch);
    for (const note of launch.notes) session.output('console', `${note}\n`);
    // Breakpoints can be resolved from now on: the client may send its configuration.
    session.afterResponse(() => session.event('initialized'));
  }),

  // The machine lives in the adapter, so there is none before it is launched.
  attach: handler<unknown, void>('initialized', () => {
    throw new Error('There is nothing to attach to: this debugger makes its machine. Use launch.');
  }),

  configurationDone: handler<unknown, void>('machine', session => {
    if (session.configured) throw new Error('The request configurationDone came twice.');
    session.configured = true;
    begin(session);
  }),

  restart: handler<{ arguments?: unknown }, void>('machine', async (session, args) => {
    const { machine } = session;
    if (args.arguments !== undefined) {
      // The client sends the launch attributes anew; a changed image needs another machine.
      const launch = await prepareLaunch(args.arguments, session.options.files);
      machine.runner.cancel();
      session.start(launch);
      session.configured = false;
      session.afterResponse(() => session.event('initialized'));
      return;
    }
    machine.runner.cancel();
    machine.target.reset();
    machine.invalidate();
    begin(session);
  }),

  terminate: handler<unknown, void>('machine', session => {
    session.afterResponse(() => session.close());
  }),

  disconnect: handler<unknown, void>('nothing', session => {
    session.afterResponse(() => session.close());
  }),

  // The session marks the request when the message arrives; here is only the answer.
  cancel: handler<unknown, void>('nothing', () => undefined),
};

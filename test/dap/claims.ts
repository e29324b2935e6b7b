/** What the debugger claims, each with the test that proves it: the rows of docs/debugger.md. */

/** A test: its file from the root of the repository, and words of its title as they stand in the file. */
export interface Proof {
  readonly file: string;
  readonly title: string;
}

export interface Claim {
  readonly name: string;
  /** What the user gets, or why there is nothing to get. */
  readonly text: string;
  readonly proof?: Proof;
}

const FIRST_LIGHT = 'test/dap/first-light.test.ts';
const BEYOND = 'test/dap/beyond.test.ts';
const PAST = 'test/dap/past.test.ts';
const SESSION = 'debug-adapter/session.test.ts';
const SPACES = 'test/dap/spaces.test.ts';
const PROTOCOL = 'test/dap/protocol.test.ts';
const GUESTS = 'test/dap/guest-spaces.test.ts';
const REGIMES = 'test/dap/regimes.test.ts';
const PES = 'test/dap/several-pes.test.ts';

const row = (name: string, text: string, file?: string, title?: string): Claim => ({
  name,
  text,
  ...(file === undefined || title === undefined ? {} : { proof: { file, title } }),
});

/** The 42 capabilities of DAP 1.71. One without a proof is not declared, and its text says why. */
export const CAPABILITY_CLAIMS: readonly Claim[] = [
  row(
    'supportsConfigurationDoneRequest',
    'Breakpoints are set before the machine starts.',
    SESSION,
    'a whole session: breakpoints',
  ),
  row(
    'supportsFunctionBreakpoints',
    'By symbol, also of kernels without debug data.',
    FIRST_LIGHT,
    'on a function and on an address stop there',
  ),
  row(
    'supportsConditionalBreakpoints',
    'Asked inside the machine.',
    SESSION,
    'conditions, hit counts and log messages decide',
  ),
  row(
    'supportsHitConditionalBreakpoints',
    '`5`, `>= 5`, `% 5`.',
    SESSION,
    'conditions, hit counts and log messages decide',
  ),
  row(
    'supportsEvaluateForHovers',
    'C, registers and their fields, memory of any space.',
    SESSION,
    'expressions know registers, fields, symbols',
  ),
  row(
    'exceptionBreakpointFilters',
    'By change of level, trap, interrupt, world switch, list register.',
    PAST,
    'stops where it should',
  ),
  row(
    'supportsStepBack',
    'By instruction and line, and reverse continue.',
    FIRST_LIGHT,
    'goes back: to the write of the list register',
  ),
  row(
    'supportsSetVariable',
    'C variables, registers and their fields.',
    'debug-adapter/variables.test.ts',
    'C variables are read, opened and set',
  ),
  row(
    'supportsRestartFrame',
    'Back to the beginning of the function, with what it has done undone.',
    PAST,
    'to the beginning of a frame is restartFrame',
  ),
  row('supportsGotoTargetsRequest', 'Jump to a line.', SESSION, 'goto moves the program counter'),
  row(
    'supportsStepInTargetsRequest',
    'Functions that the line calls, and vectors of SVC, HVC and SMC.',
    BEYOND,
    'include the vector of a hypercall',
  ),
  row(
    'supportsCompletionsRequest',
    'Commands, registers, fields, members, symbols.',
    BEYOND,
    'completes its words and the fields of registers',
  ),
  row('completionTriggerCharacters', '`.` and `$`.', SESSION, 'completions offer fields, registers and symbols'),
  row(
    'supportsModulesRequest',
    'One for each image with symbols.',
    FIRST_LIGHT,
    'names the modules and sources of the image',
  ),
  row(
    'additionalModuleColumns',
    'Regime, VMID and relocation.',
    SPACES,
    'modules say their regime, their guest and their relocation',
  ),
  row(
    'supportedChecksumAlgorithms',
    'MD5, where a line table of DWARF 5 has it.',
    'test/dap/symbols.test.ts',
    'a source that the image carries is shown where its file is not, and known by its checksum',
  ),
  row(
    'supportsRestartRequest',
    'The same process, the same run again.',
    FIRST_LIGHT,
    'restarts from the first instruction, twice the same run',
  ),
  row('supportsExceptionOptions', 'Not declared: filters with conditions say more than break modes.'),
  row(
    'supportsValueFormattingOptions',
    'Hexadecimal, and names of frames with module, parameters and line; `,x` `,d` `,16` behind any expression.',
    PROTOCOL,
    'frames are named as the client wants them',
  ),
  row(
    'supportsExceptionInfoRequest',
    'Every field of the syndrome.',
    FIRST_LIGHT,
    'the details of an exception have every field',
  ),
  row('supportTerminateDebuggee', 'Not declared: the machine lives in the adapter and ends with it.'),
  row('supportSuspendDebuggee', 'Not declared: the machine lives in the adapter and ends with it.'),
  row('supportsDelayedStackTraceLoading', 'Frames from any index on.', SPACES, 'stacks and arrays come in pages'),
  row(
    'supportsLoadedSourcesRequest',
    'All sources of all images.',
    FIRST_LIGHT,
    'names the modules and sources of the image',
  ),
  row('supportsLogPoints', 'Expressions in braces.', FIRST_LIGHT, 'hold for the guest at its IPA and count hits, log'),
  row('supportsTerminateThreadsRequest', 'CPU_OFF of a PE.', BEYOND, 'a PE is switched off, the last one is not'),
  row(
    'supportsSetExpression',
    'Registers, fields and memory.',
    SESSION,
    'assignments reach registers, fields and memory',
  ),
  row('supportsTerminateRequest', 'Ends the machine.', SESSION, 'a whole session: breakpoints'),
  row(
    'supportsDataBreakpoints',
    'Memory of any space, followed where it is mapped; registers, fields, list registers, stage-2 ranges. What hardware sets in tables (AF, dirty state) is no stop, but `last-write` finds it.',
    'test/engine/mapped-watchpoints.test.ts',
    'is watched wherever it is mapped, forwards and backwards',
  ),
  row(
    'supportsReadMemoryRequest',
    'Any space, also of guests that do not run and of their guests, without side effects on devices.',
    GUESTS,
    'goes through three translations, whoever runs',
  ),
  row(
    'supportsWriteMemoryRequest',
    'Any space; part of the replay, and in the past the begin of another future.',
    PROTOCOL,
    'a change in the past begins another future',
  ),
  row(
    'supportsDisassembleRequest',
    'With symbols and sources; unreadable rows stay in place.',
    FIRST_LIGHT,
    'disassembly has the words of the code, with symbols',
  ),
  row(
    'supportsCancelRequest',
    'Queued requests, searches, runs to a place, steps and reading of symbols, by their request or their progress bar.',
    'test/dap/long-work.test.ts',
    'leaves the machine where it was',
  ),
  row(
    'supportsBreakpointLocationsRequest',
    'Lines with code.',
    SPACES,
    'lines with code are the places of breakpoints',
  ),
  row('supportsClipboardContext', 'As in a watch.', SPACES, 'values are hexadecimal on request'),
  row(
    'supportsSteppingGranularity',
    'Line and instruction.',
    FIRST_LIGHT,
    'by instruction and by line go where the source goes',
  ),
  row('supportsInstructionBreakpoints', 'At a VA of any regime.', BEYOND, 'bind an address to a regime'),
  row(
    'supportsExceptionFilterOptions',
    'Conditions over levels, syndrome, guest, PE, INTID (GICv2 and GICv3), registers.',
    'test/dap/interrupts.test.ts',
    'physical and virtual ones',
  ),
  row(
    'supportsSingleThreadExecutionRequests',
    'One PE goes on or steps while the others stand; otherwise they run in their turns. Both are replayed.',
    PES,
    'of a single thread leave the other PE where it stands',
  ),
  row(
    'supportsDataBreakpointBytes',
    'By address and length.',
    SESSION,
    'a data breakpoint by address stops at the write',
  ),
  row(
    'breakpointModes',
    'Translation regimes; for data also "only changes".',
    PAST,
    'only at writes that leave another value',
  ),
  row(
    'supportsANSIStyling',
    "The guest's console with its colours.",
    SPACES,
    'colours of the guest reach the client as they are',
  ),
];

/** What users of other debuggers ask for, and the answer here. */
export const ASKS: readonly Claim[] = [
  row(
    'See EL2 tables from a stop in EL1',
    'Any regime and any guest from any stop: `el2:0x...`, `vm2:0x...`, `l2:0x...`, the walk of a regime.',
    GUESTS,
    'is read and written while its host runs',
  ),
  row(
    'Correct stage-2 walks',
    "The MMU's own walk with every step recorded.",
    FIRST_LIGHT,
    'stage 2 of the guest is listed and walked',
  ),
  row(
    'Choose the table base',
    '`ipa2:0x...` is by the tables of VMID 2, loaded or not.',
    SPACES,
    'an IPA of a guest that is not loaded',
  ),
  row(
    'Correct tables with every feature',
    'Pane and engine share one walk.',
    FIRST_LIGHT,
    'the guest is the same through its VA, its IPA and the PA',
  ),
  row(
    'Breakpoints in another world',
    'Set at any time, bound to a regime by a mode.',
    REGIMES,
    'is set from the other world, and before there is a translation for it',
  ),
  row(
    'Step into and over exceptions',
    'Into the vector, over to the matching ERET, out to it; calls, faults and interrupts alike, and backwards the same.',
    'test/dap/exception-steps.test.ts',
    'that takes an exception ends behind its return, and the way back is the same',
  ),
  row(
    'Interrupts while stepping',
    'Taken or held, as the user says.',
    PAST,
    'a step goes into an interrupt, or past it',
  ),
  row(
    'VHE: breakpoints in the window of a world switch',
    'A breakpoint is of its regime and guest, and a step of the guest goes over the whole window.',
    REGIMES,
    'in the window of a world switch of VHE',
  ),
  row(
    'The debugger walks guest tables itself',
    'The machine does; two stages, any regime, three for a guest of a guest.',
    GUESTS,
    'goes through three translations, whoever runs',
  ),
  row(
    'Symbols by address space',
    'By regime, VMID and table base; kernels name themselves.',
    SPACES,
    'images at one address keep their own symbols',
  ),
  row(
    'System registers, all of them',
    'With fields, writable, effective at once.',
    FIRST_LIGHT,
    'show every group of registers, EL1 beside EL2',
  ),
  row(
    'Reverse at source level',
    'Line, out, last change of level, marks; last write by instruction, device, table walk or user.',
    'test/dap/last-writer.test.ts',
    'the access flag is set by a table walk',
  ),
  row(
    'Disassembly with source',
    'Rows carry their source lines.',
    FIRST_LIGHT,
    'disassembly has the words of the code, with symbols',
  ),
  row(
    'Memory at any address and expression',
    'Spaces before addresses, everywhere.',
    FIRST_LIGHT,
    'expressions read registers, fields, C variables and every space',
  ),
  row(
    'Conditions and log messages',
    'On every kind of breakpoint.',
    SPACES,
    'every kind of breakpoint counts, asks and logs',
  ),
  row(
    'Infrastructure for authors of hypervisors',
    'Why a trap was taken, and who set the bit.',
    PAST,
    'names the instruction that set the bit',
  ),
  row(
    'Names by regime, not by level',
    'Threads, modes and walks say the regime.',
    REGIMES,
    'threads, breakpoint modes and walks say the regime',
  ),
  row(
    'Help with A64 assembly',
    'The language server of the extension.',
    'extension/language-server/protocol.test.ts',
    'textDocument/hover',
  ),
];

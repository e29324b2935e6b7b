/**
 * Damaged sessions by a seed: requests of a good session with parts replaced, removed or doubled, in any order, and bytes
 * of their messages changed. After every one the next good request has to be answered rightly.
 */

import { HANDLERS } from '../requests/index.ts';

/** A generator with a seed (xorshift32), so that a failure can be repeated. */
export function random(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

export interface Mutation {
  readonly command: string;
  readonly args: unknown;
}

/** Requests with sound arguments, by command. */
const GOOD: Readonly<Record<string, object>> = {
  setBreakpoints: { source: { path: '/x.S' }, breakpoints: [{ line: 3, condition: 'x0 == 1' }] },
  setFunctionBreakpoints: { breakpoints: [{ name: 'work', hitCondition: '% 2' }] },
  setInstructionBreakpoints: { breakpoints: [{ instructionReference: '0x40080000', offset: 4, mode: 'EL2' }] },
  setExceptionBreakpoints: { filters: ['trap-hvc'], filterOptions: [{ filterId: 'irq', condition: 'from.el == 1' }] },
  dataBreakpointInfo: { name: '0x40080000', asAddress: true, bytes: 8 },
  setDataBreakpoints: {
    breakpoints: [{ dataId: '{"kind":"memory","space":{"kind":"va"},"address":"0x40080000","bytes":8}' }],
  },
  breakpointLocations: { source: { path: '/x.S' }, line: 1, endLine: 9 },
  next: { threadId: 1, granularity: 'instruction' },
  stepIn: { threadId: 1, granularity: 'instruction' },
  stackTrace: { threadId: 1, startFrame: 0, levels: 3 },
  scopes: { frameId: 1 },
  variables: { variablesReference: 1, start: 0, count: 5, format: { hex: true } },
  setVariable: { variablesReference: 1, name: 'X0', value: '1' },
  evaluate: { expression: '$x0 + *(uint64_t*)0x40080000', context: 'watch' },
  setExpression: { expression: '$x1', value: '2' },
  completions: { text: '$hc', column: 4 },
  readMemory: { memoryReference: 'pa:0x40080000', offset: -8, count: 64 },
  writeMemory: { memoryReference: '0x40090000', data: 'AAAA' },
  disassemble: { memoryReference: '0x40080000', instructionOffset: -2, instructionCount: 8 },
  modules: { startModule: 0, moduleCount: 1 },
  source: { source: { path: '/x.S' }, sourceReference: 0 },
  gotoTargets: { source: { path: '/x.S' }, line: 3 },
  'hyperstep/stopWhen': { of: 'hcr_el2.vm', on: 'change' },
  'hyperstep/lastWrite': { of: 'x19' },
  'hyperstep/goTo': { instructions: 5 },
  'hyperstep/walk': { address: '0x40080000', regime: 'EL2' },
  'hyperstep/mappings': { stage: 2, limit: 3 },
};

const VALUES: readonly unknown[] = [
  ...[null, true, -1, 0, 1, 2 ** 31, 1e300, Number.NaN, '', 'x', '0x40080000', '$', '((((', 'pa:', '\u0000', '💥'],
  ...[[], [null], [[]], [{}], {}, { path: 7 }, { kind: 'va' }, 'a'.repeat(5000), '__proto__', 'constructor'],
];

/** Commands that end the session, which the caller starts anew, are left out. */
const ENDING = new Set(['disconnect', 'terminate', 'initialize', 'launch', 'configurationDone', 'restart']);
const COMMANDS = Object.keys(HANDLERS).filter(command => !ENDING.has(command));

export function mutation(next: (below: number) => number): Mutation {
  const command = COMMANDS[next(COMMANDS.length)];
  const value = (): unknown => structuredClone(VALUES[next(VALUES.length)]);
  if (next(12) === 0) return { command, args: value() };
  const args = structuredClone(GOOD[next(3) === 0 ? COMMANDS[next(COMMANDS.length)] : command] ?? { threadId: 1 });
  for (let count = next(3); count > 0; count--) mutate(args as Record<string, unknown>, next, value);
  return { command, args };
}

function mutate(at: Record<string, unknown>, next: (below: number) => number, value: () => unknown): void {
  const keys = Object.keys(at);
  const key = keys[next(Math.max(1, keys.length))];
  const inner = key === undefined ? undefined : at[key];
  if (typeof inner === 'object' && inner !== null && next(3) > 0) {
    mutate(inner as Record<string, unknown>, next, value);
    return;
  }
  switch (next(3)) {
    case 0:
      if (key !== undefined) delete at[key];
      break;
    case 1:
      at[key ?? 'threadId'] = value();
      break;
    default:
      at[['threadId', 'frameId', 'name', 'line', 'mode', 'count', 'of', 'data'][next(8)]] = value();
  }
}

/** A message as bytes with some of them changed; the header is rebuilt so that what follows can still be found. */
export function damaged(body: string, next: (below: number) => number): string {
  const characters = [...body];
  for (let count = 1 + next(4); count > 0; count--) {
    const at = next(characters.length);
    if (next(2) === 0) characters[at] = String.fromCharCode(32 + next(95));
    else characters.splice(at, 1 + next(3));
  }
  const text = characters.join('');
  return `Content-Length: ${new TextEncoder().encode(text).length}\r\n\r\n${text}`;
}

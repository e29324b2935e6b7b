/** Whole sessions, word for word: the machine is deterministic, so nothing in them may change unnoticed. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inProcess, marker, RealClient, StdioTransport, source } from './support.ts';

/** A tour of the sample: a breakpoint in the hypervisor, a trap, a step into the guest, the end. */
async function tour(client: RealClient): Promise<void> {
  await client.launch();
  await client.request('setBreakpoints', {
    source: { path: source('vgic.c') },
    breakpoints: [{ line: marker('vgic.c', 'inject') }],
  });
  await client.request('setExceptionBreakpoints', {
    filters: ['trap-hvc'],
    filterOptions: [{ filterId: 'trap-sysreg', condition: 'x0 == 0' }],
  });
  await client.request('configurationDone');
  await client.event('stopped');
  await client.request('threads');
  const trap = await client.until('continue');
  assert.equal(trap.reason, 'exception');
  await client.request('exceptionInfo', { threadId: 1 });
  await client.request('threads');
  await client.request('stackTrace', { threadId: 1 });
  await client.request('setExceptionBreakpoints', { filters: [] });
  await client.until('continue');
  const { stackFrames } = await client.request('stackTrace', { threadId: 1, levels: 3 });
  const { scopes } = await client.request('scopes', { frameId: stackFrames[0].id });
  for (const { variablesReference } of scopes.slice(0, 2)) await client.request('variables', { variablesReference });
  await client.request('evaluate', { expression: '$hcr_el2', frameId: stackFrames[0].id, context: 'watch' });
  await client.request('disassemble', {
    memoryReference: stackFrames[0].instructionPointerReference,
    instructionOffset: -1,
    instructionCount: 4,
  });
  await client.until('next');
  await client.request('hyperstep/listRegisters', {});
  await client.request('hyperstep/mappings', { stage: 2 });
  await client.request('hyperstep/walk', { address: 'el1:0x80002000', regime: 'EL1&0' });
  await client.request('continue', { threadId: 1 });
  await client.event('stopped');
  await client.request('setBreakpoints', { source: { path: source('vgic.c') }, breakpoints: [] });
  await client.request('continue', { threadId: 1 });
  await client.event('terminated');
  await client.request('disconnect');
}

/** Console output comes when a slice of wall time ends: its pieces are put together. */
function joined(client: RealClient): void {
  const lines = client.transcript;
  const isOutput = (line: string): boolean => line.startsWith('<- event output {"category":"stdout"');
  let text = '';
  const rest = lines.filter(line => {
    if (isOutput(line)) text += JSON.parse(line.slice('<- event output '.length)).output;
    return !isOutput(line);
  });
  lines.splice(0, lines.length, ...rest, `== console\n${text.replaceAll('\r', '')}`);
}

test('a tour of the sample in this process', async () => {
  const client = inProcess();
  try {
    await tour(client);
    joined(client);
    client.golden('tour');
  } finally {
    client.dispose();
  }
});

test('the same tour over stdio is the same, and the process ends with it', async () => {
  const transport = new StdioTransport();
  const client = new RealClient(transport);
  try {
    await tour(client);
    joined(client);
    client.golden('tour');
    assert.equal(await transport.exited, 0);
  } finally {
    client.dispose();
  }
});

/** A whole session in a hypervisor and its guests, written down so that what code was moved or renumbered hides nothing. */

import type { RealClient } from './support.ts';

/** Addresses, counts and lines differ with every build of a system; what happens does not. */
export function withoutPlaces(client: RealClient): void {
  const lines = client.transcript;
  const text = lines
    // How often a bar moves depends on the computer, and so does which pieces output comes in.
    .filter(
      line =>
        !line.startsWith('<- event output') &&
        !line.startsWith('<- event progress') &&
        !/^(->|<-) (initialize|launch)/.test(line),
    )
    .map(line =>
      line
        .replaceAll(/0x[0-9a-f]+/g, '0x…')
        .replaceAll(
          /"(line|column|id|totalFrames|moduleId|variablesReference|frameId|namedVariables)":("[^"]*"|\d+)/g,
          '"$1":…',
        )
        .replaceAll(/\+0x…/g, '')
        .replaceAll(/[\d,]+ instructions ago/g, '… instructions ago')
        .replaceAll(/\((\w+\.\w+):\d+\)/g, '($1)')
        .replaceAll(/"instructions":\d+/g, '"instructions":…'),
    );
  lines.splice(0, lines.length, ...text);
}

/**
 * From the first entry of a guest over its first exits to the list register of its first interrupt, and back again. With
 * `from`, it begins at a function, such as one of a nested guest.
 */
export async function journey(client: RealClient, from?: string): Promise<void> {
  if (from !== undefined) {
    await client.request('setFunctionBreakpoints', { breakpoints: [{ name: from }] });
    await client.until('continue');
    await client.request('setFunctionBreakpoints', { breakpoints: [] });
  }
  await client.request('setExceptionBreakpoints', { filters: ['world-enter'] });
  await client.until('continue');
  await client.request('threads');
  await client.request('stackTrace', { threadId: 1, levels: 2 });
  await client.request('setExceptionBreakpoints', { filters: ['world-exit'] });
  for (let exit = 0; exit < 3; exit++) {
    await client.until('continue');
    await client.request('exceptionInfo', { threadId: client.focused });
    await client.request('evaluate', { expression: 'why', context: 'repl' });
  }
  await client.request('setExceptionBreakpoints', { filters: ['list-register'] });
  const { threadId } = await client.until('continue');
  await client.request('hyperstep/setMark', { name: 'list register' });
  await client.request('setExceptionBreakpoints', { filters: [] });
  await client.until('hyperstep/lastWrite', { of: 'hcr_el2.vm', threadId });
  await client.until('hyperstep/goTo', { mark: 'list register' });
  await client.request('disconnect');
}

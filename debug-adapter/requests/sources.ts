/** modules, loadedSources, source. */

import type { DebugProtocol } from '@vscode/debugprotocol';
import { hex } from '../address.ts';
import { type Handler, handler } from '../handler.ts';
import { PT_LOAD } from '../symbols/elf.ts';
import { baseName } from './breakpoints.ts';

export const SOURCES: Readonly<Record<string, Handler>> = {
  modules: handler<DebugProtocol.ModulesArguments, DebugProtocol.ModulesResponse['body']>(
    'machine',
    (session, args) => {
      const { tables } = session.machine.symbols;
      const start = args.startModule ?? 0;
      const modules = tables.map((table): DebugProtocol.Module & Record<string, unknown> => {
        const loads = table.elf.segments
          .filter(segment => segment.type === PT_LOAD)
          .map(segment => segment.virtualAddress + table.bias);
        const [low = 0n] = loads.sort((a, b) => Number(BigInt.asIntN(64, a - b)));
        const hasLines = table.elf.section('.debug_line') !== undefined;
        return {
          id: table.name,
          name: baseName(table.name),
          path: table.name,
          addressRange: hex(low),
          symbolStatus: hasLines
            ? 'Symbols and lines loaded'
            : table.elf.symbols().length > 0
              ? 'Symbols loaded, no lines'
              : 'No symbols',
          ...(table.regime === undefined ? {} : { version: table.regime, regime: table.regime }),
          ...(table.vmid === undefined ? {} : { guest: table.vmid }),
          ...(table.bias === 0n ? {} : { bias: table.bias < 0n ? `-${hex(-table.bias)}` : hex(table.bias) }),
        };
      });
      return {
        modules: args.moduleCount ? modules.slice(start, start + args.moduleCount) : modules.slice(start),
        totalModules: modules.length,
      };
    },
  ),

  loadedSources: handler<unknown, { sources: DebugProtocol.Source[] }>('machine', session => {
    const paths = new Set(session.machine.symbols.tables.flatMap(table => table.sourceFiles()));
    return { sources: [...paths].sort().map(path => ({ name: baseName(path), path })) };
  }),

  source: handler<DebugProtocol.SourceArguments, DebugProtocol.SourceResponse['body']>(
    'machine',
    async (session, args) => {
      const path = args.source?.path;
      if (typeof path !== 'string') throw new Error('A source is known by its path here: "source.path" is missing.');
      // Only what the images name: the debugger is no way to read other files.
      if (!session.machine.symbols.tables.some(table => table.hasSource(path)))
        throw new Error(`No image of this session was built from ${path}.`);
      return { content: new TextDecoder().decode(await session.options.files.read(path)) };
    },
  ),
};

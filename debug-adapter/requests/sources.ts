/** modules, loadedSources, source. */

import type { DebugProtocol } from '@vscode/debugprotocol';
import { hex } from '../address.ts';
import { type Handler, handler } from '../handler.ts';
import type { Session } from '../session.ts';
import { PT_LOAD } from '../symbols/elf.ts';
import { baseName } from './breakpoints.ts';

/** Gives a reference to a source that an image carries and that is not there as a file. */
export async function withReference(session: Session, source: DebugProtocol.Source): Promise<DebugProtocol.Source> {
  const { path } = source;
  if (path === undefined) return source;
  const isCarried = session.machine.symbols.tables.some(
    table => table.carriesSources && table.source(path)?.text !== undefined,
  );
  if (!isCarried || (await session.options.files.exists(path))) return source;
  return { ...source, sourceReference: session.sourceReference(path), origin: 'in the image' };
}

export const SOURCES: Readonly<Record<string, Handler>> = {
  locations: handler<DebugProtocol.LocationsArguments, DebugProtocol.LocationsResponse['body']>(
    'stopped',
    (session, args) => {
      const { path, line } = session.machine.location(args.locationReference);
      const shift = session.client.linesStartAt1 === false ? 1 : 0;
      return { source: { name: baseName(path), path }, line: line - shift };
    },
  ),

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

  loadedSources: handler<unknown, { sources: DebugProtocol.Source[] }>('machine', async session => {
    const paths = new Set(session.machine.symbols.tables.flatMap(table => table.sourceFiles()));
    const sources = [...paths].sort().map(path => withReference(session, { name: baseName(path), path }));
    return { sources: await Promise.all(sources) };
  }),

  source: handler<DebugProtocol.SourceArguments, DebugProtocol.SourceResponse['body']>(
    'machine',
    async (session, args) => {
      const reference = args.source?.sourceReference ?? args.sourceReference;
      const path = args.source?.path ?? (reference ? session.sourcePath(reference) : undefined);
      if (typeof path !== 'string') throw new Error('A source is known by its path here: "source.path" is missing.');
      // Only what the images name: the debugger is no way to read other files.
      const known = session.machine.symbols.tables.map(table => table.source(path)).filter(one => one !== undefined);
      if (known.length === 0) throw new Error(`No image of this session was built from ${path}.`);
      const carried = known.find(({ text }) => text !== undefined)?.text;
      // What an image carries is what it was compiled from; the file may have changed since.
      if (carried !== undefined) return { content: carried() };
      return { content: new TextDecoder().decode(await session.options.files.read(path)) };
    },
  ),
};

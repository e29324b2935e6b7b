/** threads, stackTrace, scopes, exceptionInfo. */

import type { DebugProtocol } from '@vscode/debugprotocol';
import type { PeView } from '../../simulator/target.ts';
import { formatPlace, hex } from '../address.ts';
import { describeException } from '../breakpoints.ts';
import { frameVariables, variableValue } from '../expressions/evaluate.ts';
import { type Handler, handler } from '../handler.ts';
import type { Machine } from '../machine.ts';
import { nestingBelow, nestingOf } from '../nesting.ts';
import { TAG } from '../symbols/dwarf/constants.ts';
import { typeOf } from '../symbols/dwarf/types.ts';
import type { Frame } from '../unwind.ts';
import { formatValue } from '../values.ts';
import { baseName } from './breakpoints.ts';
import { guestHypervisorScope } from './guest-hypervisor.ts';
import { withReference } from './sources.ts';
import { registerScope, variablesScope } from './variables.ts';

/** Such as `PE 0 · EL1 · EL1&0 · VMID 3`; `level` says more than the EL where somebody knows, such as `L1 virtual EL2`. */
export function threadName(pe: PeView, level = `EL${pe.el}`): string {
  if (!pe.powered) return `PE ${pe.index} · off`;
  const guest = pe.vmid === undefined ? '' : ` · VMID ${pe.vmid}`;
  return `PE ${pe.index} · ${level} · ${pe.regime}${guest}${pe.waiting ? ' · waiting' : ''}`;
}

/** By which a client knows whether a file is the one that was compiled. */
function checksumOf({ md5 }: Frame): Pick<DebugProtocol.Source, 'checksums'> {
  if (md5 === undefined) return {};
  const checksum = [...md5].map(byte => byte.toString(16).padStart(2, '0')).join('');
  return { checksums: [{ algorithm: 'MD5', checksum }] };
}

/** `level` says more of an interrupted level than its number where somebody knows, such as `L2 EL1`. */
function stackFrame(
  id: number,
  frame: Frame,
  level: string | undefined,
  client: Partial<DebugProtocol.InitializeRequestArguments>,
): DebugProtocol.StackFrame {
  const { physical, path, line = 0, column = 0 } = frame;
  const { boundary } = physical;
  const shift = client.linesStartAt1 === false && line > 0 ? 1 : 0;
  return {
    id,
    name:
      boundary === undefined
        ? frame.name
        : `${frame.name} · ${level === undefined ? boundary : boundary.replace(/^EL\d/, level)}`,
    line: line - shift,
    column,
    ...(path === undefined ? {} : { source: { name: baseName(path), path, ...checksumOf(frame) } }),
    instructionPointerReference: formatPlace({ space: physical.space, address: physical.pc }, physical.pe),
    ...(physical.table === undefined ? {} : { moduleId: physical.table.name }),
    ...(frame.line === undefined ? { presentationHint: 'subtle' as const } : {}),
  };
}

/** The name of a frame as a client wants it: with its module, its parameters, its line. */
function formatted(machine: Machine, frame: Frame, name: string, format: DebugProtocol.StackFrameFormat): string {
  const { physical, line } = frame;
  const wants = (part: 'parameters' | 'line' | 'module'): boolean =>
    format[part] === true || format.includeAll === true;
  const parameters = frameVariables(frame).filter(one => one.tag === TAG.formalParameter);
  const shown = parameters.map(die => {
    const parts: string[] = [];
    if (format.parameterTypes) parts.push(typeOf(die.type).name);
    if (format.parameterNames || !(format.parameterTypes || format.parameterValues)) parts.push(die.name ?? '?');
    const before = parts.join(' ');
    if (!format.parameterValues) return before;
    let value: string;
    try {
      const where = { pe: physical.pe, symbols: machine.symbols, frame };
      value = formatValue(physical.pe, variableValue(where, die), { hex: format.hex ?? false });
    } catch (error) {
      value = `<${(error as Error).message}>`;
    }
    return before === '' ? value : `${before}=${value}`;
  });
  const module = wants('module') && physical.table !== undefined ? `${baseName(physical.table.name)}!` : '';
  const list = wants('parameters') && frame.scope !== undefined ? `(${shown.join(', ')})` : '';
  return `${module}${name}${list}${wants('line') && line !== undefined ? `:${line}` : ''}`;
}

export const STACK: Readonly<Record<string, Handler>> = {
  threads: handler<unknown, { threads: DebugProtocol.Thread[] }>('machine', session => ({
    threads: session.machine.target.pes.map(pe => ({
      id: pe.index + 1,
      name: threadName(pe, nestingOf(pe, session.machine.symbols)),
    })),
  })),

  stackTrace: handler<DebugProtocol.StackTraceArguments, DebugProtocol.StackTraceResponse['body']>(
    'stopped',
    async (session, args) => {
      const { machine } = session;
      const { firstId, frames } = machine.stackOf(machine.peOfThread(args.threadId));
      const start = args.startFrame ?? 0;
      const wanted = args.levels ? frames.slice(start, start + args.levels) : frames.slice(start);
      const { length } = frames;
      const stackFrames = wanted.map((frame, index) => {
        const { pe, el, boundary } = frame.physical;
        const level = boundary === undefined || pe.el < 2 ? undefined : nestingBelow(pe, machine.symbols, el);
        const shown = stackFrame(firstId + start + index, frame, level, session.client);
        const { format } = args;
        return format === undefined ? shown : { ...shown, name: formatted(machine, frame, shown.name, format) };
      });
      for (const frame of stackFrames)
        if (frame.source !== undefined) frame.source = await withReference(session, frame.source);
      return { stackFrames, totalFrames: length };
    },
  ),

  scopes: handler<DebugProtocol.ScopesArguments, { scopes: DebugProtocol.Scope[] }>('stopped', (session, args) => {
    const { machine } = session;
    const frame = machine.frame(args.frameId);
    const variables = frameVariables(frame);
    const scopes: DebugProtocol.Scope[] = [];
    const add = (name: string, hint: 'arguments' | 'locals', tag: number): void => {
      const chosen = variables.filter(one => one.tag === tag);
      if (chosen.length === 0) return;
      const variablesReference = machine.keep(variablesScope(machine, frame, chosen));
      scopes.push({
        name,
        presentationHint: hint,
        variablesReference,
        namedVariables: chosen.length,
        expensive: false,
      });
    };
    add('Arguments', 'arguments', TAG.formalParameter);
    add('Locals', 'locals', TAG.variable);
    scopes.push({
      name: 'Registers',
      presentationHint: 'registers',
      variablesReference: machine.keep(registerScope(machine, frame)),
      expensive: false,
    });
    const nested = guestHypervisorScope(machine, frame.physical.pe);
    if (nested !== undefined) {
      scopes.push({ name: 'Guest hypervisor', variablesReference: machine.keep(nested), expensive: false });
    }
    return { scopes };
  }),

  exceptionInfo: handler<DebugProtocol.ExceptionInfoArguments, DebugProtocol.ExceptionInfoResponse['body']>(
    'stopped',
    (session, args) => {
      const { machine } = session;
      const pe = machine.peOfThread(args.threadId);
      const event = machine.stop?.exception;
      if (event === undefined || event.pe !== pe.index) {
        if (machine.stop?.text === undefined) throw new Error(`PE ${pe.index} did not stop at an exception.`);
        return { exceptionId: machine.stop.description ?? 'stop', description: machine.stop.text, breakMode: 'always' };
      }
      const details: string[] = [];
      const register = (name: string, value: bigint | undefined): void => {
        if (value !== undefined) details.push(`${name} = ${hex(value, 16)}`);
      };
      register(`ESR_EL${event.to}`, event.esr);
      if (event.esr !== undefined) {
        for (const field of pe.fields(`ESR_EL${event.to}`, event.esr)) {
          details.push(
            `  ${field.name} = ${hex(field.value)}${field.meaning === undefined ? '' : ` (${field.meaning})`}`,
          );
        }
      }
      register(`FAR_EL${event.to}`, event.far);
      register('HPFAR_EL2', event.hpfar);
      return {
        exceptionId: event.kind === 'return' ? 'ERET' : (event.class ?? event.type),
        description: describeException(event),
        breakMode: 'always',
        details: {
          message: describeException(event),
          ...(details.length > 0 ? { stackTrace: details.join('\n') } : {}),
        },
      };
    },
  ),
};

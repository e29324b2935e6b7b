/** "Why did this trap?" and "would this trap?": the rule, the bit and its value, in sentences. */

import { describeEsr } from '../simulator/arch/esr.ts';
import { byEncoding } from '../simulator/arch/registers/index.ts';
import type { ExceptionEvent, ExceptionLevel, PeView, TranslationRegime } from '../simulator/target.ts';
import { hex } from './address.ts';
import type { Subject } from './subjects.ts';

type Direction = 'read' | 'write';

/** Instructions by ESR_ELx.EC whose trap a control decides (Arm ARM D24.2.48). */
const OPERATIONS: Readonly<Record<number, string>> = {
  7: 'FP',
  18: 'HVC',
  19: 'SMC',
  21: 'SVC',
  22: 'HVC',
  23: 'SMC',
  26: 'ERET',
};
const WFX = ['WFI', 'WFE', 'WFIT', 'WFET'];
/** Aborts from a lower level, and from the same one. */
const ABORTS_LOWER = [0x20, 0x24];
const ABORTS_SAME = [0x21, 0x25];

/** The bit of HCR_EL2 that routes an interrupt to EL2. */
const ROUTES: Readonly<Record<string, string>> = { irq: 'IMO', fiq: 'FMO', serror: 'AMO' };

/** A reason, and what decided: a bit of a control register, or an entry of a translation table. */
export interface Reason {
  readonly text: string;
  readonly decided?: Subject;
}

/** A control that a sentence of `explainAccess` blames, such as `HCR_EL2.TWI is 1`. */
const CONTROL = /\b([A-Z]\w*_EL[123])\.(\w+) (?:is|=) /;

/** Explains an exception that was taken: the last stop, or what ESR_ELx of the present level tells. */
export function reasonOf(pe: PeView, event: ExceptionEvent | undefined): Reason {
  const text = why(pe, event);
  const control = CONTROL.exec(text);
  if (control !== null && pe.fields(control[1], 0n).some(field => field.name === control[2]))
    return { text, decided: { kind: 'system', name: control[1], field: control[2] } };
  const entry = /The descriptor at PA (0x[0-9a-f]+) /.exec(text);
  if (entry !== null)
    return { text, decided: { kind: 'memory', space: { kind: 'pa' }, address: entry[1], bytes: 8, changes: true } };
  return { text };
}

function why(pe: PeView, event: ExceptionEvent | undefined): string {
  if (event?.kind === 'return') return 'The last stop is an exception return, which no rule has trapped.';
  if (event !== undefined && event.type !== 'sync') return routed(pe, event);
  const level = event?.to ?? pe.el;
  if (level === 0) throw new Error('No exception is handled at EL0: stop at the exception first.');
  const esr = event?.esr ?? pe.readRegister(`ESR_EL${level}`);
  const from = event?.from ?? (Number((pe.readRegister(`SPSR_EL${level}`) >> 2n) & 3n) as ExceptionLevel);
  const { text } = describeEsr(esr);
  const reason = rule(pe, esr, from, level);
  return `${text[0].toUpperCase()}${text.slice(1)}, from EL${from} to EL${level}. ${reason}`;
}

function routed(pe: PeView, { type, from, to }: ExceptionEvent): string {
  const name = type.toUpperCase();
  const field = ROUTES[type];
  if (to !== 2 || field === undefined) return `${name} taken from EL${from} to EL${to}.`;
  const bit = pe.fields('HCR_EL2', pe.readRegister('HCR_EL2')).find(one => one.name === field);
  return `${name} taken from EL${from} to EL2, where HCR_EL2.${field} = ${bit?.value ?? '?'} routes it.`;
}

function rule(pe: PeView, esr: bigint, from: ExceptionLevel, to: ExceptionLevel): string {
  const { ec, fields } = describeEsr(esr);
  const field = (name: string): number => Number(fields.find(one => one.name === name)?.value ?? 0n);
  if (ec === 0x18) {
    const row = byEncoding(field('Op0'), field('Op1'), field('CRn'), field('CRm'), field('Op2'));
    if (row === undefined) return 'No row describes this encoding.';
    return pe.explainAccess(row.name, field('Direction') === 1 ? 'read' : 'write', from);
  }
  if (ec === 0x01) return pe.explainAccess(WFX[field('TI')], 'read', from);
  if (ABORTS_LOWER.includes(ec) || ABORTS_SAME.includes(ec)) {
    const regime = ABORTS_SAME.includes(ec) ? pe.regime : lowerRegime(pe, from);
    return wouldTranslate(pe, pe.readRegister(`FAR_EL${to}`), regime);
  }
  const operation = OPERATIONS[ec];
  return operation === undefined ? 'No control decides about this class.' : pe.explainAccess(operation, 'read', from);
}

function lowerRegime(pe: PeView, from: ExceptionLevel): TranslationRegime {
  if (from < 2) return 'EL1&0';
  return pe.regime === 'EL2&0' ? 'EL2&0' : 'EL2';
}

/** What an address does in a regime, in the present state: the walk of the MMU in one sentence. */
export function wouldTranslate(pe: PeView, address: bigint, regime: TranslationRegime): string {
  const walk = pe.walk(address, regime);
  const last = walk.steps.at(-1);
  if (walk.fault !== undefined) {
    const where =
      last === undefined ? '' : ` The descriptor at PA ${hex(last.descriptorPa)} is ${hex(last.descriptor, 16)}.`;
    return `${hex(address)} in ${regime} does not translate: ${walk.fault}${where}`;
  }
  const rights = [walk.readable && 'read', walk.writable && 'written', walk.executable && 'executed'].filter(Boolean);
  const ipa = walk.ipa === undefined || walk.ipa === walk.pa ? '' : `IPA ${hex(walk.ipa)}, `;
  return `${hex(address)} in ${regime} is ${ipa}PA ${hex(walk.pa ?? 0n)}, ${walk.memoryType ?? 'memory'}, and can be ${rights.join(', ')}.`;
}

const QUESTION = /^(mrs|msr|read|write|at)?\s*([a-z][\w ]*?)(?:\s+(?:at|from)\s+el([0-3]))?$/i;

/** `would msr sctlr_el1 at el1`, `would wfi at el0`: what an access does in the present state. */
export function would(pe: PeView, question: string): string {
  const match = QUESTION.exec(question.trim());
  if (match === null) throw new Error('Ask such as "would msr sctlr_el1 at el1" or "would wfi at el0".');
  const direction: Direction = /^(msr|write)$/i.test(match[1] ?? '') ? 'write' : 'read';
  const level = (match[3] === undefined ? pe.el : Number(match[3])) as ExceptionLevel;
  return pe.explainAccess(match[2], direction, level);
}

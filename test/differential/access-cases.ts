/**
 * Every access to a register and every trapped instruction, at every exception level, under every control that a trap rule
 * has for it: generated from the rows of simulator/arch. What happens is asked of a machine by access-program.ts.
 */

import type { Features } from '../../simulator/arch/features.ts';
import { type Field, isImplemented, maskOf } from '../../simulator/arch/registers/index.ts';
import { type Accessed, accessible, type Direction, trapRulesOf } from '../../simulator/arch/traps/index.ts';

const bit = (n: number): bigint => 1n << BigInt(n);

/** Controls and what they are where a case says nothing else: nothing is trapped. In the order that they are written in. */
export const BASE: Readonly<Record<string, bigint>> = {
  // NS, HCE, RW, APK, API, EnSCXT, FGTEn, ECVEn, HXEn
  SCR_EL3: bit(0) | bit(8) | bit(10) | bit(16) | bit(17) | bit(25) | bit(27) | bit(28) | bit(38) | 0x30n,
  CPTR_EL3: 0n,
  MDCR_EL3: 0n,
  // RW, APK, API, EnSCXT
  HCR_EL2: bit(31) | bit(40) | bit(41) | bit(53),
  CPTR_EL2: 0n,
  MDCR_EL2: 6n,
  CNTHCTL_EL2: 0xc03n,
  HFGRTR_EL2: 0n,
  HFGWTR_EL2: 0n,
  HFGITR_EL2: 0n,
  HDFGRTR_EL2: 0n,
  HDFGWTR_EL2: 0n,
  HCRX_EL2: 0n,
  ICH_HCR_EL2: 0n,
  // nTWI, nTWE, UCT, DZE, UCI, EnRCTX, UMA, nAA and the bits that are one without E2H
  SCTLR_EL2: 0x30c50830n | bit(15) | bit(14) | bit(26) | bit(10) | bit(16) | bit(18) | bit(9),
  SCTLR_EL1: 0x30d00800n | bit(15) | bit(14) | bit(26) | bit(10) | bit(16) | bit(18) | bit(9),
  CPACR_EL1: 0x300000n,
  CNTKCTL_EL1: 0x303n,
  PMUSERENR_EL0: 0xfn,
  MDSCR_EL1: 0n,
};

/** CPTR_EL2 and CNTHCTL_EL2 with their layout while HCR_EL2.E2H is 1. */
const BASE_E2H: Readonly<Record<string, bigint>> = { CPTR_EL2: 0x300000n, CNTHCTL_EL2: 0xf03n };

const E2H = bit(34);
const TGE = bit(27);
const NV = bit(42);
const NV1 = bit(43);
const NV2 = bit(45);

const MODES = [
  ['', 0n],
  ['E2H', E2H],
  ['TGE', TGE],
  ['E2H+TGE', E2H | TGE],
] as const;

const NESTED = [
  ['NV', NV],
  ['NV+NV1', NV | NV1],
  ['NV+NV2', NV | NV2],
  ['NV+NV1+NV2', NV | NV1 | NV2],
] as const;

export interface AccessCase {
  /** As it is reported: the access, its level and what is not as in BASE. */
  readonly name: string;
  readonly row: Accessed;
  readonly direction: Direction;
  readonly el: 0 | 1 | 2;
  /** Controls that are not as in BASE. */
  readonly controls: ReadonlyMap<string, bigint>;
  /** Registers may be kept in the page of VNCR_EL2. */
  readonly nested: boolean;
}

/** Of registers that only differ by a number, a few are enough. */
function isOneOfMany(name: string): boolean {
  const match = /^(?:DBG[BW][CV]R|PMEV(?:CNTR|TYPER)|ICH_LR|ICH_AP[01]R|IC[CV]_AP[01]R)(\d+)_/.exec(name);
  return match !== null && match[1] !== '0' && match[1] !== '3' && match[1] !== '15';
}

/** Waiting never ends where it is not trapped; ERETAA and ERETAB would go to an address that was not signed. */
const LEFT_OUT = /^(WF[IE]T?|ERETA[AB]|PAUTH)$/;

function directionsOf(row: Accessed): readonly Direction[] {
  if (row.kind !== 'register') return ['write'];
  if (row.options.shadowed) return [];
  return ['read', 'write'];
}

function controlsFor(hcr: bigint): Map<string, bigint> {
  const controls = new Map<string, bigint>();
  if (hcr) controls.set('HCR_EL2', BASE.HCR_EL2 | hcr);
  if (hcr & E2H) for (const [name, value] of Object.entries(BASE_E2H)) controls.set(name, value);
  return controls;
}

/** A control with fields set to a value. */
function withFields(controls: Map<string, bigint>, name: string, fields: readonly Field[], value: bigint): boolean {
  const old = controls.get(name) ?? BASE[name];
  if (old === undefined) return false;
  const next = fields.reduce((all, field) => (all & ~maskOf(field)) | (value << BigInt(field.lsb)), old);
  controls.set(name, next);
  return next !== old;
}

function casesOf(row: Accessed, direction: Direction, el: 0 | 1 | 2): AccessCase[] {
  const cases: AccessCase[] = [];
  const what = row.kind === 'register' ? `${direction === 'read' ? 'MRS' : 'MSR'} ${row.name}` : row.name;
  const add = (label: readonly string[], controls: Map<string, bigint>, nested = false) => {
    const name = `EL${el} ${what}${label.length ? ` ${label.join(' ')}` : ''}`;
    cases.push({ name, row, direction, el, controls, nested });
  };
  const level = (row.kind === 'register' ? row[direction] : row.el) ?? 4;
  for (const [mode, hcr] of MODES) {
    if (el !== 0 && hcr & TGE && el === 1) continue;
    if (el === 2 && hcr & TGE) continue;
    if (el === 0 && level > 0 && mode !== '' && mode !== 'TGE') continue;
    add(mode ? [mode] : [], controlsFor(hcr));
    if (el < level) continue;
    for (const { rule, fields, values } of trapRulesOf(row)) {
      if (rule.direction !== undefined && rule.direction !== direction) continue;
      if (rule.control === 'HCR_EL2' && ['TGE', 'NV', 'NV1'].includes(fields[0].name)) continue;
      for (const value of values) {
        const controls = controlsFor(hcr);
        if (!withFields(controls, rule.control, fields, value)) continue;
        const changed = `${rule.control}.${fields.map(field => field.name).join('+')}=${value}`;
        add(mode ? [mode, changed] : [changed], controls);
      }
    }
  }
  if (el === 1) {
    for (const [label, hcr] of NESTED) add([label], controlsFor(hcr), true);
    if (row.kind === 'instruction') add(['NV', 'AT', 'TTLB'], controlsFor(NV | bit(44) | bit(25)), true);
  }
  return cases;
}

/** Every register and system instruction at each level with nothing trapped, those that a PE has not among them. */
export function bareCases(): AccessCase[] {
  const cases: AccessCase[] = [];
  for (const row of accessible) {
    if (row.kind === 'operation' || isOneOfMany(row.name) || row.op1 === 6) continue;
    for (const direction of directionsOf(row))
      for (const el of [0, 1, 2] as const) {
        const what = row.kind === 'instruction' ? '' : direction === 'read' ? 'MRS ' : 'MSR ';
        cases.push({ name: `EL${el} ${what}${row.name}`, row, direction, el, controls: new Map(), nested: false });
      }
  }
  return cases;
}

/** All cases of a PE. A write goes without one where the rule and the state say the same for several fields. */
export function accessCases(features: Features): AccessCase[] {
  const cases = new Map<string, AccessCase>();
  for (const row of accessible) {
    if (LEFT_OUT.test(row.name) || isOneOfMany(row.name)) continue;
    if (row.kind !== 'operation' && (!isImplemented(row, features) || row.op1 === 6)) continue;
    for (const direction of directionsOf(row))
      for (const el of [0, 1, 2] as const) for (const one of casesOf(row, direction, el)) cases.set(one.name, one);
  }
  return [...cases.values()];
}

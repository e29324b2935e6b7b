/**
 * What an access to a register or a trapped instruction does in a given state, without doing it: the one answer that the
 * engine executes by, and that the debugger and the editor explain.
 */

import { notModelled } from '../features.ts';
import {
  byEncoding,
  byName,
  extract,
  type Field,
  fieldOf,
  genericName,
  instructions,
  isImplemented,
  laterRegister,
  maskOf,
  type RegisterRow,
  registers,
} from '../registers/index.ts';
import { fineGrainedRules } from './fineGrained.ts';
import { nestedAccess, nestingOf } from './nested.ts';
import { operations, systemIss } from './operations.ts';
import { type Condition, controlRules, type TrapRule } from './rules.ts';
import { isImplementationDefined, isName, matchesTarget } from './targets.ts';
import type { Access, Accessed, AccessState, Because, Direction } from './types.ts';

const E2H = 1n << 34n;
const TGE = 1n << 27n;
const FMO = 1n << 3n;
const IMO = 1n << 4n;
const TSC = 1n << 19n;
const HCD = 1n << 29n;
const NV = 1n << 42n;
const NV1 = 1n << 43n;
const NV2 = 1n << 45n;
const SCR_HCE = 1n << 8n;
const SCR_SMD = 1n << 7n;
const FGT_EN = 1n << 27n;
const TIDCP = 1n << 20n;

/** A rule with its fields looked up. */
interface CompiledRule {
  readonly rule: TrapRule;
  readonly fields: readonly Field[];
  readonly values: readonly bigint[];
  readonly when: readonly Condition[];
}

/** The fields of a rule's control register; CPTR_EL2 and its kin have two layouts. */
function fieldsOfRule(rule: TrapRule): Field[] {
  const row = byName(rule.control);
  if (!row) throw new Error(`A trap rule names the register ${rule.control}, which has no row.`);
  const names = typeof rule.field === 'string' ? [rule.field] : rule.field;
  const e2h = (rule.when ?? []).includes('e2h');
  return names.map(name => fieldOf(row, name, { e2h }));
}

/** All rules in order, and where the targets of each are: most are names, of which a row has few. */
interface RuleIndex {
  readonly rules: readonly CompiledRule[];
  readonly named: ReadonlyMap<string, readonly number[]>;
  readonly others: readonly { readonly target: string; readonly rule: number }[];
}

let index: RuleIndex | undefined;
const rulesByRow = new Map<Accessed, readonly CompiledRule[]>();

function allRules(): RuleIndex {
  if (index) return index;
  // A sort by level is stable, so rows of one level keep their order; fine-grained traps come after those of HCR_EL2.
  const rules = [...controlRules, ...fineGrainedRules()]
    .sort((a, b) => a.to - b.to)
    .map(rule => ({
      rule,
      fields: fieldsOfRule(rule),
      values: (rule.values ?? [1]).map(BigInt),
      when: rule.when === undefined ? [] : typeof rule.when === 'string' ? [rule.when] : rule.when,
    }));
  const named = new Map<string, number[]>();
  const others: { target: string; rule: number }[] = [];
  for (const [number, { rule }] of rules.entries()) {
    for (const target of rule.targets) {
      if (isName(target)) named.set(target, [...(named.get(target) ?? []), number]);
      else others.push({ target, rule: number });
    }
  }
  index = { rules, named, others };
  return index;
}

/** The rules that can trap an access to this row, in order. */
function rulesFor(row: Accessed): readonly CompiledRule[] {
  let found = rulesByRow.get(row);
  if (!found) {
    const { rules, named, others } = allRules();
    const numbers = new Set(named.get(row.name));
    for (const { target, rule } of others) if (!numbers.has(rule) && matchesTarget(target, row)) numbers.add(rule);
    found = [...numbers].sort((a, b) => a - b).map(number => rules[number]);
    rulesByRow.set(row, found);
  }
  return found;
}

/** The rules that can trap an access to a row, each with its fields and the values of them that trap. */
export function trapRulesOf(row: Accessed): readonly Pick<CompiledRule, 'rule' | 'fields' | 'values'>[] {
  return rulesFor(row);
}

/** What rules ask of HCR_EL2, worked out once for an access. */
interface Controls {
  readonly el2: boolean;
  readonly el3: boolean;
  readonly hcr: bigint;
  readonly e2h: boolean;
  readonly tge: boolean;
}

function controlsOf(state: AccessState): Controls {
  const el2 = state.features.has('el2') && !state.secure;
  const hcr = el2 ? state.reg('HCR_EL2') : 0n;
  const e2h = state.features.has('vhe') && (hcr & E2H) !== 0n;
  return { el2, el3: state.features.has('el3'), hcr, e2h, tge: (hcr & TGE) !== 0n };
}

function holds(condition: Condition, state: AccessState, controls: Controls): boolean {
  switch (condition) {
    case 'guest':
      return !(controls.e2h && controls.tge && state.el === 0);
    case 'host':
      return controls.e2h && controls.tge;
    case 'tge':
      return controls.tge;
    case 'noTge':
      return !controls.tge;
    case 'e2h':
      return controls.e2h;
    case 'noE2h':
      return !controls.e2h;
    case 'nv':
      return nestingOf(state) !== undefined;
    case 'nv2Vhe': {
      const nesting = nestingOf(state);
      return nesting?.mode === 'nv2' && !nesting.nv1;
    }
    case 'nv1WithoutNv2': {
      const nesting = nestingOf(state);
      return nesting?.mode === 'nv' && nesting.nv1;
    }
    case 'fineGrained':
      return state.features.has('fgt') && (!controls.el3 || (state.reg('SCR_EL3') & FGT_EN) !== 0n);
  }
}

function applies(one: CompiledRule, state: AccessState, controls: Controls, row: Accessed, direction: Direction) {
  const { rule, fields } = one;
  if (!rule.at.includes(state.el)) return false;
  if (rule.direction !== undefined && rule.direction !== direction) return false;
  if (rule.to === 2 && !controls.el2) return false;
  if (rule.to === 3 && !controls.el3) return false;
  // A register of EL2 at EL1 is the business of nested virtualization; only the row for _EL02 names comes before it.
  if (state.el < levelOf(row, direction) && !one.when.includes('nv2Vhe')) return false;
  if (fields.some(field => field.feature && !state.features.has(field.feature))) return false;
  return one.when.every(condition => holds(condition, state, controls));
}

function levelOf(row: Accessed, direction: Direction): number {
  return (row.kind === 'register' ? row[direction] : row.el) ?? 4;
}

/** CNTFRQ_EL0 is writable at the highest implemented level, which its row takes for EL3. */
function requiredLevel({ features }: AccessState, row: Accessed, direction: Direction): number {
  if (row.name === 'CNTFRQ_EL0' && direction === 'write' && !features.has('el3')) return features.has('el2') ? 2 : 1;
  return levelOf(row, direction);
}

/** The first rule that traps this access. */
function trapByRule(
  state: AccessState,
  controls: Controls,
  row: Accessed,
  direction: Direction,
  accept: (rule: TrapRule) => boolean,
): Access | undefined {
  for (const one of rulesFor(row)) {
    if (!accept(one.rule) || !applies(one, state, controls, row, direction)) continue;
    const value = state.reg(one.rule.control);
    if (!one.fields.every(field => one.values.includes(extract(value, field)))) continue;
    const rerouted = one.rule.to === 1 && controls.tge;
    const [ec, iss] = classOf(row, direction);
    return {
      kind: 'trap',
      to: rerouted ? 2 : one.rule.to,
      ec: rerouted && one.rule.uncategorizedByTge ? 0 : (one.rule.ec ?? ec),
      iss: rerouted && one.rule.uncategorizedByTge ? 0 : (one.rule.iss ?? iss),
      because: becauseOf(one.rule.control, one.fields, value, rerouted),
    };
  }
  return undefined;
}

/** Exception class and syndrome of a trapped access. */
function classOf(row: Accessed, direction: Direction): readonly [ec: number, iss: number] {
  if (row.kind === 'operation') return [row.ec, row.iss];
  return [0x18, systemIss(row, direction === 'read' ? 1 : 0)];
}

function becauseOf(register: string, fields: readonly Field[], value: bigint, rerouted = false): Because {
  const parts = fields.map(field => `${register}.${field.name} is ${extract(value, field)}`);
  const detour = rerouted ? ', and HCR_EL2.TGE sends it to EL2' : '';
  return {
    register,
    field: fields.map(field => field.name).join(','),
    value: extract(value, fields[0]),
    text: parts.join(' and ') + detour,
  };
}

function undefinedBecause(because: string): Access {
  return { kind: 'undefined', because };
}

const RAZ: Access = { kind: 'constant', value: 0n };
const EXECUTE: Access = { kind: 'execute' };
const anyRule = () => true;
const notToEl3 = (rule: TrapRule) => rule.to !== 3;

/**
 * What happens when the PE executes this access in this state. System instructions and operations are resolved with
 * direction `write`. Nothing is changed, and only registers of `trapControls` are asked for.
 */
export function resolveAccess(state: AccessState, row: Accessed, direction: Direction): Access {
  const absent = absence(state, row);
  if (absent) return absent;
  if (row.kind === 'operation') return resolveOperation(state, row);
  if (row.kind === 'register' && direction === 'write' && row.options.writes) {
    return resolveAccess(state, byName(row.options.writes) as RegisterRow, direction);
  }

  const controls = controlsOf(state);
  const level = requiredLevel(state, row, direction);
  if (state.el < level) {
    if (state.el === 0) return atEl0(state, controls, row, direction);
    const nesting = state.el === 1 ? nestingOf(state) : undefined;
    const mine = row.op1 === 4 || row.op1 === 5;
    // HCR_EL2.NV traps by name, so a write of a read-only register of EL2 traps as well (as in QEMU; the 8.5 model
    // leaves it open).
    const exists = level === 2 || (row.kind === 'register' && (row.read ?? row.write) === 2);
    if (!nesting || !mine || !exists) {
      return undefinedBecause(refusal(state, row, direction, level));
    }
    const trapped = trapByRule(state, controls, row, direction, anyRule);
    if (trapped) return trapped;
    return nestedAccess(nesting, row, direction, systemTrap(row, direction)) as Access;
  }
  if (row.kind === 'register') {
    if (row.alias !== undefined && !controls.e2h) {
      return undefinedBecause(`${row.name} is UNDEFINED while HCR_EL2.E2H is 0`);
    }
    if (row.name === 'SP_EL0' && state.spSel === 0) {
      return undefinedBecause('SP_EL0 is UNDEFINED while PSTATE.SP is 0');
    }
  }
  // The virtual CPU interface takes over after the traps to EL2 and before those to EL3.
  const virtual = row.kind === 'register' ? virtualInterface(state, controls, row) : undefined;
  const trapped = trapByRule(state, controls, row, direction, virtual ? notToEl3 : anyRule);
  if (trapped) return trapped;
  if (virtual) return virtual;
  if (row.kind === 'instruction') {
    return EXECUTE;
  }
  if (state.el === 1) {
    const nesting = nestingOf(state);
    const nested = nesting && nestedAccess(nesting, row, direction, systemTrap(row, direction));
    if (nested) return nested;
  }
  return redirect(state, controls, row);
}

function systemTrap(row: Accessed, direction: Direction): (because: Because) => Access {
  const [ec, iss] = classOf(row, direction);
  return because => ({ kind: 'trap', to: 2, ec, iss, because });
}

/** Why the PE has not got the register or the level that it belongs to. */
function absence(state: AccessState, row: Accessed): Access | undefined {
  const { features } = state;
  if (row.kind === 'operation') {
    return row.feature && !features.has(row.feature)
      ? undefinedBecause(`this PE has not got ${extension(row.feature)}`)
      : undefined;
  }
  if (!isImplemented(row, features)) {
    const feature = (row.kind === 'register' ? row.options.feature : row.feature) as string;
    return undefinedBecause(`this PE has not got ${extension(feature)}`);
  }
  if (!features.has('el3') && row.op1 === 6) return undefinedBecause('this PE has not got EL3');
  if (!features.has('el2') && (row.op1 === 4 || row.op1 === 5)) {
    if (state.el !== 3 || row.op1 === 5 || row.kind === 'instruction') {
      return undefinedBecause('this PE has not got EL2');
    }
    // At EL3 the registers of an absent EL2 are RES0, but for what EL1 would read.
    if (row.name === 'SP_EL1') return undefined;
    const shown = row.name === 'VPIDR_EL2' ? 'MIDR_EL1' : row.name === 'VMPIDR_EL2' ? 'MPIDR_EL1' : undefined;
    return shown ? { kind: 'register', row: byName(shown) as RegisterRow } : RAZ;
  }
  return undefined;
}

function extension(feature: string): string {
  const [first] = feature.split('|');
  if (notModelled[first]) return notModelled[first];
  if (first.endsWith('highest')) return 'this register, because another level is the highest';
  return first.startsWith('cortex') ? 'this implementation defined register' : `FEAT_${first.toUpperCase()}`;
}

function refusal(state: AccessState, row: Accessed, direction: Direction, level: number): string {
  if (row.kind === 'register' && row[direction] === undefined) {
    return `${row.name} is ${direction === 'write' ? 'read-only' : 'write-only'}`;
  }
  if (level > 3) return `${row.name} is accessible in Debug state only`;
  return `${row.name} is not accessible at EL${state.el}, but from EL${level} on`;
}

/** An access that EL0 may not make: UNDEFINED, unless FEAT_IDST reports ID registers as a trap. */
function atEl0(state: AccessState, controls: Controls, row: Accessed, direction: Direction): Access {
  const level = levelOf(row, direction);
  if (row.kind === 'register' && direction === 'read' && state.features.has('idst') && isIdentification(row)) {
    const [ec, iss] = classOf(row, direction);
    return {
      kind: 'trap',
      to: controls.tge ? 2 : 1,
      ec,
      iss,
      because: {
        register: 'ID_AA64MMFR2_EL1',
        field: 'IDS',
        value: 1n,
        text: 'EL0 may not read ID registers, which FEAT_IDST reports as a trap',
      },
    };
  }
  return undefinedBecause(refusal(state, row, direction, level));
}

/** What FEAT_IDST is about: op0 3, op1 0, 1 or 3, CRn 0. */
function isIdentification(row: RegisterRow): boolean {
  return row.op0 === 3 && row.crn === 0 && (row.op1 === 0 || row.op1 === 1 || row.op1 === 3) && row.read !== undefined;
}

/** At EL1, interrupts that HCR_EL2 takes for EL2 leave the virtual CPU interface to the guest. */
function virtualInterface(state: AccessState, controls: Controls, row: RegisterRow): Access | undefined {
  if (row.options.virtual === undefined || state.el !== 1) return undefined;
  const mask = matchesTarget('@GicGroup0', row) ? FMO : matchesTarget('@GicGroup1', row) ? IMO : FMO | IMO;
  const routed = controls.hcr & mask;
  if (routed === 0n) return undefined;
  const field = (routed & FMO) !== 0n ? 'FMO' : 'IMO';
  return {
    kind: 'register',
    row: byName(row.options.virtual) as RegisterRow,
    because: { register: 'HCR_EL2', field, value: 1n, text: `HCR_EL2.${field} is 1` },
  };
}

/** The register that is accessed after all checks. */
function redirect(state: AccessState, controls: Controls, row: RegisterRow): Access {
  if (row.alias !== undefined) {
    const because: Because = { register: 'HCR_EL2', field: 'E2H', value: 1n, text: 'HCR_EL2.E2H is 1' };
    return { kind: 'register', row: byName(row.alias) as RegisterRow, because };
  }
  if (row.name === 'CurrentEL') {
    const shown = state.el === 1 && nestingOf(state) ? 2 : state.el;
    return { kind: 'constant', value: BigInt(shown << 2) };
  }
  if (row.options.raz) return RAZ;
  if (state.el === 1 && controls.el2) {
    const shown = row.name === 'MIDR_EL1' ? 'VPIDR_EL2' : row.name === 'MPIDR_EL1' ? 'VMPIDR_EL2' : undefined;
    if (shown) return { kind: 'register', row: byName(shown) as RegisterRow };
  }
  const host = controls.e2h && (state.el === 2 || (state.el === 0 && controls.tge && row.op1 === 3));
  if (host && row.options.e2h) {
    const because: Because = { register: 'HCR_EL2', field: 'E2H', value: 1n, text: 'HCR_EL2.E2H is 1' };
    return { kind: 'register', row: byName(row.options.e2h) as RegisterRow, because };
  }
  return { kind: 'register', row };
}

function resolveOperation(state: AccessState, row: Accessed & { kind: 'operation' }): Access {
  if (state.el < row.el) return undefinedBecause(`${row.name} is UNDEFINED at EL0`);
  const controls = controlsOf(state);
  if (row.name === 'HVC') return resolveHvc(state, controls);
  if (row.name === 'SMC') return resolveSmc(state, controls, row);
  return trapByRule(state, controls, row, 'write', anyRule) ?? EXECUTE;
}

/** HVC is not trapped, but it can be off (Arm ARM, AArch64.CallHypervisor). */
function resolveHvc(state: AccessState, controls: Controls): Access {
  if (!state.features.has('el2')) return undefinedBecause('this PE has not got EL2');
  if (state.secure && state.el !== 3) return undefinedBecause('there is no EL2 in Secure state');
  if (controls.el3) {
    if ((state.reg('SCR_EL3') & SCR_HCE) === 0n) return undefinedBecause('SCR_EL3.HCE is 0');
  } else if ((controls.hcr & HCD) !== 0n) return undefinedBecause('HCR_EL2.HCD is 1');
  return EXECUTE;
}

/**
 * SMC traps to EL2 before it can be off (Arm ARM, AArch64.CheckForSMCUndefOrTrap). Without EL3 the pseudocode traps for a
 * guest hypervisor only and leaves the rest to the implementation. Here HCR_EL2.TSC always traps, as in QEMU, because
 * the board's firmware may answer SMC without an EL3.
 */
function resolveSmc(state: AccessState, controls: Controls, row: Accessed & { kind: 'operation' }): Access {
  if (state.el === 1 && controls.el2 && (controls.hcr & TSC) !== 0n) {
    const because: Because = { register: 'HCR_EL2', field: 'TSC', value: 1n, text: 'HCR_EL2.TSC is 1' };
    return { kind: 'trap', to: 2, ec: row.ec, iss: row.iss, because };
  }
  if (!controls.el3) return undefinedBecause('this PE has not got EL3');
  if ((state.reg('SCR_EL3') & SCR_SMD) !== 0n) return undefinedBecause('SCR_EL3.SMD is 1');
  return EXECUTE;
}

/** As `resolveAccess`, for an encoding of MSR, MRS or SYS, also one without a row. */
export function resolveEncoding(
  state: AccessState,
  op0: number,
  op1: number,
  crn: number,
  crm: number,
  op2: number,
  direction: Direction,
): Access {
  const row = byEncoding(op0, op1, crn, crm, op2);
  // An implementation defined register of another PE is no register of this one.
  if (row && (isImplemented(row, state.features) || !isImplementationDefined(op0, crn)))
    return resolveAccess(state, row, direction);
  const name = genericName(op0, op1, crn, crm, op2);
  if (isImplementationDefined(op0, crn) && state.el === 1) {
    const { el2, hcr } = controlsOf(state);
    if (el2 && (hcr & TIDCP) !== 0n) {
      const iss = systemIss({ op0, op1, crn, crm, op2 }, direction === 'read' ? 1 : 0);
      const because: Because = { register: 'HCR_EL2', field: 'TIDCP', value: 1n, text: 'HCR_EL2.TIDCP is 1' };
      return { kind: 'trap', to: 2, ec: 0x18, iss, because };
    }
  }
  const later = laterRegister(op0, op1, crn, crm, op2);
  if (later) return undefinedBecause(`${later.name} belongs to ${later.extension}, which is not modelled`);
  return undefinedBecause(`${name} is not allocated`);
}

/** Bits that the code above reads by itself, besides those of rules. */
const irregular: Readonly<Record<string, bigint>> = {
  HCR_EL2: E2H | TGE | FMO | IMO | TSC | HCD | NV | NV1 | NV2 | TIDCP,
  SCR_EL3: SCR_HCE | SCR_SMD | FGT_EN,
  VNCR_EL2: 1n,
};

let masks: ReadonlyMap<string, bigint> | undefined;

function controlMasks(): ReadonlyMap<string, bigint> {
  if (!masks) {
    const found = new Map<string, bigint>(Object.entries(irregular));
    for (const { rule, fields } of allRules().rules) {
      for (const field of fields) found.set(rule.control, (found.get(rule.control) ?? 0n) | maskOf(field));
    }
    masks = found;
  }
  return masks;
}

/** Every register whose value `resolveAccess` can depend on. */
export const trapControls: readonly string[] = [...controlMasks().keys()];

/** Which bits of such a register matter: states that agree on them resolve alike. 0 for any other name. */
export function trapControlMask(name: string): bigint {
  return controlMasks().get(name) ?? 0n;
}

/** Registers whose write can change how addresses are translated. */
export const translationControls: readonly string[] = [
  'SCTLR_EL1',
  'SCTLR_EL2',
  'SCTLR_EL3',
  'TCR_EL1',
  'TCR_EL2',
  'TCR_EL3',
  'TTBR0_EL1',
  'TTBR1_EL1',
  'TTBR0_EL2',
  'TTBR1_EL2',
  'TTBR0_EL3',
  'MAIR_EL1',
  'MAIR_EL2',
  'MAIR_EL3',
  'HCR_EL2',
  'VTTBR_EL2',
  'VTCR_EL2',
  'SCR_EL3',
  'PAN',
  'UAO',
];

/** Rows that a rule or a name in the language can mean, for completion and tests. */
export const accessible: readonly Accessed[] = [...registers, ...instructions, ...operations];

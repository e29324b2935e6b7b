/** Which kind of event an instruction, a system register, a system instruction or a device is. */

import { accessedBy } from '../engine/access-rows.ts';
import type { Stmt } from '../engine/ir.ts';
import type { Handler } from '../engine/semantics/handler.ts';
import { GICV2_MAP } from '../gic/gicv2-map.ts';
import type { CostEvent } from './profile.ts';

/** By name of the handler, where the statements do not tell. The first that matches. */
const byName: readonly (readonly [pattern: RegExp, event: CostEvent | undefined])[] = [
  [/^(dsb|dmb|isb)$/, undefined],
  // What they cost is the access, the exception or the return that they make.
  [/^(mrs|msr|sys|dc_zva|svc|hvc|smc|brk|hlt|eret|ereta|undefined|without_row|unimplemented)$/, undefined],
  [/^(mrs|msr)_/, 'pstate'],
  [/^(udiv|sdiv)/, 'divide'],
  [/^(madd|msub|smaddl|smsubl|umaddl|umsubl|smulh|umulh|mul|crc32)/, 'multiply'],
  [/^(br|blr|ret|braa|brab|blraa|blrab|retaa|retab)$/, 'branchIndirect'],
  [/^(ld|st)x[rp]|^clrex/, 'exclusive'],
];

/** How often statements of a kind are in a handler. */
function count(body: readonly Stmt[], kind: Stmt['s']): number {
  let found = 0;
  for (const statement of body) {
    if (statement.s === kind) found++;
    if (statement.s === 'if') found += count(statement.yes, kind) + count(statement.no, kind);
  }
  return found;
}

/** What an instruction is by its handler: events with how many of each. */
export function instructionEvents(name: string, { body, fp }: Handler): readonly (readonly [CostEvent, number])[] {
  if (name === 'dsb' || name === 'dmb' || name === 'isb') return [[name, 1]];
  const known = byName.find(([pattern]) => pattern.test(name));
  if (known) return known[1] ? [[known[1], 1]] : [];
  const loads = count(body, 'load');
  const stores = count(body, 'store');
  if (loads && stores) return [['atomic', 1]];
  if (loads) return [[fp ? 'fpSimdLoad' : 'load', loads]];
  if (stores) return [[fp ? 'fpSimdStore' : 'store', stores]];
  if (fp) return [['fpSimd', 1]];
  return [[count(body, 'branch') ? 'branch' : 'integer', 1]];
}

/** What an access to a register or a system instruction is; undefined for what is none. */
export function accessEvent(number: number, write: boolean): CostEvent | undefined {
  const row = accessedBy(number);
  const way = write ? 'write' : 'read';
  if (row.kind === 'instruction') {
    if (row.name.startsWith('TLBI')) return 'tlbi';
    return row.name.startsWith('AT ') ? 'addressTranslation' : 'cacheMaintenance';
  }
  if (row.kind !== 'register') return undefined;
  switch (row.group) {
    case 'ID':
      return 'readId';
    case 'EL0':
      return `${way}El0`;
    case 'EL1':
      return `${way}El1`;
    case 'EL2':
      return `${way}El2`;
    case 'EL3':
      return `${way}El3`;
    case 'Timer':
      return `${way}Timer`;
    case 'Debug':
      return `${way}Debug`;
    case 'PMU':
      return `${way}Pmu`;
    case 'GIC':
      return row.name.startsWith('ICH_') ? `${way}VirtualInterface` : `${way}CpuInterface`;
  }
}

/** Where the devices of a GICv3 are in the same place as the distributor of a GICv2, and what lies above. */
const GIC_END = 0x0900_0000;

/** What an access to a device at a physical address is. */
export function deviceEvent(gic: 2 | 3, pa: number, write: boolean): CostEvent {
  const way = write ? 'write' : 'read';
  if (pa >= GIC_END || pa < GICV2_MAP.distributor.base) return `${way}Device`;
  const within = ({ base, size }: { base: number; size: number }) => pa >= base && pa < base + size;
  if (gic === 2 && within(GICV2_MAP.cpu)) return `${way}CpuInterfaceMmio`;
  if (gic === 2 && within(GICV2_MAP.hypervisor)) return `${way}VirtualInterfaceMmio`;
  if (gic === 2 && within(GICV2_MAP.virtual)) return `${way}GuestInterfaceMmio`;
  return `${way}Distributor`;
}

/**
 * The register sets of a vCPU whose guest is a hypervisor, side by side: its EL1 registers, its virtual EL2 registers and the
 * shadow registers, which EL1 has while virtual EL2 runs. The host says where they are in two tables, `nesting_vcpus` and
 * `nesting_registers` (simulator/hypervisors/nested/observer.c); their addresses are physical.
 */

import type { DebugProtocol } from '@vscode/debugprotocol';
import type { PeView } from '../../simulator/target.ts';
import { hex } from '../address.ts';
import type { Machine } from '../machine.ts';
import type { Container } from './variables.ts';

const VCPU_BYTES = 48;
const ROW_BYTES = 26;
const NAME_BYTES = 20;
const MOST_ROWS = 256;
const NONE = 0xffff;
const SET_EL1 = 0;
const SET_SHADOW = 1;

interface Row {
  readonly name: string;
  readonly set: number;
  readonly place: number;
  readonly page: number;
}

/** What is to be known of a vCPU before its registers are. */
interface Vcpu {
  readonly el1: bigint;
  readonly shadow: bigint;
  readonly page: bigint;
  readonly inHyp: boolean;
  readonly e2h: boolean;
  readonly machineHasPage: boolean;
  /** The PE executes the guest: the set in use is in the hardware, and what is kept of it is old. */
  readonly runs: boolean;
}

interface Found {
  readonly value: bigint;
  /** Such as `hardware`, `VNCR page + 0x110`, `kept by L0`. */
  readonly where: string;
}

function words(pe: PeView, address: bigint, bytes: number): DataView | undefined {
  const read = pe.read({ kind: 'pa' }, address, bytes);
  return read && new DataView(read.buffer, read.byteOffset, bytes);
}

function word(pe: PeView, address: bigint): bigint {
  return words(pe, address, 8)?.getBigUint64(0, true) ?? 0n;
}

function rowsAt(pe: PeView, address: bigint): Row[] {
  const rows: Row[] = [];
  for (let index = 0; index < MOST_ROWS; index++) {
    const view = words(pe, address + BigInt(index * ROW_BYTES), ROW_BYTES);
    if (view === undefined || view.getUint8(0) === 0) break;
    const letters = Array.from({ length: NAME_BYTES }, (_, at) => view.getUint8(at)).filter(letter => letter !== 0);
    const [set, place, page] = [0, 2, 4].map(at => view.getUint16(NAME_BYTES + at, true));
    rows.push({ name: String.fromCharCode(...letters), set, place, page });
  }
  return rows;
}

/** Undefined before the host has begun. */
function vcpuAt(pe: PeView, table: bigint): Vcpu | undefined {
  const base = table + BigInt(pe.index * VCPU_BYTES);
  const [el1, shadow, page, inHyp, e2h, mode] = Array.from({ length: 6 }, (_, at) => word(pe, base + BigInt(8 * at)));
  if (page === 0n) return undefined;
  const flag = (address: bigint) => (words(pe, address, 1)?.getUint8(0) ?? 0) !== 0;
  const runs = pe.vmid !== undefined;
  return { el1, shadow, page, inHyp: flag(inHyp), e2h: flag(e2h), machineHasPage: mode !== 0n, runs };
}

/** An element of an array of EL1 registers, or the EL1 register of the PE when that is where it is. */
function element(pe: PeView, array: bigint, place: number, live: string | undefined): Found {
  if (live !== undefined) return { value: pe.readRegister(live), where: 'hardware' };
  return { value: word(pe, array + BigInt(8 * place)), where: 'kept by L0' };
}

function inPage(pe: PeView, vcpu: Vcpu, offset: number): Found {
  const where = vcpu.machineHasPage ? `VNCR page + ${hex(offset)}` : 'kept by L0';
  return { value: word(pe, vcpu.page + BigInt(offset)), where };
}

/** A register of virtual EL1 or of virtual EL2, wherever it is now. */
function find(pe: PeView, vcpu: Vcpu, row: Row, el1Names: ReadonlyMap<number, string>): Found {
  const name = el1Names.get(row.place);
  if (row.set === SET_EL1) {
    if (vcpu.inHyp && vcpu.machineHasPage && row.page !== NONE) return inPage(pe, vcpu, row.page);
    return element(pe, vcpu.el1, row.place, vcpu.runs && !vcpu.inHyp ? name : undefined);
  }
  if (row.set === SET_SHADOW || (vcpu.e2h && row.place !== NONE)) {
    return element(pe, vcpu.shadow, row.place, vcpu.runs && vcpu.inHyp ? name : undefined);
  }
  return inPage(pe, vcpu, row.page);
}

/** A register of virtual EL2 of the vCPU of a PE, wherever it is now; undefined where no host says so. */
export function virtualRegister(machine: Machine, pe: PeView, name: string): bigint | undefined {
  const vcpus = machine.symbols.symbol('nesting_vcpus')?.address;
  const table = machine.symbols.symbol('nesting_registers')?.address;
  const vcpu = vcpus === undefined ? undefined : vcpuAt(pe, vcpus);
  if (vcpu === undefined || table === undefined) return undefined;
  const rows = rowsAt(pe, table);
  const row = rows.find(one => one.name === name && one.set !== SET_EL1);
  return row && find(pe, vcpu, row, el1NamesOf(rows)).value;
}

function el1NamesOf(rows: readonly Row[]): ReadonlyMap<number, string> {
  return new Map(rows.filter(row => row.set === SET_EL1).map(row => [row.place, row.name]));
}

/** The scope, where the host is one that has guest hypervisors. */
export function guestHypervisorScope(machine: Machine, pe: PeView): Container | undefined {
  const { symbols } = machine;
  const vcpus = symbols.symbol('nesting_vcpus')?.address;
  const table = symbols.symbol('nesting_registers')?.address;
  if (vcpus === undefined || table === undefined) return undefined;
  const vcpu = vcpuAt(pe, vcpus);
  if (vcpu === undefined) return undefined;
  const rows = rowsAt(pe, table);
  const el1Names = el1NamesOf(rows);
  const el1Rows = rows.filter(row => row.set === SET_EL1);
  const active = vcpu.inHyp ? 'virtual EL2' : 'virtual EL1';
  const text = ({ value, where }: Found, live?: string): string => {
    const now = live === undefined || where === 'hardware' ? undefined : pe.readRegister(live);
    return `${hex(value, 16)} (${where})${now === undefined || now === value ? '' : ` ≠ live ${hex(now, 16)}`}`;
  };
  const list = (chosen: readonly Row[], show: (row: Row) => string) =>
    machine.keep({
      variables: () => chosen.map(row => ({ name: row.name, value: show(row), variablesReference: 0 })),
    });
  const group = (name: string, chosen: readonly Row[], show: (row: Row) => string): DebugProtocol.Variable => ({
    name,
    value: `${chosen.length} registers`,
    variablesReference: list(chosen, show),
    presentationHint: { kind: 'virtual', attributes: ['readOnly'] },
  });
  const isListRegister = ({ name }: Row) => /^ICH_LR\d/.test(name);
  const deferred = rows.filter(row => row.page !== NONE).sort((a, b) => a.page - b.page);
  return {
    variables: () => [
      { name: 'Level', value: active, variablesReference: 0 },
      group('EL1 registers', el1Rows, row => text(find(pe, vcpu, row, el1Names), row.name)),
      group(
        'Virtual EL2 registers',
        rows.filter(row => row.set !== SET_EL1),
        row => text(find(pe, vcpu, row, el1Names)),
      ),
      group('Shadow registers', el1Rows, row => {
        const live = vcpu.runs && vcpu.inHyp ? row.name : undefined;
        return text(element(pe, vcpu.shadow, row.place, live), row.name);
      }),
      // What the guest hypervisor has in its list registers, and what is in those of the machine.
      group('List registers, virtual and physical', rows.filter(isListRegister), row => {
        const [virtual, physical] = [word(pe, vcpu.page + BigInt(row.page)), pe.readRegister(row.name)];
        return `${hex(virtual, 16)} → ${hex(physical, 16)}`;
      }),
      ...(vcpu.machineHasPage
        ? [
            group(
              'VNCR page',
              deferred,
              row => `${hex(word(pe, vcpu.page + BigInt(row.page)), 16)} at + ${hex(row.page)}`,
            ),
          ]
        : []),
    ],
  };
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { genericName, type RegisterRow, registers } from '../../simulator/arch/registers/index.ts';
import type { PeView } from '../../simulator/target.ts';
import { MACROS, runAssembly } from './assembled.ts';

const PAGE = 0x40200000n;
const RW = 1n << 31n;
const NV = 1n << 42n;
const NV1 = 1n << 43n;
const NV2 = 1n << 45n;
const hex = (value: bigint | number): string => `0x${value.toString(16)}`;
const encoded = (row: RegisterRow): string => genericName(row.op0, row.op1, row.crn, row.crm, row.op2);

/** A guest hypervisor at EL1: what it does ends with HVC. `setUp` is the last that EL2 does before. */
const guest = (hcr: bigint, vncr: bigint, body: string, setUp = ''): string => `${MACROS}
main:
    adr     x0, vectors_el2
    msr     vbar_el2, x0
    mov     x0, #15
    msr     s3_4_c12_c9_5, x0       // icc_sre_el2
    set     s3_4_c2_c2_0, ${hex(vncr)}
    set     cnthctl_el2, 3          // ordinary traps come first
    set     hcr_el2, ${hex(hcr)}
    mov     x0, #0x3c5
    msr     spsr_el2, x0
    adr     x0, 1f
    msr     elr_el2, x0
    mov     x20, #0
${setUp}
    isb
    eret
1:
${body}
    hvc     #1
on_el1:
on_el2:
    mrs     x26, far_el2
    end
    .ltorg
`;

/** Writes a number of its own to each register and reads it back; X20 is 0 when all agree. */
const touch = (rows: readonly RegisterRow[]): string =>
  rows
    .map(
      (row, n) => `
    mov     x1, #${0x100 + n}
    msr     ${encoded(row)}, x1
    mrs     x2, ${encoded(row)}
    eor     x2, x2, x1
    orr     x20, x20, x2`,
    )
    .join('');

function memoryAt(pe: PeView, offset: number): bigint {
  const bytes = pe.read({ kind: 'pa' }, PAGE + BigInt(offset), 8) as Uint8Array;
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
}

const isAccessible = (row: RegisterRow): boolean => row.read !== undefined && row.write !== undefined;
const present = new Set(
  runAssembly(`${MACROS}\nmain:\n end\non_el1:\non_el2:\n b .`)
    .pes[0].systemRegisters()
    .map(({ name }) => name),
);
const inPage = registers.filter(
  row => row.options.vncr !== undefined && !row.alias && isAccessible(row) && present.has(row.name),
);
const aliases = new Map(registers.flatMap(row => (row.alias ? [[row.alias, row] as const] : [])));
const HVC = (0x16n << 26n) | (1n << 25n) | 1n;

/** Every register is in the page at its offset, and nothing else was written there. */
function checkPage(pe: PeView, rows: readonly RegisterRow[], offsets: readonly number[]): void {
  assert.equal(hex(pe.readRegister('X28')), hex(HVC));
  assert.equal(hex(pe.readRegister('X20')), '0x0');
  for (const [n, row] of rows.entries()) assert.equal(hex(memoryAt(pe, offsets[n])), hex(0x100 + n), row.name);
  const written = Array.from({ length: 512 }, (_, n) => n * 8).filter(offset => memoryAt(pe, offset) !== 0n);
  assert.deepEqual(
    written,
    [...new Set(offsets)].sort((a, b) => a - b),
  );
}
const offsetOf = (row: RegisterRow): number => row.options.vncr as number;

test('FEAT_NV2 keeps every register of a guest hypervisor with E2H = 0 in memory, at the offset of its row', () => {
  const rows = inPage.filter(row => row.options.e2h !== undefined || !/_EL0$/.test(row.name));
  assert.ok(rows.length > 40);
  const { pes } = runAssembly(guest(RW | NV | NV1 | NV2, PAGE, touch(rows)));
  checkPage(pes[0], rows, rows.map(offsetOf));
});

test('FEAT_NV2 keeps what a guest hypervisor with E2H = 1 reaches by _EL12 names in memory', () => {
  const rows = inPage.flatMap(row => {
    const alias = aliases.get(row.name);
    return alias ? [{ alias, offset: offsetOf(row) }] : [];
  });
  assert.ok(rows.length > 10);
  const names = rows.map(({ alias }) => alias);
  const { pes } = runAssembly(guest(RW | NV | NV2, PAGE, touch(names)));
  checkPage(
    pes[0],
    names,
    rows.map(({ offset }) => offset),
  );
  // The EL1 names are its own registers.
  const own = runAssembly(guest(RW | NV | NV2, PAGE, 'mov x1, #0x4000\nmsr vbar_el1, x1')).pes[0];
  assert.equal(own.readRegister('VBAR_EL1'), 0x4000n);
});

test('an access to the page of VNCR_EL2 that fails is a data abort at EL2 that says so', () => {
  const nowhere = 0x3f000000n;
  for (const [body, write] of [
    ['mrs x1, hcr_el2', 0n],
    ['msr hcr_el2, x1', 1n],
  ] as const) {
    const { pes } = runAssembly(guest(RW | NV | NV1 | NV2, nowhere, body));
    const esr = pes[0].readRegister('X28');
    assert.equal(hex(esr >> 26n), '0x25');
    assert.equal((esr >> 13n) & 1n, 1n, 'ISS.VNCR');
    assert.equal((esr >> 6n) & 1n, write, 'ISS.WnR');
    assert.equal(hex(pes[0].readRegister('X26')), hex(nowhere + 0x78n));
  }
});

test('FEAT_NV2 accesses memory by the tables of EL2 as they are, whatever PSTATE.PAN was when they changed', () => {
  const row = inPage.find(({ name }) => name === 'VTTBR_EL2') as RegisterRow;
  const [before, now] = [PAGE, PAGE + 0x200000n];
  // Both map the gigabyte of the program as it is; the page of VNCR_EL2 is in the next one.
  const setUp = `
    set     mair_el2, 0xff
    set     tcr_el2, 0x80800019
    adr     x0, first
    msr     ttbr0_el2, x0
    set     sctlr_el2, 0x30c50831
    isb
    mov     x0, #0x80200000
    ldr     xzr, [x0]               // in the TLB now
    adr     x0, second
    msr     pan, #1
    msr     ttbr0_el2, x0
    tlbi    alle2
    dsb     ish
    b       2f
    .align  12
first:
    .quad   0, 0x40000701, 0x40000701
    .align  12
second:
    .quad   0, 0x40000701, blocks + 3
    .align  12
blocks:
    .quad   0, ${hex(now | 0x701n)}
    .align  12
2:`;
  const { pes } = runAssembly(guest(RW | NV | NV1 | NV2, before + 0x40000000n, touch([row]), setUp));
  assert.equal(hex(pes[0].readRegister('X28')), hex(HVC));
  const at = (page: bigint): bigint => memoryAt(pes[0], Number(page - PAGE) + offsetOf(row));
  assert.deepEqual([at(before), at(now)].map(hex), ['0x0', '0x100']);
});

test('registers that FEAT_NV2 does not cover still trap', () => {
  for (const name of ['cntpoff_el2', 'sctlr_el12']) {
    const { pes } = runAssembly(
      guest(
        RW | NV | (name.endsWith('12') ? 0n : NV1),
        PAGE,
        `mrs x1, ${name === 'cntpoff_el2' ? 's3_4_c14_c0_6' : name}`,
      ),
    );
    assert.equal(hex(pes[0].readRegister('X28') >> 26n), '0x18', name);
  }
});

test('NEVE keeps registers in memory, sends others to EL1, and traps writes of those that it copies', () => {
  const config = { cpu: 'armv8.3-a', features: ['+neve'] };
  const hcr = RW | NV | NV1;
  const of = (kind: string): RegisterRow[] =>
    registers.filter(row => row.options.neve?.kind === kind && isAccessible(row));
  const offset = (row: RegisterRow): number => {
    const { neve, vncr } = row.options;
    return (neve && 'offset' in neve ? neve.offset : undefined) ?? (vncr as number);
  };
  const deferred = of('memory').filter(row => row.options.feature === undefined);
  assert.ok(deferred.length > 0);
  checkPage(runAssembly(guest(hcr, PAGE | 1n, touch(deferred)), config).pes[0], deferred, deferred.map(offset));

  for (const row of of('copy').filter(({ options }) => options.feature === undefined)) {
    const read = runAssembly(guest(hcr, PAGE | 1n, `mrs x1, ${encoded(row)}`), config).pes[0];
    assert.equal(hex(read.readRegister('X28')), hex(HVC), row.name);
    const write = runAssembly(guest(hcr, PAGE | 1n, `msr ${encoded(row)}, x1`), config).pes[0];
    assert.equal(hex(write.readRegister('X28') >> 26n), '0x18', row.name);
  }
  // Off without VNCR_EL2.Enable: everything traps, as with FEAT_NV.
  const off = runAssembly(guest(hcr, PAGE, `mrs x1, ${encoded(deferred[0])}`), config).pes[0];
  assert.equal(hex(off.readRegister('X28') >> 26n), '0x18');

  const toEl1 = of('el1').filter(
    ({ options }) => options.neve?.kind === 'el1' && !options.neve.vheOnly && options.feature === undefined,
  );
  assert.ok(toEl1.length > 0);
  for (const row of toEl1) {
    if (row.options.neve?.kind !== 'el1') continue;
    const { pes } = runAssembly(
      guest(hcr, PAGE | 1n, `mov x1, #0x800\nmsr ${encoded(row)}, x1\nmrs x3, ${encoded(row)}`),
      config,
    );
    assert.equal(hex(pes[0].readRegister('X28')), hex(HVC), row.name);
    assert.equal(hex(pes[0].readRegister(row.options.neve.register)), hex(pes[0].readRegister('X3')), row.name);
  }
});

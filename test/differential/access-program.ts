/**
 * A bare-metal program that makes accesses one after the other and prints what came of each: the level that took the
 * exception, ESR_ELx, the distance from the instruction to the return address, and the offset of the word in the page of
 * VNCR_EL2 that was read or written instead. An access that executes is followed by a call, whose exception is reported.
 */

import { type AccessCase, BASE } from './access-cases.ts';

const CONTROLS = Object.keys(BASE);
/** Words of the page of VNCR_EL2. */
const PAGE_WORDS = 512;

const generic = (row: { op0: number; op1: number; crn: number; crm: number; op2: number }): string =>
  `s${row.op0}_${row.op1}_c${row.crn}_c${row.crm}_${row.op2}`;

const OPERATIONS: Readonly<Record<string, string>> = {
  SVC: 'svc #1',
  HVC: 'hvc #1',
  SMC: 'smc #1',
  ERET: 'eret',
  FP: 'fmov d0, #1.0',
  DAIFSet: 'msr daifset, #0',
  DAIFClr: 'msr daifclr, #0',
};

function instructionOf({ row, direction }: AccessCase): string {
  if (row.kind === 'operation') return OPERATIONS[row.name];
  if (row.kind === 'instruction') return `sys #${row.op1}, c${row.crn}, c${row.crm}, #${row.op2}, x4`;
  return direction === 'read' ? `mrs x4, ${generic(row)}` : `msr ${generic(row)}, x4`;
}

/** Reads at EL3 what is going to be written, so that nothing changes. An _EL12 name means what EL1 has. */
function preparationOf({ row, direction }: AccessCase): string | undefined {
  if (row.kind === 'instruction') return row.argument ? 'adrp x4, scratch' : undefined;
  if (row.kind !== 'register' || direction === 'read') return undefined;
  return `mrs x4, ${generic(row.alias === undefined ? row : { ...row, op1: /_EL0/.test(row.alias) ? 3 : 0 })}`;
}

const LEVEL_SPSR = [0x3c0, 0x3c5, 0x3c9];

/** The program for GNU as, with the cases in its data. */
export function accessProgram(cases: readonly AccessCase[]): string {
  const snippets = new Map<string, string>();
  const snippet = (code: string, after: string): string => {
    const text = `${code}\n    ${after}`;
    const known = snippets.get(text);
    if (known) return known;
    const label = `s${snippets.size}`;
    snippets.set(text, label);
    return label;
  };
  const table = cases.map(one => {
    const access = snippet(instructionOf(one), one.el === 0 ? 'svc #0x77' : 'smc #0x77');
    const preparation = preparationOf(one);
    const prepare = preparation === undefined ? '0' : snippet(preparation, 'ret');
    const changes = [...one.controls].map(([name, value]) => [CONTROLS.indexOf(name), value] as const);
    if (changes.length > 4) throw new Error(`${one.name} changes too many controls.`);
    while (changes.length < 4) changes.push([CONTROLS.length, 0n]);
    const pairs = changes.map(([slot, value]) => `${slot * 8}, 0x${BigInt.asUintN(64, value).toString(16)}`);
    return `    .quad ${access}, ${prepare}, ${LEVEL_SPSR[one.el]}, ${one.nested ? 1 : 0}, ${pairs.join(', ')}`;
  });
  return `
    .arch armv8.6-a
    .text
    .global _start
_start:
    adr     x0, vectors_el3
    msr     vbar_el3, x0
    mov     x0, #0xf
    msr     ${generic({ op0: 3, op1: 6, crn: 12, crm: 12, op2: 5 })}, x0     // ICC_SRE_EL3
    isb
    msr     ${generic({ op0: 3, op1: 4, crn: 12, crm: 9, op2: 5 })}, x0      // ICC_SRE_EL2
    isb
    msr     ${generic({ op0: 3, op1: 0, crn: 12, crm: 12, op2: 5 })}, x0     // ICC_SRE_EL1
    adrp    x0, page
    msr     ${generic({ op0: 3, op1: 4, crn: 2, crm: 2, op2: 0 })}, x0       // VNCR_EL2
    ldr     x19, =cases
    ldr     x21, =cases_end
next:
    // A write to a name of EL1 at EL2 may have been one to EL2's.
    adr     x0, vectors_el2
    msr     vbar_el2, x0
    adr     x0, vectors_el1
    msr     vbar_el1, x0
    // The controls as they are to be: a copy of the base with what the case changes.
    adr     x0, base
    adrp    x1, controls
    mov     x2, #${CONTROLS.length + 1}
1:  ldr     x3, [x0], #8
    str     x3, [x1], #8
    subs    x2, x2, #1
    b.ne    1b
    adrp    x1, controls
    .irp    at, 32, 48, 64, 80
    ldp     x2, x3, [x19, #\\at]
    str     x3, [x1, x2]
    .endr
    adrp    x0, page
    mov     x2, #0
    ldr     x3, =0xa5a5000000000000
    ldr     x4, [x19, #24]
    cbz     x4, 3f
2:  orr     x4, x3, x2
    str     x4, [x0, x2]
    add     x2, x2, #8
    cmp     x2, #${PAGE_WORDS * 8}
    b.ne    2b
3:
${CONTROLS.map(
  (name, index) => `    ldr     x3, [x1, #${index * 8}]
    msr     ${controlName(name)}, x3`,
).join('\n')}
    isb
    mov     x4, #0
    ldr     x5, [x19, #8]
    cbz     x5, 4f
    blr     x5
4:  ldr     x22, [x19]
    msr     elr_el3, x22
    add     x0, x22, #4
    msr     elr_el1, x0
    msr     elr_el2, x0
    ldr     x0, [x19, #16]
    msr     spsr_el3, x0
    msr     spsr_el1, x0
    msr     spsr_el2, x0
    mov     x20, #0
    isb
    eret

    // From a lower level, when everything has happened.
done:
    mov     x23, x4
    cmp     x20, #1
    b.lo    5f
    b.eq    6f
    mrs     x0, esr_el2
    mrs     x1, elr_el2
    b       7f
5:  mov     x20, #3
    mrs     x0, esr_el3
    mrs     x1, elr_el3
    b       7f
6:  mrs     x0, esr_el1
    mrs     x1, elr_el1
7:  sub     x24, x1, x22
    mov     x25, x0
    add     w0, w20, #'0'
    bl      print
    mov     x26, #28
8:  lsr     x0, x25, x26
    bl      print_digit
    subs    x26, x26, #4
    b.pl    8b
    mov     x0, x24
    bl      print_digit
    ldr     x0, [x19, #24]
    cbz     x0, 12f
    // What was read came from the page, or a word of it has changed.
    lsr     x0, x23, #48
    mov     x1, #0xa5a5
    cmp     x0, x1
    and     x2, x23, #0xfff
    b.eq    11f
    adrp    x0, page
    ldr     x3, =0xa5a5000000000000
    mov     x2, #0
9:  orr     x1, x3, x2
    ldr     x4, [x0, x2]
    cmp     x4, x1
    b.ne    11f
    add     x2, x2, #8
    cmp     x2, #${PAGE_WORDS * 8}
    b.ne    9b
    b       12f
11: mov     x25, x2
    mov     w0, #'@'
    bl      print
    lsr     x0, x25, #8
    bl      print_digit
    lsr     x0, x25, #4
    bl      print_digit
    mov     x0, x25
    bl      print_digit
12: mov     w0, #'\\n'
    bl      print
    add     x19, x19, #96
    cmp     x19, x21
    b.ne    next
    adr     x1, exit_block
    mov     x0, #0x18
    hlt     #0xf000
    b       .

print_digit:
    and     x0, x0, #15
    cmp     x0, #10
    add     x0, x0, #'0'
    b.lo    print
    add     x0, x0, #'a' - '0' - 10
print:
    mov     x9, #0x09000000
    strb    w0, [x9]
    ret

    .balign 0x800
vectors_el3:
    .skip   0x200
    // A preparation that EL3 cannot make is left out.
    msr     tpidr_el3, x0
    mrs     x0, elr_el3
    add     x0, x0, #4
    msr     elr_el3, x0
    mrs     x0, tpidr_el3
    eret
    .balign 0x400
    b       done
    .balign 0x800
vectors_el2:
    .irp offset, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    .balign 0x80
    cbnz    x20, 1f
    mov     x20, #2
1:  smc     #0
    .endr
    .balign 0x800
vectors_el1:
    .irp offset, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    .balign 0x80
    cbnz    x20, 1f
    mov     x20, #1
1:  smc     #0
    .endr

    .balign 8
exit_block:
    .quad   0x20026, 0
base:
${CONTROLS.map(name => `    .quad   0x${BASE[name].toString(16)}`).join('\n')}
    .quad   0
    .ltorg
${[...snippets].map(([code, label]) => `${label}:  ${code}`).join('\n')}

    .section .rodata
    .balign 8
cases:
${table.join('\n')}
cases_end:

    .bss
    .balign 4096
controls:
    .skip   4096
page:
    .skip   4096
scratch:
    .skip   4096
`;
}

/** Registers whose names old assemblers do not know. */
function controlName(name: string): string {
  const encodings: Record<string, string> = {
    HFGRTR_EL2: 's3_4_c1_c1_4',
    HFGWTR_EL2: 's3_4_c1_c1_5',
    HFGITR_EL2: 's3_4_c1_c1_6',
    HDFGRTR_EL2: 's3_4_c3_c1_4',
    HDFGWTR_EL2: 's3_4_c3_c1_5',
    HCRX_EL2: 's3_4_c1_c2_2',
    ICH_HCR_EL2: 's3_4_c12_c11_0',
  };
  return encodings[name] ?? name.toLowerCase();
}

/** A program that prints registers as EL3 reads them, a line each; one that is UNDEFINED there prints all ones. */
export function valuesProgram(rows: readonly Parameters<typeof generic>[0][]): string {
  return `
    .text
    .global _start
_start:
    adr     x0, vectors
    msr     vbar_el3, x0
    mov     x0, #0xf
    msr     ${generic({ op0: 3, op1: 6, crn: 12, crm: 12, op2: 5 })}, x0     // ICC_SRE_EL3
    isb
${rows.map(row => `    mov     x4, #-1\n    mrs     x4, ${generic(row)}\n    bl      print`).join('\n')}
    adr     x1, exit_block
    mov     x0, #0x18
    hlt     #0xf000
    b       .
print:
    mov     x9, #0x09000000
    mov     x3, #60
1:  lsr     x2, x4, x3
    and     x2, x2, #15
    cmp     x2, #10
    add     x2, x2, #'0'
    b.lo    2f
    add     x2, x2, #'a' - '0' - 10
2:  strb    w2, [x9]
    subs    x3, x3, #4
    b.pl    1b
    mov     w2, #'\\n'
    strb    w2, [x9]
    ret
    .balign 0x800
vectors:
    .skip   0x200
    mrs     x0, elr_el3
    add     x0, x0, #4
    msr     elr_el3, x0
    eret
    .balign 8
exit_block:
    .quad   0x20026, 0
`;
}

/** The lines of a report by the names of their cases. */
export function readReport(cases: readonly AccessCase[], output: string): ReadonlyMap<string, string> {
  const lines = output.split('\n').filter(line => line !== '');
  if (lines.length !== cases.length)
    throw new Error(
      `The report has ${lines.length} lines for ${cases.length} cases; the last one is "${lines.at(-1)}".`,
    );
  return new Map(cases.map((one, index) => [one.name, lines[index]]));
}

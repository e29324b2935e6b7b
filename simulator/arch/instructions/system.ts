/**
 * Exception generation, hints, barriers, PSTATE, system registers and system instructions: Arm ARM C4.1, "Branches,
 * Exception Generating and System instructions", without the branches.
 */

import { hex, x } from './operands.ts';
import type { InstructionRow } from './row.ts';
import { systemInstructionText, systemRegisterText } from './system-names.ts';

const exception = (name: string, opc: string, ll: string, does: string): InstructionRow => ({
  id: name.toUpperCase(),
  bits: `11010100 ${opc} imm16:16 000 ${ll}`,
  asm: f => (name.startsWith('dcps') && f.imm16 === 0 ? name : `${name} ${hex(f.imm16)}`),
  does,
});

const hint = (name: string, number: number, does: string, feature?: string): InstructionRow => ({
  id: name.toUpperCase().replace(' ', '_'),
  bits: `1101010100 0 00 011 0010 ${number.toString(2).padStart(7, '0')} 11111`,
  ...(feature ? { feature } : {}),
  asm: () => name,
  does,
});

const barrier = (id: string, op2: string, asm: InstructionRow['asm'], does: string): InstructionRow => ({
  id,
  bits: `1101010100 0 00 011 0011 CRm:4 ${op2} 11111`,
  asm,
  does,
});
const barrierNames: Record<number, string> = {
  1: 'oshld',
  2: 'oshst',
  3: 'osh',
  5: 'nshld',
  6: 'nshst',
  7: 'nsh',
  9: 'ishld',
  10: 'ishst',
  11: 'ish',
  13: 'ld',
  14: 'st',
  15: 'sy',
};

const pstate = (name: string, op1: string, op2: string, does: string, feature?: string): InstructionRow => ({
  id: `MSR_${name}`,
  bits: `1101010100 0 00 ${op1} 0100 CRm:4 ${op2} 11111`,
  ...(feature ? { feature } : {}),
  asm: f => `msr ${name}, #${f.CRm}`,
  does,
});

const flagFormat = (name: string, op2: string, feature: string, does: string): InstructionRow => ({
  id: name.toUpperCase(),
  bits: `1101010100 0 00 000 0100 0000 ${op2} 11111`,
  feature,
  asm: () => name,
  does,
});

export const systemRows: readonly InstructionRow[] = [
  {
    id: 'UDF',
    bits: '0000000000000000 imm16:16',
    asm: f => `udf #${f.imm16}`,
    does: 'Is permanently undefined.',
  },
  exception('svc', '000', '01', 'Calls the operating system: an exception to EL1.'),
  exception('hvc', '000', '10', 'Calls the hypervisor: an exception to EL2.'),
  exception('smc', '000', '11', 'Calls the secure monitor: an exception to EL3.'),
  exception('brk', '001', '00', 'A breakpoint that takes a debug exception.'),
  exception('hlt', '010', '00', 'A breakpoint for an external debugger; also the semihosting call.'),
  exception('dcps1', '101', '01', 'Goes to EL1 in Debug state.'),
  exception('dcps2', '101', '10', 'Goes to EL2 in Debug state.'),
  exception('dcps3', '101', '11', 'Goes to EL3 in Debug state.'),
  {
    id: 'ERET',
    bits: '1101011 0100 11111 000000 11111 00000',
    asm: () => 'eret',
    does: 'Returns from an exception to ELR_ELx with the state of SPSR_ELx.',
  },
  {
    id: 'DRPS',
    bits: '1101011 0101 11111 000000 11111 00000',
    asm: () => 'drps',
    does: 'Restores the state of SPSR_ELx in Debug state.',
  },

  hint('nop', 0, 'Does nothing.'),
  hint('yield', 1, 'Hints that this thread waits in a loop.'),
  hint('wfe', 2, 'Waits for an event.'),
  hint('wfi', 3, 'Waits for an interrupt.'),
  hint('sev', 4, 'Sends an event to all PEs.'),
  hint('sevl', 5, 'Sends an event to this PE.'),
  hint('dgh', 6, 'Hints that memory accesses should not be gathered.', 'dgh'),
  hint('esb', 16, 'Error synchronization barrier.'),
  hint('psb csync', 17, 'Profiling synchronization barrier.'),
  hint('tsb csync', 18, 'Trace synchronization barrier.'),
  hint('csdb', 20, 'Barrier to the use of speculated data.'),
  hint('bti', 32, 'Marks a place that no guarded indirect branch may reach.'),
  hint('bti c', 34, 'Marks a target of indirect calls.'),
  hint('bti j', 36, 'Marks a target of indirect jumps.'),
  hint('bti jc', 38, 'Marks a target of indirect calls and jumps.'),
  {
    id: 'HINT',
    bits: '1101010100 0 00 011 0010 CRm:4 op2:3 11111',
    asm: f => `hint #${(f.CRm << 3) | f.op2}`,
    does: 'An unallocated hint: does nothing.',
  },

  {
    id: 'WFET',
    bits: '1101010100 0 00 011 0001 0000 000 Rd:5',
    feature: 'wfxt',
    asm: f => `wfet ${x(f.Rd)}`,
    does: 'Waits for an event until the virtual counter reaches a value.',
  },
  {
    id: 'WFIT',
    bits: '1101010100 0 00 011 0001 0000 001 Rd:5',
    feature: 'wfxt',
    asm: f => `wfit ${x(f.Rd)}`,
    does: 'Waits for an interrupt until the virtual counter reaches a value.',
  },

  barrier('CLREX', '010', f => (f.CRm === 15 ? 'clrex' : `clrex #${f.CRm}`), 'Clears the exclusive monitor.'),
  barrier(
    'DSB',
    '100',
    f => ({ 0: 'ssbb', 4: 'pssbb' })[f.CRm] ?? `dsb ${barrierNames[f.CRm] ?? `#${f.CRm}`}`,
    'Waits until the memory accesses before it are complete.',
  ),
  barrier('DMB', '101', f => `dmb ${barrierNames[f.CRm] ?? `#${f.CRm}`}`, 'Orders memory accesses.'),
  barrier(
    'ISB',
    '110',
    f => (f.CRm === 15 ? 'isb' : `isb #${f.CRm}`),
    'Makes changes of the context visible to the instructions after it.',
  ),
  {
    id: 'SB',
    bits: '1101010100 0 00 011 0011 0000 111 11111',
    feature: 'sb',
    asm: () => 'sb',
    does: 'Stops speculation beyond it.',
  },

  flagFormat('cfinv', '000', 'flagm', 'Inverts the carry flag.'),
  flagFormat('xaflag', '001', 'flagm2', 'Converts flags of a foreign floating-point comparison to those of Arm.'),
  flagFormat('axflag', '010', 'flagm2', 'Converts flags of a floating-point comparison to a foreign form.'),
  pstate('SPSel', '000', '101', 'Selects the stack pointer: SP_EL0 or that of the present level.'),
  pstate('DAIFSet', '011', '110', 'Masks exceptions.'),
  pstate('DAIFClr', '011', '111', 'Unmasks exceptions.'),
  pstate('UAO', '000', '011', 'Makes unprivileged loads and stores behave as privileged ones.', 'uao'),
  pstate('PAN', '000', '100', 'Forbids privileged accesses to memory that EL0 may access.', 'pan'),
  pstate('SSBS', '011', '001', 'Permits speculative store bypass.', 'ssbs2'),
  pstate('DIT', '011', '010', 'Makes timing independent of data.', 'dit'),
  {
    id: 'SYS',
    bits: '1101010100 0 01 op1:3 CRn:4 CRm:4 op2:3 Rt:5',
    asm: systemInstructionText,
    does: 'A system instruction: maintenance of caches and TLBs, address translation.',
  },
  {
    id: 'SYSL',
    bits: '1101010100 1 01 op1:3 CRn:4 CRm:4 op2:3 Rt:5',
    asm: f => `sysl ${x(f.Rt)}, #${f.op1}, c${f.CRn}, c${f.CRm}, #${f.op2}`,
    does: 'A system instruction with a result.',
  },
  {
    id: 'MSR',
    bits: '1101010100 0 1 o0:1 op1:3 CRn:4 CRm:4 op2:3 Rt:5',
    asm: f => `msr ${systemRegisterText(f, 'write')}, ${x(f.Rt)}`,
    does: 'Writes a system register.',
  },
  {
    id: 'MRS',
    bits: '1101010100 1 1 o0:1 op1:3 CRn:4 CRm:4 op2:3 Rt:5',
    asm: f => `mrs ${x(f.Rt)}, ${systemRegisterText(f, 'read')}`,
    does: 'Reads a system register.',
  },
];

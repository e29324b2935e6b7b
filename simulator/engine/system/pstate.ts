/** PSTATE as system registers, the banked stack pointers, FPCR and FPSR, and identification that depends on the EL. */

import type { Features } from '../../arch/features.ts';
import { cacheSize } from '../../arch/registers/reset.ts';
import type { Engine } from '../engine.ts';
import { CORE_INTERRUPT_STATUS, DAIF, DIT, EL, FPCR, FPSR, PAN, SLOT_SP, SPSEL, SSBS, UAO, X } from '../layout.ts';
import { slotOf } from '../pe-state.ts';
import { pure, type SpecialRegister } from './special.ts';

/** Bits of FPCR that are there: AHP, DN, FZ, RMode, FZ16. Trapped exceptions are not implemented. */
const FPCR_BITS = 0x07c8_0000n;
const FPSR_BITS = 0x0800_009fn;
const NV = 1n << 42n;

export function pstateRegisters(engine: () => Engine, features: Features): Map<string, SpecialRegister> {
  const word = (address: number) => engine().u32[address >> 2];
  const setWord = (address: number, value: number) => {
    engine().u32[address >> 2] = value;
  };
  const stored = (name: string) => engine().u64[slotOf(name) >> 3];
  const bit = (address: number, at: bigint, changed = () => {}) =>
    pure(
      () => BigInt(word(address)) << at,
      value => {
        setWord(address, Number((value >> at) & 1n));
        changed();
      },
    );
  const newContext = () => engine().core.enterState();

  // SP_ELx in use is in the X slots, the others in their storage.
  const stackPointer = (el: number): SpecialRegister => {
    const inUse = () => (word(SPSEL) ? word(EL) : 0) === el;
    const place = () => (inUse() ? X + SLOT_SP * 8 : slotOf(`SP_EL${el}`));
    return {
      place,
      ...pure(
        () => engine().u64[place() >> 3],
        value => {
          engine().u64[place() >> 3] = value;
        },
      ),
    };
  };
  const selectStackPointer = (value: bigint) => {
    engine().core.selectStackPointer(Number(value & 1n));
  };
  // A guest reads the identity that its hypervisor gave it.
  const identity = (own: string, virtual: string) => {
    const place = () => slotOf(word(EL) === 1 && features.has('el2') ? virtual : own);
    return { place, ...pure(() => engine().u64[place() >> 3]) };
  };
  const virtualEl2 = () => word(EL) === 1 && (stored('HCR_EL2') & NV) !== 0n && features.has('nv');

  return new Map<string, SpecialRegister>([
    ['CURRENTEL', pure(() => BigInt((virtualEl2() ? 2 : word(EL)) << 2))],
    [
      'DAIF',
      pure(
        () => BigInt(word(DAIF)),
        value => setWord(DAIF, Number(value & 0x3c0n)),
      ),
    ],
    [
      'NZCV',
      pure(
        () => BigInt((engine().core.readFlags() >>> 0) & 0xf000_0000) & 0xffffffffn,
        value => engine().core.writeFlags(Number(BigInt.asIntN(32, value))),
      ),
    ],
    ['SPSEL', pure(() => BigInt(word(SPSEL)), selectStackPointer)],
    ['PAN', bit(PAN, 22n, newContext)],
    ['UAO', bit(UAO, 23n, newContext)],
    ['DIT', bit(DIT, 24n)],
    ['SSBS', bit(SSBS, 12n)],
    [
      'FPCR',
      pure(
        () => BigInt(word(FPCR)),
        value => setWord(FPCR, Number(value & FPCR_BITS)),
      ),
    ],
    [
      'FPSR',
      pure(
        () => BigInt(word(FPSR)),
        value => setWord(FPSR, Number(value & FPSR_BITS)),
      ),
    ],
    ...[0, 1, 2, 3].map((el): [string, SpecialRegister] => [`SP_EL${el}`, stackPointer(el)]),
    ['MIDR_EL1', identity('MIDR_EL1', 'VPIDR_EL2')],
    ['MPIDR_EL1', identity('MPIDR_EL1', 'VMPIDR_EL2')],
    ['CCSIDR_EL1', pure(() => cacheSize(stored('CSSELR_EL1')))],
    ['ISR_EL1', { ...pure(() => engine().core.interruptStatus()), core: CORE_INTERRUPT_STATUS }],
  ]);
}

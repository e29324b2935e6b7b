import type { Access, Accessed, AccessState, Direction } from './types.ts';

/** What was accessed and from where, for the sentence. */
export interface Explained {
  readonly row: Pick<Accessed, 'kind' | 'name'>;
  readonly direction: Direction;
  readonly el: AccessState['el'];
}

/** One or two sentences: "MRS of ID_AA64PFR0_EL1 at EL1 traps to EL2 because HCR_EL2.TID3 is 1." */
export function explain(access: Access, what: Explained): string {
  const subject = `${nameOf(what)} at EL${what.el}`;
  switch (access.kind) {
    case 'execute':
      return `${subject} executes.`;
    case 'register': {
      if (access.row.name === what.row.name) return `${subject} accesses the register.`;
      const why = access.because ? ` because ${access.because.text}` : '';
      return `${subject} accesses ${access.row.name}${why}.`;
    }
    case 'memory':
      return `${subject} accesses memory at VNCR_EL2.BADDR + 0x${access.offset.toString(16)} because ${access.because.text}.`;
    case 'trap':
      return `${subject} traps to EL${access.to} because ${access.because.text}.`;
    case 'undefined':
      return `${subject} is UNDEFINED because ${access.because}.`;
    case 'constant':
      return what.direction === 'read'
        ? `${subject} reads as 0x${access.value.toString(16)}.`
        : `${subject} is ignored: the register is read as 0x${access.value.toString(16)}.`;
  }
}

function nameOf({ row, direction }: Explained): string {
  if (row.kind !== 'register') return row.name;
  return `${direction === 'read' ? 'MRS' : 'MSR'} of ${row.name}`;
}

/** The newer QEMU of the suite's backports, for this computer; see qemu.mjs. Its path. Throws a sentence where there is none. */
export function takeQemu(): string;

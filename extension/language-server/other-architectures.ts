/** Files with the ending of assembly that are not A64 by where they stand or what they are called. */

/** Folders of source trees whose name says the architecture. `arm` is not among them: it may hold both kinds. */
const A64_FOLDERS = new Set(['aarch64', 'arm64', 'a64', 'armv8']);
const OTHER_FOLDERS =
  /^(aarch32|arm32|armv[4-7]\w*|thumb|x86(_64|_32)?|x32|i[3-6]86|amd64|mips\w*|powerpc\w*|ppc\w*|power|riscv\w*|sparc\w*|s390\w*|alpha|hppa|pa32|m68k|m88k|sh|xtensa|arc|nios2|microblaze|loongarch\w*|or1k|openrisc|ia64|csky|hexagon)$/i;

/** Linker scripts go through the preprocessor under names such as `kernel.lds.S`. */
const LINKER_SCRIPT = /\.(ld|lds|ld\.in)\.S$/i;

/** Whether a file is surely not A64 assembly. The folder nearest to the file that names an architecture decides. */
export function isOfAnotherArchitecture(uri: string): boolean {
  if (LINKER_SCRIPT.test(uri)) return true;
  for (const folder of uri.split('/').slice(0, -1).reverse()) {
    if (A64_FOLDERS.has(folder.toLowerCase())) return false;
    if (OTHER_FOLDERS.test(folder)) return true;
  }
  return false;
}

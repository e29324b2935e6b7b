import type { ElfFile } from '../elf.ts';

/** The debug sections of a file, each read (and decompressed) when it is first used. */
export class DwarfSections {
  constructor(private readonly elf: ElfFile) {}

  get info(): Uint8Array {
    return this.elf.data('.debug_info');
  }
  get abbrev(): Uint8Array {
    return this.elf.data('.debug_abbrev');
  }
  get str(): Uint8Array {
    return this.elf.data('.debug_str');
  }
  get lineStr(): Uint8Array {
    return this.elf.data('.debug_line_str');
  }
  get strOffsets(): Uint8Array {
    return this.elf.data('.debug_str_offsets');
  }
  get addr(): Uint8Array {
    return this.elf.data('.debug_addr');
  }
  get line(): Uint8Array {
    return this.elf.data('.debug_line');
  }
  get ranges(): Uint8Array {
    return this.elf.data('.debug_ranges');
  }
  get rnglists(): Uint8Array {
    return this.elf.data('.debug_rnglists');
  }
  get loc(): Uint8Array {
    return this.elf.data('.debug_loc');
  }
  get loclists(): Uint8Array {
    return this.elf.data('.debug_loclists');
  }
}

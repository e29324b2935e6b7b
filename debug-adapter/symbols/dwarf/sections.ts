import type { Bytes } from '../bytes.ts';
import type { ElfFile } from '../elf.ts';

/** The debug sections of a file, read (and decompressed) as they are used. */
export class DwarfSections {
  private readonly lineStrings = new Map<number, string>();

  constructor(private readonly elf: ElfFile) {}

  get info(): Bytes {
    return this.elf.bytesOf('.debug_info');
  }
  get abbrev(): Bytes {
    return this.elf.bytesOf('.debug_abbrev');
  }
  get str(): Bytes {
    return this.elf.bytesOf('.debug_str');
  }
  get lineStr(): Bytes {
    return this.elf.bytesOf('.debug_line_str');
  }
  /** A string of `.debug_line_str`: each unit names the same headers and folders. */
  lineString(offset: number): string {
    let text = this.lineStrings.get(offset);
    if (text === undefined) {
      text = this.lineStr.string(offset);
      this.lineStrings.set(offset, text);
    }
    return text;
  }
  get strOffsets(): Bytes {
    return this.elf.bytesOf('.debug_str_offsets');
  }
  get aranges(): Bytes {
    return this.elf.bytesOf('.debug_aranges');
  }
  get addr(): Bytes {
    return this.elf.bytesOf('.debug_addr');
  }
  get line(): Bytes {
    return this.elf.bytesOf('.debug_line');
  }
  get ranges(): Bytes {
    return this.elf.bytesOf('.debug_ranges');
  }
  get rnglists(): Bytes {
    return this.elf.bytesOf('.debug_rnglists');
  }
  get loc(): Bytes {
    return this.elf.bytesOf('.debug_loc');
  }
  get loclists(): Bytes {
    return this.elf.bytesOf('.debug_loclists');
  }
}

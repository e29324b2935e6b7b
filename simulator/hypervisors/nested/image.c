// The guest hypervisor's image: an ELF file that the machine has put into memory as initrd, which the device tree tells of.
// It is loaded as the machine would load it, into what the guest takes for its RAM.

#include "image.h"
#include "../common/print.h"
#include "../common/psci.h"
#include "nested.h"

// A device tree in its flat form (Devicetree Specification 0.4, chapter 5): big-endian, at the start of RAM.
#define TREE ((const uint32_t *)GUEST_RAM)
#define TREE_MAGIC 0xd00dfeed
#define TOKEN_BEGIN_NODE 1
#define TOKEN_PROPERTY 3
#define TOKEN_END 9

static uint32_t word(const void *place) {
  const uint8_t *bytes = place;
  return (uint32_t)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
}

static bool same(const char *a, const char *b) {
  for (; *a && *a == *b; a++, b++) {
  }
  return *a == *b;
}

// The value of a property of /chosen, of one cell or two; 0 when it is not there. No other node has these names.
static uint64_t chosen(const char *name) {
  const uint8_t *tree = (const uint8_t *)TREE;
  if (word(tree) != TREE_MAGIC) return 0;
  const uint8_t *at = tree + word(tree + 8);
  const char *names = (const char *)tree + word(tree + 12);
  for (;;) {
    uint32_t token = word(at);
    at += 4;
    if (token == TOKEN_END) return 0;
    if (token == TOKEN_BEGIN_NODE) {
      unsigned length = 0;
      while (at[length]) length++;
      at += (length + 4) & ~3U;
    } else if (token == TOKEN_PROPERTY) {
      uint32_t length = word(at);
      if (same(names + word(at + 4), name)) return length == 8 ? (uint64_t)word(at + 8) << 32 | word(at + 12) : word(at + 8);
      at += 8 + ((length + 3) & ~3U);
    }
  }
}

static _Noreturn void refuse(const char *what) {
  print("There is no guest hypervisor to run: %s.\n", what);
  psci_system_off();
}

// ELF, 64 bits (System V ABI, chapter 4).
struct elf_header {
  uint32_t magic;
  uint8_t class, data, version, unused[9];
  uint16_t type, machine;
  uint32_t elf_version;
  uint64_t entry, segments;
  uint64_t sections;
  uint32_t flags;
  uint16_t size, segment_size, segment_count;
};

struct elf_segment {
  uint32_t type, flags;
  uint64_t offset, va, pa, file_size, memory_size;
};

#define ELF_MAGIC 0x464c457f
#define ELF_64 2
#define ELF_AARCH64 183
#define SEGMENT_LOAD 1

uint64_t load_image(void) {
  const uint8_t *file = (const uint8_t *)chosen("linux,initrd-start");
  uint64_t size = (const uint8_t *)chosen("linux,initrd-end") - file;
  if (!file) refuse("give its ELF file as initrd");
  const struct elf_header *header = (const struct elf_header *)file;
  if (size < sizeof *header || header->magic != ELF_MAGIC || header->class != ELF_64 || header->machine != ELF_AARCH64)
    refuse("the initrd is not an ELF file for AArch64");
  for (unsigned index = 0; index < header->segment_count; index++) {
    const struct elf_segment *segment = (const void *)(file + header->segments + index * header->segment_size);
    if (segment->type != SEGMENT_LOAD || segment->memory_size == 0) continue;
    uint8_t *place = guest_memory(segment->pa, segment->memory_size);
    if (!place || segment->offset + segment->file_size > size) {
      print("A segment of the image, at %x, is not in the %u bytes of RAM that the guest has at %x.\n", segment->pa,
            GUEST_RAM_SIZE, GUEST_RAM);
      refuse("it does not fit");
    }
    const uint8_t *from = file + segment->offset;
    for (uint64_t byte = 0; byte < segment->memory_size; byte++) place[byte] = byte < segment->file_size ? from[byte] : 0;
  }
  return header->entry;
}

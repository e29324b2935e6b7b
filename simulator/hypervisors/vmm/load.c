// Places the guest's images in its memory (Linux documentation, "Booting AArch64 Linux").
#include "machine.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB 0x100000ull
#define DEVICE_TREE_ROOM 0x10000ull

// The header of a kernel's Image.
struct header {
  uint32_t code[2];
  uint64_t text_offset;
  uint64_t image_size;
  uint64_t flags;
  uint64_t reserved[3];
  char magic[4];
  uint32_t pe_offset;
};

// Reads a file to a guest address; returns its size.
static uint64_t read_file(const struct machine *machine, const char *path, uint64_t address) {
  int file = open(path, O_RDONLY);
  struct stat status;
  if (file < 0 || fstat(file, &status) < 0) fail("%s cannot be opened: %s.", path, strerror(errno));
  uint64_t size = (uint64_t)status.st_size;
  uint64_t end = RAM + machine->options->memory;
  if (address > end || size > end - address) fail("%s does not fit into the guest's memory: give more with --memory.", path);
  for (uint64_t done = 0; done < size;) {
    ssize_t got = read(file, machine->ram + (address - RAM) + done, size - done);
    if (got <= 0) fail("%s cannot be read: %s.", path, got < 0 ? strerror(errno) : "it ends too early");
    done += (uint64_t)got;
  }
  close(file);
  return size;
}

static uint64_t align(uint64_t value, uint64_t step) { return (value + step - 1) / step * step; }

void load_images(struct machine *machine) {
  const struct options *options = machine->options;
  uint64_t size = read_file(machine, options->kernel, RAM);
  const struct header *header = (const struct header *)machine->ram;
  if (size < sizeof *header || memcmp(header->magic, "ARM\x64", 4) != 0)
    fail("%s is no arm64 Image: it may be compressed.", options->kernel);
  uint64_t image_size = header->image_size > size ? header->image_size : size;
  machine->entry = RAM + header->text_offset;
  if (header->text_offset != 0) read_file(machine, options->kernel, machine->entry);

  machine->device_tree = align(machine->entry + image_size, 2 * MIB);
  if (options->initrd) {
    machine->initrd_start = machine->device_tree + DEVICE_TREE_ROOM;
    machine->initrd_end = machine->initrd_start + read_file(machine, options->initrd, machine->initrd_start);
  }
  if (machine->device_tree + DEVICE_TREE_ROOM > RAM + options->memory)
    fail("The kernel does not fit into the guest's memory: give more with --memory.");
  write_device_tree(machine, machine->ram + (machine->device_tree - RAM), DEVICE_TREE_ROOM);
}

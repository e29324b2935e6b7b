// What is at an IPA that stage 2 does not let through: memory of the guest, a device of the kernel, or neither, and then it is
// the VMM's. Both lists are sorted and searched by halves; they are complete before the first vCPU runs.

#include "kvm.h"

#define MAX_SLOTS 8
#define MAX_DEVICES 8

struct range {
  uint64_t base, size;
};

struct io_device {
  struct range range;
  struct vcpu *owner; // whose it is, for a device that each vCPU has one of
  io_access access;
};

static struct range slots[MAX_SLOTS];
static struct io_device devices[MAX_DEVICES];
static unsigned slot_count, device_count;

static int compare_range(uint64_t address, const void *element) {
  const struct range *range = element;
  if (address < range->base) return -1;
  return address - range->base >= range->size;
}

const void *search(uint64_t key, const void *array, unsigned count, unsigned size,
                   int (*compare)(uint64_t key, const void *element)) {
  const char *base = array;
  while (count) {
    const char *middle = base + count / 2 * size;
    int order = compare(key, middle);
    if (order == 0) return middle;
    if (order > 0) {
      base = middle + size;
      count--;
    }
    count /= 2;
  }
  return 0;
}

void memory_slot_add(uint64_t base, uint64_t size) {
  if (slot_count == MAX_SLOTS) give_up("there are more memory slots than room for them", 0, base);
  unsigned place = slot_count++;
  for (; place && slots[place - 1].base > base; place--) slots[place] = slots[place - 1];
  slots[place] = (struct range){base, size};
}

bool is_guest_memory(uint64_t ipa) {
  return search(ipa, slots, slot_count, sizeof slots[0], compare_range) != 0;
}

void io_register(uint64_t base, uint64_t size, struct vcpu *owner, io_access access) {
  if (device_count == MAX_DEVICES) give_up("there are more devices than room for them", 0, base);
  unsigned place = device_count++;
  for (; place && devices[place - 1].range.base > base; place--) devices[place] = devices[place - 1];
  devices[place] = (struct io_device){{base, size}, owner, access};
}

bool io_bus_access(struct vcpu *vcpu, uint64_t ipa, bool is_write, unsigned size, uint64_t *value) { /* BP: io-bus */
  const struct io_device *device = search(ipa, devices, device_count, sizeof devices[0], compare_range);
  // An access that begins in a device has to end in it.
  if (!device || compare_range(ipa + size - 1, device)) return false;
  device->access(device->owner ? device->owner : vcpu, ipa - device->range.base, is_write, size, value);
  return true;
}

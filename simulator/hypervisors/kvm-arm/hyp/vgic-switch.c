// The virtual CPU interface of GICv3, between memory and hardware (Arm IHI 0069, chapter 12.4). That of GICv2 is in
// vgic-switch-v2.c.

#include "../registers.h"
#include "hyp.h"

#define ICH_VTR_LIST_REGISTERS_MASK 0x1f

// Set once by vgic_count_list_registers: EL1 cannot ask the hardware.
unsigned list_register_count;

void vgic_count_list_registers(void) {
  uint64_t type = gic_version == 2 ? *device(GICH_BASE + GICH_VTR) : read_register(ich_vtr_el2);
  list_register_count = (type & ICH_VTR_LIST_REGISTERS_MASK) + 1;
}

// List registers have their number in their names: a switch finds the instruction.
#define EACH_LIST_REGISTER(DO)                                                                                         \
  DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11) DO(12) DO(13) DO(14) DO(15)

static void write_list_register(unsigned index, uint64_t value) {
  switch (index) {
#define DO(n)                                                                                                          \
  case n:                                                                                                              \
    write_register(ich_lr##n##_el2, value);                                                                            \
    break;
    EACH_LIST_REGISTER(DO) /* BP: write-list-register */
#undef DO
  }
}

static uint64_t read_list_register(unsigned index) {
  switch (index) {
#define DO(n)                                                                                                          \
  case n:                                                                                                              \
    return read_register(ich_lr##n##_el2);
    EACH_LIST_REGISTER(DO)
#undef DO
  }
  return 0;
}

// Those in use only.
static void restore_used(const struct vgic_hardware *vgic) {
  write_register(ich_hcr_el2, vgic->hcr);
  for (unsigned index = 0; index < vgic->used; index++) write_list_register(index, vgic->lr[index]);
}

static void save_used(struct vgic_hardware *vgic) {
  vgic->elrsr = read_register(ich_elrsr_el2);
  for (unsigned index = 0; index < vgic->used; index++) {
    // An empty list register says nothing but its state, which is 0.
    vgic->lr[index] = vgic->elrsr >> index & 1 ? vgic->lr[index] & ~(3ULL << 62) : read_list_register(index);
    write_list_register(index, 0);
  }
  write_register(ich_hcr_el2, 0);
}

// Every one, whatever is in it.
static void restore_all(const struct vgic_hardware *vgic) {
  write_register(ich_hcr_el2, vgic->hcr);
  for (unsigned index = 0; index < list_register_count; index++)
    write_list_register(index, index < vgic->used ? vgic->lr[index] : 0);
}

static void save_all(struct vgic_hardware *vgic) {
  vgic->misr = read_register(ich_misr_el2);
  vgic->eisr = read_register(ich_eisr_el2);
  vgic->elrsr = read_register(ich_elrsr_el2);
  for (unsigned index = 0; index < list_register_count; index++) {
    uint64_t value = read_list_register(index);
    if (index < vgic->used) vgic->lr[index] = value;
    write_list_register(index, 0);
  }
  write_register(ich_hcr_el2, 0);
}

void restore_vgic_priorities(const struct vgic_hardware *vgic) {
  if (gic_version == 2) return vgic_v2_restore_priorities(vgic);
  write_register(ich_vmcr_el2, vgic->vmcr);
  write_register(ich_ap0r0_el2, vgic->ap0r0);
  write_register(ich_ap1r0_el2, vgic->ap1r0);
}

void save_vgic_priorities(struct vgic_hardware *vgic) {
  if (gic_version == 2) return vgic_v2_save_priorities(vgic);
  vgic->vmcr = read_register(ich_vmcr_el2);
  vgic->ap0r0 = read_register(ich_ap0r0_el2);
  vgic->ap1r0 = read_register(ich_ap1r0_el2);
}

void restore_vgic(const struct vgic_hardware *vgic) { /* BP: restore-vgic */
  if (gic_version == 2) return vgic_v2_restore(vgic);
  if (!step_is_on(STEP_VGIC_PRIORITY)) restore_vgic_priorities(vgic);
  if (!step_is_on(STEP_VGIC_EMPTY))
    restore_all(vgic);
  else if (vgic->used)
    restore_used(vgic);
}

void save_vgic(struct vgic_hardware *vgic) { /* BP: save-vgic */
  if (gic_version == 2) return vgic_v2_save(vgic);
  if (!step_is_on(STEP_VGIC_PRIORITY)) save_vgic_priorities(vgic);
  if (!step_is_on(STEP_VGIC_EMPTY))
    save_all(vgic);
  else if (vgic->used)
    save_used(vgic);
}

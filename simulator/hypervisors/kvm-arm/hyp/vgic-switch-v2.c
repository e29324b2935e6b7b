// The virtual CPU interface of GICv2, between memory and hardware: GICH, in memory, banked by PE. A read waits for the
// device; that is what made the VGIC the largest part of an exit on hardware of its time.

#include "../registers.h"
#include "hyp.h"

#define LR_STATE (3U << 28)

static volatile uint32_t *gich(uint64_t offset) {
  return device(GICH_BASE + offset);
}

static volatile uint32_t *list_register(unsigned index) {
  return gich(GICH_LR0 + 4 * index);
}

static void restore_used(const struct vgic_hardware *vgic) {
  *gich(GICH_HCR) = vgic->hcr;
  for (unsigned index = 0; index < vgic->used; index++)
    *list_register(index) = vgic->lr[index]; /* BP: write-list-register-v2 */
}

static void save_used(struct vgic_hardware *vgic) {
  vgic->elrsr = *gich(GICH_ELRSR0);
  for (unsigned index = 0; index < vgic->used; index++) {
    // An empty list register says nothing but its state, which is 0.
    vgic->lr[index] = vgic->elrsr >> index & 1 ? vgic->lr[index] & ~LR_STATE : *list_register(index);
    *list_register(index) = 0;
  }
  *gich(GICH_HCR) = 0;
}

static void restore_all(const struct vgic_hardware *vgic) {
  *gich(GICH_HCR) = vgic->hcr;
  for (unsigned index = 0; index < list_register_count; index++)
    *list_register(index) = index < vgic->used ? vgic->lr[index] : 0;
}

static void save_all(struct vgic_hardware *vgic) {
  vgic->hcr = *gich(GICH_HCR); // it also counts completions without a list register
  vgic->misr = *gich(GICH_MISR);
  vgic->eisr = *gich(GICH_EISR0);
  vgic->eisr |= (uint64_t)*gich(GICH_EISR1) << 32;
  vgic->elrsr = *gich(GICH_ELRSR0);
  vgic->elrsr |= (uint64_t)*gich(GICH_ELRSR1) << 32;
  *gich(GICH_HCR) = 0;
  for (unsigned index = 0; index < list_register_count; index++) {
    uint32_t value = *list_register(index);
    if (index < vgic->used) vgic->lr[index] = value;
  }
}

void vgic_v2_restore_priorities(const struct vgic_hardware *vgic) {
  *gich(GICH_VMCR) = vgic->vmcr;
  *gich(GICH_APR) = vgic->ap0r0;
}

void vgic_v2_save_priorities(struct vgic_hardware *vgic) {
  vgic->vmcr = *gich(GICH_VMCR);
  vgic->ap0r0 = *gich(GICH_APR);
}

void vgic_v2_restore(const struct vgic_hardware *vgic) {
  if (!step_is_on(STEP_VGIC_PRIORITY)) vgic_v2_restore_priorities(vgic);
  if (!step_is_on(STEP_VGIC_EMPTY))
    restore_all(vgic);
  else if (vgic->used)
    restore_used(vgic);
}

void vgic_v2_save(struct vgic_hardware *vgic) {
  if (!step_is_on(STEP_VGIC_PRIORITY)) vgic_v2_save_priorities(vgic);
  if (!step_is_on(STEP_VGIC_EMPTY))
    save_all(vgic);
  else if (vgic->used)
    save_used(vgic);
}

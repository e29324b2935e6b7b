#include "vgic.h"
#include "../common/print.h"
#include "../common/psci.h"
#include "../common/registers.h"

#define ICH_HCR_EN (1 << 0) // the virtual CPU interface works

// ICH_LR<n>_EL2 (Arm IHI 0069, 12.4).
#define LR_PRIORITY_SHIFT 48
#define LR_GROUP_1 (1ULL << 60)
#define LR_PENDING (1ULL << 62)
#define LR_STATE_SHIFT 62

static const char *const state_names[] = {"inactive", "pending", "active", "pending and active"};
static unsigned reported_state;

void vgic_prepare(void) {
  write_register(ich_hcr_el2, ICH_HCR_EN);
  write_register(ich_vmcr_el2, 0);
  write_register(ich_lr0_el2, 0);
  isb();
}

void vgic_inject(uint64_t id) {
  // ICH_ELRSR_EL2 has a bit for each list register without an interrupt. One is enough for one interrupt at a time.
  if ((read_register(ich_elrsr_el2) & 1) == 0) {
    print("The guest has not completed the last interrupt: there is no room for %u.\n", id);
    psci_system_off();
  }
  uint64_t entry = LR_PENDING | LR_GROUP_1 | 0x80ULL << LR_PRIORITY_SHIFT | id;
  write_register(ich_lr0_el2, entry); /* BP: inject */
  isb();
  print("list register 0: virtual interrupt %u, pending\n", id);
  reported_state = 1;
}

void vgic_report(void) {
  uint64_t entry = read_register(ich_lr0_el2);
  unsigned state = bits(entry, 63, LR_STATE_SHIFT);
  if (state == reported_state) return;
  print("list register 0: virtual interrupt %u, %s\n", bits(entry, 31, 0), state_names[state]);
  reported_state = state;
}

// Translations that guests leave behind in TLBs.

#include "hyp.h"

void flush_all_guests(void) {
  __asm__ volatile("dsb ishst; tlbi alle1is; dsb ish; isb" ::: "memory");
}

// A virtual PE, the machine that it belongs to, and the physical PE below: the data that host and hypervisor share.
#pragma once

#include "context.h"
#include "design.h"

// What took the PE out of the guest.
#define EXIT_SYNC 0 // an exception by an instruction: `esr` says which
#define EXIT_IRQ 1  // a physical interrupt, not yet acknowledged
#define EXIT_FIQ 2
#define EXIT_SERROR 3

#define MAX_LIST_REGISTERS 16
#define MAX_PES 2

// Offsets into `struct vcpu` and `struct pe` for assembly.
#define VCPU_GUEST 0
#define VCPU_HARDWARE 1008
#define VCPU_ESR (VCPU_HARDWARE + 0)
#define VCPU_FAR (VCPU_HARDWARE + 8)
#define VCPU_HPFAR (VCPU_HARDWARE + 16)
#define VCPU_HCR (VCPU_HARDWARE + 24)
#define VCPU_MDCR (VCPU_HARDWARE + 32)
#define VCPU_VTTBR (VCPU_HARDWARE + 40)
#define VCPU_FP_LOADED (VCPU_HARDWARE + 48)
#define VCPU_DEBUG_DIRTY (VCPU_HARDWARE + 56)
#define VCPU_VGIC_HCR (VCPU_HARDWARE + 64)
#define VCPU_VGIC_VMCR (VCPU_HARDWARE + 72)
#define VCPU_VGIC_AP0R0 (VCPU_HARDWARE + 80)
#define VCPU_VGIC_AP1R0 (VCPU_HARDWARE + 88)
#define VCPU_VGIC_MISR (VCPU_HARDWARE + 96)
#define VCPU_VGIC_EISR (VCPU_HARDWARE + 104)
#define VCPU_VGIC_ELRSR (VCPU_HARDWARE + 112)
#define VCPU_VGIC_USED (VCPU_HARDWARE + 120)
#define VCPU_VGIC_LR (VCPU_HARDWARE + 128)
#define VCPU_TIMER_CTL (VCPU_VGIC_LR + 8 * MAX_LIST_REGISTERS)
#define VCPU_TIMER_CVAL (VCPU_TIMER_CTL + 8)
#define VCPU_TIMER_OFFSET (VCPU_TIMER_CTL + 16)
#define VCPU_PE (VCPU_TIMER_CTL + 24)
#define PE_HOST 0
#define PE_SIZE 1024

#ifndef __ASSEMBLER__

#include "lock.h"
#include <stdbool.h>

struct vm;
struct vcpu;
struct kvm_run;

// The virtual CPU interface of a vCPU, while it is not in the hardware; of GICv2 ap0r0 is GICH_APR.
struct vgic_hardware {
  uint64_t hcr, vmcr, ap0r0, ap1r0, misr, eisr, elrsr;
  uint64_t used; // list registers in use are 0 to used - 1
  uint64_t lr[MAX_LIST_REGISTERS];
};

// The virtual timer of a vCPU, while it is not in the hardware.
struct timer_hardware {
  uint64_t ctl, cval, offset;
};

// Where a vCPU is, for those who want its attention.
enum vcpu_mode { OUTSIDE, BLOCKED, IN_GUEST };

#if NESTED
#include "../nested/state.h"
#endif

struct vcpu {
  struct context guest;

  // What the world switch reads and writes beside the context.
  struct {
    uint64_t esr, far, hpfar; // why the guest was left
    uint64_t hcr, mdcr, vttbr;
    uint64_t fp_loaded;   // V0 to V31 are the guest's
    uint64_t debug_dirty; // the guest has enabled debug exceptions
    struct vgic_hardware vgic;
    struct timer_hardware timer;
  } hardware;

  unsigned pe; // where it runs
  struct vm *vm;
  unsigned id;
  struct kvm_run *run; // shared with the VMM
  struct lock running; // by a thread of the VMM
  volatile bool powered;
  volatile enum vcpu_mode mode;
  bool loaded;                // between vcpu_load and vcpu_put
  bool timer_level;           // the line from the timer to the VGIC
  bool timer_active;          // the physical interrupt of the timer is held active for the guest
  struct {
    uint64_t hvc, wait, sysreg, kernel_io, user_io, interrupt;
  } exits;
#if NESTED
  struct nested nested; // the guest as a hypervisor
#endif
};

_Static_assert(offsetof(struct vcpu, guest) == VCPU_GUEST, "vcpu.h");
_Static_assert(offsetof(struct vcpu, hardware) == VCPU_HARDWARE, "vcpu.h");
_Static_assert(offsetof(struct vcpu, hardware.vttbr) == VCPU_VTTBR, "vcpu.h");
_Static_assert(offsetof(struct vcpu, hardware.vgic.lr) == VCPU_VGIC_LR, "vcpu.h");
_Static_assert(offsetof(struct vcpu, pe) == VCPU_PE, "vcpu.h");
_Static_assert(offsetof(struct vcpu, hardware.debug_dirty) == VCPU_DEBUG_DIRTY, "vcpu.h");
_Static_assert(offsetof(struct vcpu, hardware.vgic.used) == VCPU_VGIC_USED, "vcpu.h");
_Static_assert(offsetof(struct vcpu, hardware.timer) == VCPU_TIMER_CTL, "vcpu.h");

// A physical PE.
struct pe {
  struct context host;
  struct vcpu *loaded; // the vCPU between vcpu_load and vcpu_put
} __attribute__((aligned(16)));

_Static_assert(offsetof(struct pe, host) == PE_HOST && sizeof(struct pe) == PE_SIZE, "vcpu.h");

extern struct pe pes[MAX_PES];
extern volatile unsigned pe_count;

extern unsigned gic_version; // 2 or 3, of the board and so of the VM: a guest gets the interface that the hardware has

extern uint64_t pmu_counters; // MDCR_EL2.HPMN as it was found: how many event counters there are

struct vm {
  uint64_t stage2_root;
  uint64_t vmid, vmid_generation;
  struct vcpu *vcpus[MAX_PES];
  unsigned vcpu_count;
};

#endif

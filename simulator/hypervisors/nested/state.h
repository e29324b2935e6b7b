// What the host keeps for a vCPU whose guest is a hypervisor. Included by ../kvm-arm/vcpu.h.
//
// A vCPU has three sets of registers:
//
//   guest.el1       its EL1 registers, which belong to virtual EL1: to the kernel of the guest hypervisor, or to its guest
//   nested.page     its virtual EL2 registers, at the offsets of the page of VNCR_EL2 (page.h), whether or not the machine
//                   looks at it. In virtual EL2 the machine may have the EL1 registers there too.
//   nested.shadow   what is in the EL1 registers of the PE while virtual EL2 runs, which is EL1
//
// `guest.sysregs` points to the first or to the last, by virtual EL: the world switch moves what it points to.
#pragma once

// How the machine helps, from the least to the most. Found at boot.
enum nesting_mode {
  MODE_NV,   // FEAT_NV: each access to a register of EL2 traps, and so does each to one of EL1 whose value waits in memory
  MODE_NEVE, // the proposal: those that only matter to a guest are in memory, those that matter at once are EL1 registers
  MODE_NV2,  // FEAT_NV2: what became of it
};

extern enum nesting_mode nesting_mode;

// A debugger finds out who executes on a PE, while HCR_EL2.VM is 1, by the VMID: the rows of `nesting_levels` say which level
// of nesting it stands for, and which exception level the code at EL1 believes to be at. The last row is all zero.
struct nesting_level {
  uint16_t first_vmid, last_vmid;
  uint16_t nesting; // 1 for the guest hypervisor, 2 for its guests
  uint16_t el;
};

extern const struct nesting_level nesting_levels[];

// The virtual stage 2 that each VMID of a nested guest stands for, in `count` rows of `stride` bytes from `first` on.
struct nesting_shadows {
  uint32_t first, count;
  uint64_t stride;
  const void *rows;
};
extern const struct nesting_shadows nesting_shadows;

struct nested {
  uint64_t *page; // of 4 KB
  uint64_t shadow[SYSREG_COUNT];
  bool in_hyp; // at virtual EL2, or at EL0 of a guest hypervisor with HCR_EL2.{E2H,TGE}
  bool e2h;    // the shadow registers are as E2H wants them
  bool stale;  // the shadow registers are not yet what the virtual EL2 registers say
  bool owns_list_registers; // the list registers of the guest's guest are in `hardware.vgic`, and those of the guest here:
  struct vgic_hardware kept_vgic;

  uint64_t cptr; // more bits for CPTR_EL2

  uint64_t time_offset;              // how far the guest's physical count is behind ours
  struct timer_hardware kept_timer;  // the virtual timer while another timer of the guest has the hardware
  struct timer_hardware hyp_virtual; // CNTHV
  struct timer_hardware physical;    // CNTP
  struct timer_hardware hyp_physical; // CNTHP
  bool lines[32]; // timers, and maintenance: what the VGIC has been told

  struct {
    uint64_t registers, erets, injected, stage2, maintenance;
  } exits;
};

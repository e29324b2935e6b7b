// The hypervisor code. In split mode it is what runs at EL2: the host reaches it by HVC. With VHE the host is at EL2 too
// and calls it.
#pragma once

#include "../vcpu.h"

// A call of hypervisor code: `function` of the image, with up to two arguments. In split mode an HVC.
uint64_t hyp_call(void *function, ...);

// Runs the guest until something takes the PE out of it, and gives the PE back to the host as it was. Returns an EXIT_
// value; the reasons are in `vcpu->hardware`. In world-switch.c or world-switch-asm.S.
unsigned world_switch(struct vcpu *vcpu);

// The same for a host that knows to be at EL2. In world-switch-vhe.c.
unsigned world_switch_vhe(struct vcpu *vcpu);

// Enters the guest by ERET and returns when it is left. In enter.S.
unsigned guest_enter(struct vcpu *vcpu);

// What to do with an exit before the host sees it: notes the reason, and handles at once what needs no host. Returns
// true when the guest can go on. In exit.c.
bool handled_without_host(struct vcpu *vcpu, unsigned exit);

// Register groups of context.h. In sysregs.c.
void save_common_state(struct context *context);
void restore_common_state(const struct context *context);
void save_user_state(struct context *context);
void restore_user_state(const struct context *context);
void save_el1_state(struct context *context);
void restore_el1_state(const struct context *context);
void save_return_state(struct context *context);
void restore_return_state(const struct context *context);

// What the guest may not do by itself, and its memory. In traps.c.
void activate_traps(struct vcpu *vcpu);
void deactivate_traps(void);
void activate_stage2(struct vcpu *vcpu);
void deactivate_stage2(void);

// The virtual CPU interface. In vgic-switch.c.
void restore_vgic(const struct vgic_hardware *vgic);
void save_vgic(struct vgic_hardware *vgic);
void restore_vgic_priorities(const struct vgic_hardware *vgic);
void save_vgic_priorities(struct vgic_hardware *vgic);
void vgic_v2_restore(const struct vgic_hardware *vgic); // in vgic-switch-v2.c
void vgic_v2_save(struct vgic_hardware *vgic);
void vgic_v2_restore_priorities(const struct vgic_hardware *vgic);
void vgic_v2_save_priorities(struct vgic_hardware *vgic);
extern unsigned list_register_count;
void vgic_count_list_registers(void);

// The virtual timer. In timer-switch.c.
void restore_timer(const struct timer_hardware *timer);
void save_timer(struct timer_hardware *timer);

// Debug registers. In debug.c.
void note_debug_use(struct vcpu *vcpu);
void switch_debug(struct vcpu *vcpu);

// FP and AdvSIMD registers: the guest's first touch brings its own in, and they go out when the traps do. In fp.c, and
// what no C compiler may do here, in fp-registers.S.
void load_guest_fp(struct vcpu *vcpu);
void give_fp_back(struct vcpu *vcpu);
void save_fp(struct fp_state *state);
void restore_fp(const struct fp_state *state);

// Forgets the translations of all guests. In tlb.c.
void flush_all_guests(void);

// Stage 1 of EL2 in split mode. In ../host/tables.c.
void hyp_stage1_enable(void);

extern char hyp_vectors[];

// The back end of a network device in the kernel, as vhost is: a notification of the guest is no matter for the VMM. It is a
// virtio device in the second slot of the board as far as notifications and the interrupt go. What is on the wire is left
// out: an answer is there at once.

#include "kvm.h"

#define VHOST 0x0a000200UL
#define VHOST_SIZE 0x200
#define VHOST_INTERRUPT 49 // SPI 17, as the board has it for that slot
#define MAGIC 0x00
#define VERSION 0x04
#define QUEUE_NOTIFY 0x50
#define QUEUE_WITH_ANSWER 0 // other queues are sent from without an answer

static void access_vhost(struct vcpu *vcpu, uint64_t offset, bool is_write, unsigned size, uint64_t *value) { /* BP: vhost */
  (void)size;
  if (!is_write) {
    *value = offset == MAGIC ? 0x74726976 : offset == VERSION ? 2 : 0;
  } else if (offset == QUEUE_NOTIFY && *value == QUEUE_WITH_ANSWER) {
    vgic_set_line(vcpu, VHOST_INTERRUPT, true); // edge-triggered: the guest configures it so
    vgic_set_line(vcpu, VHOST_INTERRUPT, false);
  }
}

void vhost_register(void) {
  io_register(VHOST, VHOST_SIZE, 0, access_vhost);
}

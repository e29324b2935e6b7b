// The VMM's way into the host kernel.

    .text

// uint64_t vmm_call(uint64_t argument, uint64_t number)
    .global vmm_call
vmm_call:
    mov     x8, x1
    svc     #0                      /* BP: svc-to-kernel */
    ret

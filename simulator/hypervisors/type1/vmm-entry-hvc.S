// The back end in dom0 is the VMM of kvm-arm. What there is a system call of a process is here a hypercall of a kernel.

    .text

// uint64_t vmm_call(uint64_t argument, uint64_t number)
    .global vmm_call
vmm_call:
    mov     x8, x1
    hvc     #0                      /* BP: dom0-hypercall */
    ret

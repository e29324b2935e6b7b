// A hypervisor of a few instructions for the fake target: a guest that calls, a handler that counts.
	.text
	.globl	_start
	.type	_start, %function
_start:
	mov	x29, #0			// BP: entry
	mov	x0, #1
	bl	work			// BP: call-work
	mov	x1, #2			// BP: after-work
	eret				// BP: enter-guest
	.size	_start, . - _start

	.globl	work
	.type	work, %function
work:
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	bl	leaf			// BP: call-leaf
	ldp	x29, x30, [sp], #16	// BP: after-leaf
	ret
	.size	work, . - work

	.globl	leaf
	.type	leaf, %function
leaf:
	add	x0, x0, #1		// BP: leaf
	ret
	.size	leaf, . - leaf

	.balign	2048
	.globl	vectors
vectors:
	.org	vectors + 0x400
	stp	x29, x30, [sp, #-16]!	// BP: vector
	bl	handle_exit
	ldp	x29, x30, [sp], #16
	eret
	.org	vectors + 0x800

	.globl	handle_exit
	.type	handle_exit, %function
handle_exit:
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	adr	x3, exits
	ldr	x4, [x3]		// BP: handler
	add	x4, x4, #1
	str	x4, [x3]		// BP: count
	ldp	x29, x30, [sp], #16
	ret
	.size	handle_exit, . - handle_exit

	.globl	guest
	.type	guest, %function
guest:
	mov	x29, #0
	bl	guest_work
1:	b	1b			// BP: guest-idle
	.size	guest, . - guest

	.globl	guest_work
	.type	guest_work, %function
guest_work:
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	hvc	#7			// BP: hvc
	mov	x5, #0x48		// BP: after-hvc
	mov	x6, #0x9000000
	strb	w5, [x6]		// BP: print
	ldp	x29, x30, [sp], #16
	ret
	.size	guest_work, . - guest_work

	.balign	8
	.globl	exits
	.type	exits, %object
exits:	.quad	0
	.size	exits, 8

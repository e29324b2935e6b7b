// A small kernel with two processes. Each has its own tables, told apart in the TLB by an ASID, so that the same address is
// another page in each; the tick of the virtual timer takes the PE from the one and gives it to the other. A process counts
// in its page and now and then makes a system call.

#include "../registers.h"
#include "guest.h"

#define TIMER 27
#define TICK 2000 // of the counter
#define TICKS 12  // then the kernel ends it and looks at what was counted

#define PROCESSES 2
#define USER_CODE 0x40000000UL // gigabyte 1; the kernel has 0 and 2
#define USER_DATA 0x40001000UL
#define ASID_SHIFT 48

#define TABLE 3ULL
#define PAGE 3ULL
#define LEAF (1ULL << 10 | 3 << 8 | 1 << 2) // AF, Inner Shareable, attributes 1
#define LEAF_NOT_GLOBAL (1ULL << 11)
#define LEAF_EL0 (1ULL << 6)
#define LEAF_READ_ONLY (1ULL << 7)
#define LEAF_PXN (1ULL << 53)
#define LEAF_UXN (1ULL << 54)

struct process {
  uint64_t x[31]; // the first fields are known to guest-processes-entry.S
  uint64_t sp, pc, pstate;
  uint64_t ttbr0;
  uint64_t calls, ticks;
  uint64_t level1[512] __attribute__((aligned(4096)));
  uint64_t level2[512] __attribute__((aligned(4096)));
  uint64_t level3[512] __attribute__((aligned(4096)));
  uint64_t data[512] __attribute__((aligned(4096)));
};

extern const uint64_t guest_table[512];
extern char guest_process_code[], guest_process_vectors[];
_Noreturn void guest_process_run(struct process *process); // in guest-processes-entry.S

static struct process all[PROCESSES];
static unsigned present, ticks;

static void create(struct process *process, unsigned number) {
  for (unsigned index = 0; index < 512; index++) process->level1[index] = guest_table[index];
  process->level1[USER_CODE >> 30] = (uint64_t)process->level2 | TABLE;
  process->level2[0] = (uint64_t)process->level3 | TABLE;
  uint64_t common = LEAF | LEAF_NOT_GLOBAL | LEAF_EL0 | LEAF_PXN | PAGE;
  process->level3[0] = (uint64_t)guest_process_code | LEAF_READ_ONLY | common;
  process->level3[1] = (uint64_t)process->data | LEAF_UXN | common;
  process->ttbr0 = (uint64_t)process->level1 | (uint64_t)(number + 1) << ASID_SHIFT;
  process->pc = USER_CODE;
  process->x[0] = USER_DATA;
  process->data[1] = number;
}

static void start_tick(void) {
  write_register(cntv_cval_el0, read_register(cntvct_el0) + TICK);
  write_register(cntv_ctl_el0, 1);
  isb();
}

static _Noreturn void finish(void) {
  for (unsigned number = 0; number < PROCESSES; number++) {
    struct process *process = &all[number];
    int is_whole = process->data[1] == number && process->data[0] != 0 && process->calls != 0;
    guest_print("process %u: ASID %u, %u ticks, %s\n", (uint64_t)number, process->ttbr0 >> ASID_SHIFT, process->ticks,
                is_whole ? "counted in a page of its own" : "lost its page");
  }
  guest_end();
}

static void switch_to(unsigned number) { /* BP: guest-switch-process */
  present = number;
  write_register(ttbr0_el1, all[number].ttbr0);
  isb();
}

// An exception from EL0, when all of the process is saved. Returns the one that goes on.
struct process *guest_process_exception(int is_interrupt) {
  struct process *process = &all[present];
  if (!is_interrupt) {
    if (bits(read_register(esr_el1), 31, ESR_EC_SHIFT) != EC_SVC64)
      guest_fault(read_register(esr_el1), read_register(elr_el1));
    process->calls++; /* BP: guest-system-call */
    return process;
  }
  uint64_t before = guest_interrupts[TIMER];
  guest_interrupt();
  if (guest_interrupts[TIMER] == before) return process;
  process->ticks++;
  if (++ticks == TICKS) finish();
  start_tick();
  switch_to((present + 1) % PROCESSES);
  return &all[present];
}

void processes(int second_vcpu) {
  (void)second_vcpu;
  for (unsigned number = 0; number < PROCESSES; number++) create(&all[number], number);
  dsb();
  __asm__ volatile("msr daifset, #2" ::: "memory");
  write_register(vbar_el1, guest_process_vectors);
  start_tick();
  switch_to(0);
  guest_process_run(&all[0]);
}

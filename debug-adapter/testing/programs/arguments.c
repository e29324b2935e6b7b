/* Arguments whose registers are used for something else soon, compiled with optimisation. */

static volatile int sink;

__attribute__((noinline)) int use(int left, int right) {
  sink = left;
  return right;
}

__attribute__((noinline)) int leaf(int value, int other) {
  sink = value + other;
  int result = use(1, 2);
  return result + sink; // BP: leaf
}

__attribute__((noinline)) int outer(int start) {
  int result = leaf(start + 7, 42);
  return result + start;
}

/* A tail call: leaf returns to the caller of this. */
__attribute__((noinline)) int middle(int value, int other) {
  sink = other;
  return leaf(value, other + 1);
}

__attribute__((noinline)) int indirect(int start) {
  int result = middle(start, 50);
  return result + start;
}

void _start(void) {
  sink = outer(5);
  sink = indirect(6);
  for (;;)
    __asm__ volatile("wfi");
}

__asm__(".globl start\n start: ldr x0, =0x40200000\n mov sp, x0\n b _start");

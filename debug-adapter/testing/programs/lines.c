/* A program without a library, compiled at test time in several forms of DWARF. */

struct point {
  int x;
  int y;
  unsigned flag : 3;
  unsigned level : 5;
};

enum colour { RED, GREEN = 5, BLUE };

static volatile int sink;
int table[4] = {1, 2, 3, 4};
struct point origin = {3, 4, 5, 6};
enum colour paint = GREEN;

static inline __attribute__((always_inline)) int square(int value) {
  int product = value * value; // BP: inlined
  sink = product;
  return product;
}

__attribute__((noinline)) int add(int left, int right) { // BP: add-entry
  int sum = left + right;                                // BP: add-first
  sink = sum;                                            // BP: add-body
  return sum;
}

__attribute__((noinline)) int distance(struct point *p) {
  return add(square(p->x), square(p->y)); // BP: call
}

void _start(void) {
  int total = 0;
  for (int i = 0; i < 4; i++) total += table[i]; // BP: loop
  struct point here = {total, 2, 1, 2};
  total += distance(&here); // BP: start-call
  sink = total + origin.x;
  for (;;) {
  }
}

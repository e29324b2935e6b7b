// Sorts records by a key: quicksort with insertion for short pieces, then heapsort by another key.

#include "bench.h"

#define COUNT 4096
#define SHORT 12

const char bench_name[] = "sort";
volatile uint64_t bench_rounds = 580;

struct record {
  uint64_t key;
  uint32_t weight, name;
};

static struct record records[COUNT];

static void insertion_sort(struct record *first, struct record *last) {
  for (struct record *next = first + 1; next <= last; next++) {
    struct record moved = *next, *to = next;
    for (; to > first && to[-1].key > moved.key; to--) *to = to[-1];
    *to = moved;
  }
}

static void swap(struct record *a, struct record *b) {
  struct record kept = *a;
  *a = *b;
  *b = kept;
}

// Both ends included. The median of three is what the others are compared with.
static void quicksort(struct record *first, struct record *last) {
  while (last - first > SHORT) {
    struct record *middle = first + (last - first) / 2;
    if (middle->key < first->key) swap(middle, first);
    if (last->key < first->key) swap(last, first);
    if (last->key < middle->key) swap(last, middle);
    uint64_t pivot = middle->key;
    struct record *low = first, *high = last;
    while (low <= high) {
      while (low->key < pivot) low++;
      while (high->key > pivot) high--;
      if (low <= high) swap(low++, high--);
    }
    quicksort(first, high);
    first = low;
  }
  insertion_sort(first, last);
}

static void sift(struct record *heap, uint32_t at, uint32_t count) {
  struct record moved = heap[at];
  for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
    if (child + 1 < count && heap[child + 1].weight > heap[child].weight) child++;
    if (heap[child].weight <= moved.weight) break;
    heap[at] = heap[child];
  }
  heap[at] = moved;
}

static void heapsort(struct record *heap, uint32_t count) {
  for (uint32_t at = count / 2; at-- > 0;) sift(heap, at, count);
  while (--count > 0) {
    swap(&heap[0], &heap[count]);
    sift(heap, 0, count);
  }
}

uint64_t bench(uint64_t rounds) {
  uint64_t state = 0xc0ac29b7c97c50dd, sum = 0;
  for (uint64_t round = 0; round < rounds; round++) {
    for (uint32_t i = 0; i < COUNT; i++) {
      uint64_t random = random_next(&state);
      records[i] = (struct record){random >> 16, random & 0xffff, i};
    }
    quicksort(records, records + COUNT - 1);
    sum = sum * 31 + records[round & (COUNT - 1)].name;
    heapsort(records, COUNT);
    sum = sum * 31 + records[round & (COUNT - 1)].name;
  }
  return sum;
}

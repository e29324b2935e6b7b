// A search tree (a treap) that words go into and out of; its nodes lie all over 4 MB, so that pointers lead from page to
// page.

#include "bench.h"

#define NODES (1 << 14)
#define USED 12000

const char bench_name[] = "tree";
volatile uint64_t bench_rounds = 1700;

struct node {
  uint64_t key, priority;
  struct node *child[2];
  uint64_t value, unused[27];
};

static struct node nodes[NODES];
static struct node *root, *free_nodes;
static uint32_t taken;

// From one page to another one that is far away: the factor is odd, so that each comes up once.
static struct node *take_node(void) {
  struct node *node = free_nodes;
  if (node)
    free_nodes = node->child[0];
  else
    node = &nodes[taken++ * 10061 & (NODES - 1)];
  return node;
}

// Puts a node in the place of one whose priority is less, and that one's subtree below it.
static void insert(uint64_t key, uint64_t priority) {
  struct node **at = &root;
  while (*at && (*at)->priority >= priority) {
    if ((*at)->key == key) {
      (*at)->value++;
      return;
    }
    at = &(*at)->child[key > (*at)->key];
  }
  struct node *rest = *at, *node = take_node(), **less = &node->child[0], **greater = &node->child[1];
  *at = node;
  node->key = key;
  node->priority = priority;
  node->value = 1;
  while (rest) {
    if (rest->key < key) {
      *less = rest;
      less = &rest->child[1];
      rest = *less;
    } else {
      *greater = rest;
      greater = &rest->child[0];
      rest = *greater;
    }
  }
  *less = *greater = 0;
}

static struct node **find(uint64_t key) {
  struct node **at = &root;
  while (*at && (*at)->key != key) at = &(*at)->child[key > (*at)->key];
  return at;
}

static uint64_t remove(uint64_t key) {
  struct node **at = find(key), *node = *at;
  if (!node) return 0;
  struct node *less = node->child[0], *greater = node->child[1];
  while (less && greater) {
    if (less->priority > greater->priority) {
      *at = less;
      at = &less->child[1];
      less = *at;
    } else {
      *at = greater;
      at = &greater->child[0];
      greater = *at;
    }
  }
  *at = less ? less : greater;
  node->child[0] = free_nodes;
  free_nodes = node;
  return node->value;
}

// A word's key decides its priority, so that each word has one place.
static uint64_t spread(uint64_t key) {
  key *= 0x9e3779b97f4a7c15;
  return key ^ key >> 29;
}

uint64_t bench(uint64_t rounds) {
  uint64_t state = 0x8979fb1b9216d5d9, sum = 0;
  for (uint64_t round = 0; round < rounds; round++) {
    for (uint32_t i = 0; i < 2000; i++) {
      uint64_t random = random_next(&state), key = random % USED;
      if (random >> 60 == 0) {
        sum = sum * 31 + remove(key);
      } else if (random >> 60 < 4) {
        insert(key, spread(key));
      } else {
        struct node *found = *find(key);
        if (found) sum += found->value ^ i;
      }
    }
  }
  return sum;
}

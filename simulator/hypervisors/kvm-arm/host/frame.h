// A thread at EL0 while the kernel works for it.
#pragma once

#define FRAME_X 0
#define FRAME_PC 256
#define FRAME_SIZE 272

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

struct user_frame {
  uint64_t x[31];
  uint64_t sp;
  uint64_t pc;
  uint64_t pstate;
};

_Static_assert(offsetof(struct user_frame, x) == FRAME_X, "frame.h");
_Static_assert(offsetof(struct user_frame, pc) == FRAME_PC, "frame.h");
_Static_assert(sizeof(struct user_frame) == FRAME_SIZE, "frame.h");

#endif

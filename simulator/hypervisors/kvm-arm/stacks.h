// Bytes of stack for each PE.
#pragma once

#define HOST_STACK_SIZE 0x4000
#define HYP_STACK_SIZE 0x1000

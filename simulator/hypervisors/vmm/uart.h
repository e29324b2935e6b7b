// A PL011 UART (Arm DDI 0183) whose other end is standard input and output.
#pragma once

#include "machine.h"

// Starts to read standard input.
void uart_start(const struct machine *machine);

uint32_t uart_read(uint64_t offset);
void uart_write(uint64_t offset, uint32_t value);

// Gives the terminal back as it was.
void uart_restore_terminal(void);

// The guest's UART: a PL011 that exists only in the exits of the guest's loads and stores.
#pragma once

#include <stdint.h>

// A store to a register of the UART.
void uart_write(uint64_t offset, uint64_t value);

// A load from one.
uint64_t uart_read(uint64_t offset);

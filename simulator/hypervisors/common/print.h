// Formatted printing on the board's UART.
#pragma once

// Knows %s (string), %c (character), %u (uint64_t in decimal), %x (uint64_t in hexadecimal with 0x) and %%.
void print(const char *format, ...);

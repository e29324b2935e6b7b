#include "uart.h"
#include <pthread.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

enum {
  DR = 0x00,
  FR = 0x18,
  IBRD = 0x24,
  FBRD = 0x28,
  LCR_H = 0x2c,
  CR = 0x30,
  IFLS = 0x34,
  IMSC = 0x38,
  RIS = 0x3c,
  MIS = 0x40,
  ICR = 0x44,
  ID = 0xfe0, // eight registers: PeriphID0 to 3, PCellID0 to 3
};

#define FR_RXFE (1u << 4)
#define FR_RXFF (1u << 6)
#define FR_TXFE (1u << 7)
#define RECEIVED (1u << 4)
#define SENT (1u << 5)
#define RECEIVE_TIMEOUT (1u << 6)
#define DEPTH 16

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t has_room = PTHREAD_COND_INITIALIZER;
static const struct machine *machine;
static struct termios terminal;
static bool terminal_changed;

static uint8_t fifo[DEPTH];
static unsigned first, count;
static uint32_t raw, mask, line_control, control = 0x300, levels = 0x12, integer_divisor, fractional_divisor;
static bool level;

static void update_line(void) {
  bool now = (raw & mask) != 0;
  if (now == level) return;
  level = now;
  gic_set_spi(machine, UART_SPI, now);
}

uint32_t uart_read(uint64_t offset) {
  static const uint8_t id[] = {0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
  if (offset >= ID) return id[(offset - ID) / 4];
  pthread_mutex_lock(&lock);
  uint32_t value = 0;
  switch (offset) {
  case DR:
    if (count == 0) break;
    value = fifo[first];
    first = (first + 1) % DEPTH;
    count--;
    if (count == 0) raw &= ~(RECEIVED | RECEIVE_TIMEOUT);
    update_line();
    pthread_cond_signal(&has_room);
    break;
  case FR: value = FR_TXFE | (count == 0 ? FR_RXFE : 0) | (count == DEPTH ? FR_RXFF : 0); break;
  case IBRD: value = integer_divisor; break;
  case FBRD: value = fractional_divisor; break;
  case LCR_H: value = line_control; break;
  case CR: value = control; break;
  case IFLS: value = levels; break;
  case IMSC: value = mask; break;
  case RIS: value = raw; break;
  case MIS: value = raw & mask; break;
  }
  pthread_mutex_unlock(&lock);
  return value;
}

static void put(uint8_t byte) {
  if (write(STDOUT_FILENO, &byte, 1) != 1) exit(2);
}

void uart_write(uint64_t offset, uint32_t value) {
  pthread_mutex_lock(&lock);
  switch (offset) {
  case DR:
    put((uint8_t)value);
    // The character is gone at once, so there is room for the next.
    raw |= SENT;
    break;
  case IBRD: integer_divisor = value; break;
  case FBRD: fractional_divisor = value; break;
  case LCR_H: line_control = value; break;
  case CR: control = value; break;
  case IFLS: levels = value; break;
  case IMSC: mask = value; break;
  case ICR: raw &= ~value; break;
  }
  update_line();
  pthread_mutex_unlock(&lock);
}

static void *receive(void *unused) {
  (void)unused;
  uint8_t byte;
  while (read(STDIN_FILENO, &byte, 1) == 1) {
    pthread_mutex_lock(&lock);
    while (count == DEPTH) pthread_cond_wait(&has_room, &lock);
    fifo[(first + count++) % DEPTH] = byte;
    raw |= RECEIVED | RECEIVE_TIMEOUT;
    update_line();
    pthread_mutex_unlock(&lock);
  }
  return NULL;
}

void uart_restore_terminal(void) {
  if (terminal_changed) tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
}

void uart_start(const struct machine *of) {
  machine = of;
  if (tcgetattr(STDIN_FILENO, &terminal) == 0) {
    // The guest echoes and edits lines itself, and writes CR before LF where it wants one.
    struct termios plain = terminal;
    cfmakeraw(&plain);
    terminal_changed = tcsetattr(STDIN_FILENO, TCSANOW, &plain) == 0;
  }
  pthread_t thread;
  if (pthread_create(&thread, NULL, receive, NULL) != 0) fail("The thread that reads standard input cannot be started.");
}

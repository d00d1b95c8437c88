/* By which protocol a connection begins. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What an address that speaks TLS (@secure) or plain HTTP answers to a connection of another
 * protocol, "" where its client could not read that. NULL: it may be taken. */
const char *first_byte_fault(bool secure, uint8_t first);

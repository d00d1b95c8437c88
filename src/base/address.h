/* Addresses of the internet and blocks of them, as numbers: IPv4 is ::ffff:a.b.c.d, so that a
 * client is the same whether it came to a socket for IPv4 or for both. Pure. */
#pragma once

#include <glib.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

typedef struct {
  uint8_t bytes[16];
} Address;

/* An address as people and proxies write it, without brackets or port. False: it is none; names are
 * not looked up. */
bool address_parse(Slice text, Address *address);
/* The same, of "1.2.3.4", "1.2.3.4:567", "2001:db8::1", "[2001:db8::1]" or "[2001:db8::1]:567". */
bool address_parse_with_port(Slice text, Address *address);
/* Of a socket's peer; zero bytes of what is neither IPv4 nor IPv6. */
Address address_of_socket(const struct sockaddr *socket);
/* IPv4 as such. @text has INET6_ADDRSTRLEN bytes. */
void address_text(const Address *address, char *text);
bool address_is_ipv4(const Address *address);
bool address_equal(const Address *a, const Address *b);
/* 127.0.0.0/8 and ::1. */
bool address_is_loopback(const Address *address);

typedef struct {
  Address first;
  unsigned bits; /* of 128 */
} AddressBlock;

/* "10.0.0.0/8", "2001:db8::/32", or an address alone. ASSAY_ERROR_INVALID: it is none, or has bits
 * after its length, which is a slip of the pen. */
bool address_block_parse(const char *text, AddressBlock *block, GError **error);
bool address_block_has(const AddressBlock *block, const Address *address);

/* Those of @texts that are blocks. (transfer full): AddressBlock */
GArray *address_blocks_new(const char *const *texts);
/* The number of the first block that has it; -1: none. */
int address_blocks_find(const GArray *blocks, const Address *address);

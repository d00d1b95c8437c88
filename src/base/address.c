/* Addresses of the internet and blocks of them; see the header. */
#include "base/address.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/error.h"

#define IPV4_BITS 96u

static const uint8_t ipv4_prefix[12] = {[10] = 0xff, [11] = 0xff};

bool
address_is_ipv4(const Address *address)
{
  return memcmp(address->bytes, ipv4_prefix, sizeof ipv4_prefix) == 0;
}

bool
address_parse(Slice text, Address *address)
{
  char copy[INET6_ADDRSTRLEN];
  if (text.size == 0 || text.size >= sizeof copy || memchr(text.data, '\0', text.size) != NULL)
    return false;
  memcpy(copy, text.data, text.size);
  copy[text.size] = '\0';
  memcpy(address->bytes, ipv4_prefix, sizeof ipv4_prefix);
  return inet_pton(AF_INET, copy, address->bytes + sizeof ipv4_prefix) == 1 ||
         inet_pton(AF_INET6, copy, address->bytes) == 1;
}

static bool
is_port(Slice text)
{
  uint64_t port;
  return slice_to_uint64(text, &port) && port <= UINT16_MAX;
}

bool
address_parse_with_port(Slice text, Address *address)
{
  if (text.size > 0 && text.data[0] == '[') {
    gssize end = slice_find(text, ']');
    if (end < 0)
      return false;
    Slice inside = slice_sub(text, 1, (size_t)end - 1);
    Slice rest = slice_sub(text, (size_t)end + 1, text.size);
    return slice_find(inside, ':') >= 0 && address_parse(inside, address) &&
           (rest.size == 0 || (rest.data[0] == ':' && is_port(slice_sub(rest, 1, rest.size))));
  }
  gssize colon = slice_find(text, ':');
  bool one = colon >= 0 && slice_find(slice_sub(text, (size_t)colon + 1, text.size), ':') < 0;
  if (!one)
    return address_parse(text, address);
  return address_parse(slice_sub(text, 0, (size_t)colon), address) &&
         is_port(slice_sub(text, (size_t)colon + 1, text.size));
}

Address
address_of_socket(const struct sockaddr *socket)
{
  Address address = {{0}};
  if (socket->sa_family == AF_INET) {
    memcpy(address.bytes, ipv4_prefix, sizeof ipv4_prefix);
    memcpy(address.bytes + sizeof ipv4_prefix,
           &((const struct sockaddr_in *)(const void *)socket)->sin_addr, 4);
  } else if (socket->sa_family == AF_INET6) {
    memcpy(address.bytes, &((const struct sockaddr_in6 *)(const void *)socket)->sin6_addr,
           sizeof address.bytes);
  }
  return address;
}

void
address_text(const Address *address, char *text)
{
  *text = '\0';
  if (address_is_ipv4(address))
    inet_ntop(AF_INET, address->bytes + sizeof ipv4_prefix, text, INET6_ADDRSTRLEN);
  else
    inet_ntop(AF_INET6, address->bytes, text, INET6_ADDRSTRLEN);
}

bool
address_equal(const Address *a, const Address *b)
{
  return memcmp(a, b, sizeof *a) == 0;
}

bool
address_is_loopback(const Address *address)
{
  static const Address one = {{[15] = 1}};
  return address_equal(address, &one) || (address_is_ipv4(address) && address->bytes[12] == 127);
}

/* --- blocks --- */

static bool
has_bits_after(const AddressBlock *block)
{
  for (unsigned bit = block->bits; bit < 8 * sizeof block->first.bytes; bit++)
    if (block->first.bytes[bit / 8] & (0x80 >> bit % 8))
      return true;
  return false;
}

bool
address_block_parse(const char *text, AddressBlock *block, GError **error)
{
  Slice whole = slice_from_string(text);
  gssize slash = slice_find(whole, '/');
  Slice address = slash < 0 ? whole : slice_sub(whole, 0, (size_t)slash);
  uint64_t bits = 0;
  if (!address_parse(address, &block->first) ||
      (slash >= 0 && !slice_to_uint64(slice_sub(whole, (size_t)slash + 1, whole.size), &bits)))
    return error_set(error, ASSAY_ERROR_INVALID,
                     "must be an address or a block of them (10.0.0.0/8)");
  bool ipv4 = slice_find(address, ':') < 0;
  unsigned most = ipv4 ? 32 : 128;
  if (bits > most)
    return error_set(error, ASSAY_ERROR_INVALID, "the length after the slash is at most %u", most);
  block->bits = slash < 0 ? 128 : (unsigned)bits + (ipv4 ? IPV4_BITS : 0);
  return !has_bits_after(block) ||
         error_set(error, ASSAY_ERROR_INVALID,
                   "the address has bits after the length of its block: write the first address of "
                   "the block, or a greater length");
}

bool
address_block_has(const AddressBlock *block, const Address *address)
{
  unsigned whole = block->bits / 8, rest = block->bits % 8;
  if (memcmp(block->first.bytes, address->bytes, whole) != 0)
    return false;
  uint8_t mask = (uint8_t)(0xff00 >> rest);
  return rest == 0 || ((block->first.bytes[whole] ^ address->bytes[whole]) & mask) == 0;
}

GArray *
address_blocks_new(const char *const *texts)
{
  GArray *blocks = g_array_new(FALSE, FALSE, sizeof(AddressBlock));
  AddressBlock block;
  for (; texts != NULL && *texts != NULL; texts++)
    if (address_block_parse(*texts, &block, NULL))
      g_array_append_val(blocks, block);
  return blocks;
}

int
address_blocks_find(const GArray *blocks, const Address *address)
{
  for (guint i = 0; i < blocks->len; i++)
    if (address_block_has(&g_array_index(blocks, AddressBlock, i), address))
      return (int)i;
  return -1;
}

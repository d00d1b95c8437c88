/* The PROXY header; see the header. */
#include "server/http/proxy_header.h"

#include <string.h>

/* --- version 1: a line --- */

#define LINE_BYTES_MAX 107u /* with CR LF */

/* Decimal, as it is written: "0443" is none. */
static bool
is_port(Slice text)
{
  uint64_t port;
  return slice_to_uint64(text, &port) && port <= UINT16_MAX &&
         (text.size == 1 || text.data[0] != '0');
}

static bool
is_of_family(Slice text, bool ipv6)
{
  return (slice_find(text, ':') >= 0) == ipv6;
}

static bool
parse_line(Slice line, ProxyHeader *header)
{
  Slice words[6], rest = line, word;
  size_t count = 0;
  while (count < G_N_ELEMENTS(words) && slice_next_field(&rest, ' ', &word))
    words[count++] = word;
  if (count < 2 || !slice_equal_string(words[0], "PROXY"))
    return false;
  header->local = slice_equal_string(words[1], "UNKNOWN");
  if (header->local)
    return true;
  bool ipv6 = slice_equal_string(words[1], "TCP6");
  Address to;
  return (ipv6 || slice_equal_string(words[1], "TCP4")) && count == 6 && rest.size == 0 &&
         is_of_family(words[2], ipv6) && is_of_family(words[3], ipv6) &&
         address_parse(words[2], &header->client) && address_parse(words[3], &to) &&
         is_port(words[4]) && is_port(words[5]);
}

static ProxyHeaderResult
parse_version_1(Slice bytes, ProxyHeader *header)
{
  static const char start[] = "PROXY ";
  if (memcmp(bytes.data, start, MIN(bytes.size, strlen(start))) != 0)
    return PROXY_HEADER_BROKEN;
  gssize end = slice_find(slice_sub(bytes, 0, LINE_BYTES_MAX), '\n');
  if (end < 0)
    return bytes.size < LINE_BYTES_MAX ? PROXY_HEADER_PART : PROXY_HEADER_BROKEN;
  header->size = (size_t)end + 1;
  if (end == 0 || bytes.data[end - 1] != '\r')
    return PROXY_HEADER_BROKEN;
  return parse_line(slice_sub(bytes, 0, (size_t)end - 1), header) ? PROXY_HEADER_WHOLE
                                                                  : PROXY_HEADER_BROKEN;
}

/* --- version 2: bytes --- */

#define FIXED      16u /* signature, version and command, family, length */
#define VERSION_2  0x2u
#define FOR_ITSELF 0x0u
#define FOR_CLIENT 0x1u
#define UNKNOWN    0x00u
#define TCP_IPV4   0x11u
#define TCP_IPV6   0x21u

static const uint8_t signature[12] = "\r\n\r\n\0\r\nQUIT\n";

/* What comes after the addresses: of any type, but each whole. */
static bool
are_extensions(Slice rest)
{
  Slice head, value;
  while (rest.size > 0)
    if (!slice_take(&rest, 3, &head) ||
        !slice_take(&rest, (size_t)head.data[1] << 8 | head.data[2], &value))
      return false;
  return true;
}

static bool
take_addresses(Slice *rest, uint8_t family, ProxyHeader *header)
{
  static const uint8_t ipv4_prefix[12] = {[10] = 0xff, [11] = 0xff};
  Slice addresses;
  if (family == TCP_IPV4 && slice_take(rest, 12, &addresses)) {
    memcpy(header->client.bytes, ipv4_prefix, sizeof ipv4_prefix);
    memcpy(header->client.bytes + sizeof ipv4_prefix, addresses.data, 4);
    return true;
  }
  if (family != TCP_IPV6 || !slice_take(rest, 36, &addresses))
    return false;
  memcpy(header->client.bytes, addresses.data, sizeof header->client.bytes);
  return true;
}

static ProxyHeaderResult
parse_version_2(Slice bytes, ProxyHeader *header)
{
  if (memcmp(bytes.data, signature, MIN(bytes.size, sizeof signature)) != 0)
    return PROXY_HEADER_BROKEN;
  if (bytes.size < FIXED)
    return PROXY_HEADER_PART;
  uint8_t version = bytes.data[12] >> 4, command = bytes.data[12] & 0xf, family = bytes.data[13];
  header->size = FIXED + ((size_t)bytes.data[14] << 8 | bytes.data[15]);
  if (version != VERSION_2 || command > FOR_CLIENT || header->size > PROXY_HEADER_MAX)
    return PROXY_HEADER_BROKEN;
  if (bytes.size < header->size)
    return PROXY_HEADER_PART;
  /* What a hop says of its own connection is not to be looked at. */
  header->local = command == FOR_ITSELF || family == UNKNOWN;
  Slice rest = slice_sub(bytes, FIXED, header->size - FIXED);
  return header->local || (take_addresses(&rest, family, header) && are_extensions(rest))
             ? PROXY_HEADER_WHOLE
             : PROXY_HEADER_BROKEN;
}

ProxyHeaderResult
proxy_header_parse(Slice bytes, ProxyHeader *header)
{
  *header = (ProxyHeader){0};
  if (bytes.size == 0)
    return PROXY_HEADER_PART;
  return bytes.data[0] == signature[0] ? parse_version_2(bytes, header)
                                       : parse_version_1(bytes, header);
}

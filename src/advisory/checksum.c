/* CRC-32C by ISA-L, which counts in an int. */
#include "advisory/checksum.h"

#include <isa-l/crc.h>

#define PART ((size_t)1024 * 1024)

uint32_t
checksum_crc32c(Slice bytes)
{
  uint32_t crc = ~0u;
  while (bytes.size > 0) {
    size_t part = MIN(bytes.size, PART);
    /* ISA-L does not write to it. */
    crc = crc32_iscsi((unsigned char *)(uintptr_t)bytes.data, (int)part, crc);
    bytes = slice_sub(bytes, part, bytes.size);
  }
  return ~crc;
}

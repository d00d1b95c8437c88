/* CRC-32C (RFC 3720, 12.1) of bytes of any size. Pure. */
#pragma once

#include <stdint.h>

#include "base/slice.h"

uint32_t checksum_crc32c(Slice bytes);

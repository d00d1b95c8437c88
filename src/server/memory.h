/* The memory of the process, and giving it back. */
#pragma once

#include <stdint.h>

/* Bytes of resident memory; 0 when the kernel does not tell. */
uint64_t memory_resident(void);
/* Called now and then: the allocator keeps what was freed between other things, which after a heavy
 * request are hundreds of megabytes. When the process has grown since it was last asked, it gives
 * back what it can. */
void memory_give_back(void);

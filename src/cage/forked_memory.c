/* Memory for a process that is forked for a small job; see the header. */
#include "cage/forked_memory.h"

#include <glib.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cage/sanitised.h"

#define HEAP_BYTES  ((size_t)48 * 1024)
#define STACK_BYTES ((size_t)32 * 1024)
/* glibc's: chunks have eight bytes more than was asked for, are a multiple of 16, and are kept
 * apart by size up to this. */
#define CHUNK_HEAD       ((size_t)8)
#define CHUNK_STEP       ((size_t)16)
#define CHUNK_LEAST      ((size_t)32)
#define CHUNK_SMALL_MOST ((size_t)1040)
#define CHUNK_MOST       ((size_t)16 * 1024)

static uintptr_t heap; /* where what is allocated in the forked process begins */

typedef struct Hole Hole;
struct Hole {
  Hole *next;
};
static Hole *holes; /* kept for good */

/* Takes what is free before @end, and one that is not. */
static void
take_holes(size_t chunk, uintptr_t end)
{
  Hole *hole;
  do {
    hole = malloc(chunk - CHUNK_HEAD);
    if (hole != NULL) {
      hole->next = holes;
      holes = hole;
    }
  } while (hole != NULL && (uintptr_t)hole < end);
}

void
forked_memory_prepare(void)
{
  if (SANITISED)
    return;
  /* What is free is given back: who used it would have to copy or clear it first. */
  malloc_trim(0);
  uintptr_t end = (uintptr_t)sbrk(0);
  for (size_t chunk = CHUNK_MOST; chunk > CHUNK_SMALL_MOST; chunk /= 2)
    take_holes(chunk, end);
  for (size_t chunk = CHUNK_SMALL_MOST; chunk >= CHUNK_LEAST; chunk -= CHUNK_STEP)
    take_holes(chunk, end);
  void *rest = malloc(HEAP_BYTES);
  heap = (uintptr_t)rest;
  free(rest); /* and not given back: the heap's end has room for more by itself */
}

static void
populate(uintptr_t start, size_t size)
{
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  start &= ~(page - 1);
  /* For speed alone: what is not there now comes when it is written to. */
  madvise((void *)start, size, MADV_POPULATE_WRITE);
}

void
forked_memory_populate(void)
{
  if (heap == 0)
    return;
  populate(heap, HEAP_BYTES);
  populate((uintptr_t)__builtin_frame_address(0) - STACK_BYTES, STACK_BYTES);
}

/* The module of a token that stands still, as one whose HSM does not answer. */
#include <unistd.h>

unsigned long C_GetFunctionList(void **functions);

unsigned long
C_GetFunctionList(void **functions)
{
  for (;;)
    pause();
}

/* Waiting for signals in a thread of their own; see the header. */
#include "cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

#define EXIT_INTERRUPTED 130 /* as a shell has it: 128 + SIGINT */

static sigset_t signals;

static gpointer
wait_for_signals(gpointer cancellable)
{
  int number;
  sigwait(&signals, &number);
  cancellable_cancel(cancellable);
  sigwait(&signals, &number);
  _exit(EXIT_INTERRUPTED);
}

Cancellable *
interrupt_cancellable(void)
{
  static Cancellable *cancellable;
  if (cancellable != NULL)
    return cancellable;
  cancellable = cancellable_new();
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, NULL);
  g_thread_unref(g_thread_new("signals", wait_for_signals, cancellable));
  return cancellable;
}

/* A shell script in the place of a worker. The test itself is the nursery then. */
#pragma once

/* First in main(): in a process that was started to be the nursery, does not return. */
void stand_in_serve(int argc, char **argv);

/* @script, lines of @shell ("/bin/sh"), is what workers are from now on. */
void stand_in_use(const char *shell, const char *script);
/* Workers are those of $ASSAY_PROGRAM. */
void stand_in_end(void);

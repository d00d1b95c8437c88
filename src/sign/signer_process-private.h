/* The process that signs, as who asks it sees it: started where there is none, given up where it is
 * no use any more. */
#pragma once

#include "sign/signer.h"

typedef struct SignerProcess SignerProcess;
typedef struct SignerProcesses SignerProcesses;

/* @program: NULL is /proc/self/exe. */
SignerProcesses *signer_processes_new(const char *program);
/* Ends the process. */
void signer_processes_free(SignerProcesses *processes);

/* A socket to a process that takes a request there, and *process, which must be released when the
 * answer has come. -1 with *error: ASSAY_ERROR_IO. */
int signer_process_connect(SignerProcesses *processes, SignerProcess **process, GError **error);
/* @use: false: nothing is asked of it any more. It ends with the last who waits for it. */
void signer_process_release(SignerProcesses *processes, SignerProcess *process, bool use);

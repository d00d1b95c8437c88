/* The caged side of an inspection: `assay worker` is the nursery (cage/nursery.h), which is started
 * for inspection.c and for nobody else, and forks a worker for each job.
 *
 * Standard input is the layer's file, standard output takes one JSON document, standard error what
 * a library says before it aborts; everything else was closed by the parent. The jobs:
 *
 *   layer   unpacks and reads a layer
 *   index   lists the members of an outer tar (oci-archive, docker-archive)
 *   unpack  writes the unpacked bytes of standard input to descriptor 3
 *   feed    writes wanted members of a feed of advisories there (advisory/feeds/unpack.h)
 *   rules   compiles a team's rules of YARA (malware/team_rules.h) to descriptor 3
 *   configuration  looks at an image's config, or at a Dockerfile (configuration_inspection.h)
 *
 * The document is {"ok": ...} or {"error": {"code": N, "message": "..."}} with an AssayErrorCode.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The nursery: returns only where standard input is not its socket. */
bool worker_serve(GError **error);

/* `assay worker --self-test=NAME` enters the cage and then does what it forbids, for the tests that
 * show what becomes of it; worker_self_test.c has the names. Does not return. */
G_NORETURN void worker_self_test(const char *how);

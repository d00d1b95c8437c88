/* The caged side of an inspection: `assay worker`, started by inspection.c and by nobody else.
 *
 * Standard input is the layer's file, standard output takes one JSON document, standard error what
 * a library says before it aborts; everything else was closed by the parent. The jobs:
 *
 *   layer   unpacks and reads a layer
 *   index   lists the members of an outer tar (oci-archive, docker-archive)
 *   unpack  writes the unpacked bytes of standard input to descriptor 3
 *   feed    writes wanted members of a feed of advisories there (advisory/feeds/unpack.h)
 *
 * The document is {"ok": ...} or {"error": {"code": N, "message": "..."}} with an AssayErrorCode.
 */
#pragma once

/* `assay worker --self-test=NAME` enters the cage and then does what it forbids, for the tests that
 * show what becomes of it; worker_self_test.c has the names. */
int worker_main(int argc, char **argv);

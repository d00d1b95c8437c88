/* Who is told that something came or went beside a manifest: a signature, an attestation, or a list
 * of such (signatures.h). */
#pragma once

#include "registry/registry.h"

/* @changed is called after each commit by which something came or went beside @manifest, a digest:
 * by a push, a deletion, or one that was taken back; from any thread. What goes with its subject is
 * not told. Before the start. */
typedef void (*BesideChanged)(const char *repository, const char *manifest, void *data);
void registry_tell_beside(Registry *registry, BesideChanged changed, void *data);

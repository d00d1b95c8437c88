/* The formats of lists.c: each reads a file that its row of the table there means. */
#pragma once

#include "inspect/programs/lists.h"

/* .spdx-NAME.spdx of Bitnami, in JSON. */
void lists_read_bitnami_sbom(Slice bytes, const char *location, LayerInventory *into);
/* .bitnami_components.json */
void lists_read_bitnami_components(Slice bytes, const char *location, LayerInventory *into);

/* Cellar/NAME/VERSION/INSTALL_RECEIPT.json */
void lists_read_homebrew_keg(Slice bytes, const char *location, LayerInventory *into);
/* .../VERSION/.brew/NAME.rb */
void lists_read_homebrew_formula(Slice bytes, const char *location, LayerInventory *into);
/* Caskroom/NAME/VERSION/... */
void lists_read_homebrew_cask(Slice bytes, const char *location, LayerInventory *into);
/* What snapcraft staged of a distribution: "NAME=VERSION" in a list. */
void lists_read_snap_stage(Slice bytes, const char *location, LayerInventory *into);
/* meta/snap.yaml */
void lists_read_snap(Slice bytes, const char *location, LayerInventory *into);
/* AppStream's metainfo of a flatpak. */
void lists_read_flatpak(Slice bytes, const char *location, LayerInventory *into);
/* var/db/pkg/CATEGORY/NAME-VERSION/PF */
void lists_read_portage(Slice bytes, const char *location, LayerInventory *into);
/* etc/cos-package-info.json */
void lists_read_cos(Slice bytes, const char *location, LayerInventory *into);
/* pack.pl of SWI-Prolog */
void lists_read_prolog_pack(Slice bytes, const char *location, LayerInventory *into);

/* .tool-versions of asdf and mise; .nvmrc and .node-version: what is asked for. */
void lists_read_tool_versions(Slice bytes, const char *location, LayerInventory *into);
void lists_read_node_version(Slice bytes, const char *location, LayerInventory *into);
/* "release" of a JDK */
void lists_read_jdk(Slice bytes, const char *location, LayerInventory *into);
/* A kernel, and a module of one. */
void lists_read_kernel(Slice bytes, const char *location, LayerInventory *into);
void lists_read_kernel_module(Slice bytes, const char *location, LayerInventory *into);

/* Whether a file at @path shows a path of Nix's store: one at its top, or one folder below. */
bool lists_is_nix(const char *path);
void lists_read_nix(Slice bytes, const char *location, LayerInventory *into);

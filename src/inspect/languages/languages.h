/* Detectors of what is installed of languages' packages: what a package manager or a build leaves
 * beside the code. Lock files and manifests, which only ask for packages, are not among them.
 *
 * A file that is broken, or that says no name and version, is at most noted: packages bring test
 * files along. Names and versions are given as the ecosystem's advisories have them. */
#pragma once

#include "inspect/detector.h"

extern const Detector npm_detector, python_detector, conda_detector, ruby_detector, dotnet_detector,
    composer_detector, pear_detector, wordpress_detector, r_detector, perl_detector, lua_detector,
    erlang_detector, ocaml_detector, haskell_detector, python_archive_detector,
    npm_archive_detector;

/* The deps.json of an application of .NET, which is at @location, in a file of its own or in a
 * program. Adds what it names, or a note. */
void dotnet_deps_read(Slice bytes, const char *location, LayerInventory *into);

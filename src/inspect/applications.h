/* What of the packages of applications counts in an image. Pure.
 *
 * What is installed counts. What is only declared, by a lock file or a manifest, counts where
 * nothing of its kind is installed beside it: for kinds that are installed beside the file that
 * declares them (npm, Composer), nothing below its folder; for the others, which have places of
 * their own (Python, Ruby) or end up within a program (Go, Rust, Java), nothing in the image. What
 * comes with the tool itself, npm's own tree, or with the distribution, is no installation of what
 * an application declares. What go.sum names counts where no go.mod beside it says what is used. */
#pragma once

#include <glib.h>

#include "inventory/image.h"

/* @packages: ImagePackage, in any order, of all layers: those that do not count are taken out, and
 * `owner` is set. */
void applications_settle(GArray *packages);

/* Of files that could not be read, @files (LayerFile): those whose packages would count, and those
 * that may be installed (without `declares`). After applications_settle(). (transfer container) */
GPtrArray *applications_missed(const GArray *packages, const GPtrArray *files);

/* What package managers and makers of images that are no distribution's write of what they put
 * there: Bitnami, Nix, Homebrew, snap, flatpak, Gentoo's portage, COS, SWI-Prolog; JDKs, and files
 * that ask for a runtime's version. */
#pragma once

#include "inspect/detector.h"

extern const Detector lists_detector;

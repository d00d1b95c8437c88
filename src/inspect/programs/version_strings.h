/* Programs and runtimes that were put into an image by hand, known from their own bytes. */
#pragma once

#include "inspect/detector.h"

extern const Detector version_strings_detector;

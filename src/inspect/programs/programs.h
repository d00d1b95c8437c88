/* What programs and archives of them say of what they were made of: executables (Go, Rust, notes of
 * packages, .NET) and Java's archives. */
#pragma once

#include "inspect/detector.h"

/* ELF, PE and Mach-O. */
extern const Detector executable_detector;
/* jar, war, ear and the like, with those in them. */
extern const Detector java_archive_detector;

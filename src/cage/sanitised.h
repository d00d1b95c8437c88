/* Whether this is a build with AddressSanitizer: its shadow is terabytes of address space, and its
 * reports go to standard error. */
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define SANITISED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITISED 1
#endif
#endif
#ifndef SANITISED
#define SANITISED 0
#endif

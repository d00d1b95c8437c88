/* Packages of build tools by their names; see the header. */
#include <glib.h>
#include <string.h>

#include "inspect/minimality/minimality.h"

/* "#" is a number with dots ("12", "1.19"), "*" anything. The names are those of Debian and Ubuntu,
 * Alpine, Fedora and its kin, SUSE and Arch. Where a name is that of a family, what programs need
 * to run is none of it: gcc-12-base, gcc-libs, libgcc-s1, libstdc++6, libllvm14, rust-coreutils. */
static const char *const patterns[] = {"gcc",
                                       "gcc-#",
                                       "gcc-#-multilib",
                                       "gcc-multilib",
                                       "gcc-c++",
                                       "gcc#",
                                       "gcc#-c++",
                                       "gcc-go",
                                       "gcc-gfortran",
                                       "gcc-gnat",
                                       "gcc-objc",
                                       "gcc-toolset-*",
                                       "gcc-*-linux-gnu*",
                                       "g++",
                                       "g++-#",
                                       "g++-*-linux-gnu*",
                                       "g++-multilib",
                                       "cpp",
                                       "cpp-#",
                                       "cpp-*-linux-gnu*",
                                       "gfortran",
                                       "gfortran-#",
                                       "gnat",
                                       "gnat-#",
                                       "gobjc",
                                       "gccgo",
                                       "gccgo-#",
                                       "gdc",
                                       "tcc",
                                       "clang",
                                       "clang-#",
                                       "clang#",
                                       "clang-tools*",
                                       "llvm",
                                       "llvm-#",
                                       "llvm-#-tools",
                                       "lld",
                                       "lld-#",
                                       "binutils",
                                       "binutils-common",
                                       "binutils-*-linux-gnu*",
                                       "build-essential",
                                       "build-base",
                                       "base-devel",
                                       "alpine-sdk",
                                       "fortify-headers",
                                       "make",
                                       "make-guile",
                                       "gmake",
                                       "cmake",
                                       "cmake-data",
                                       "cmake-full",
                                       "extra-cmake-modules",
                                       "meson",
                                       "ninja",
                                       "ninja-build",
                                       "samurai",
                                       "scons",
                                       "bazel*",
                                       "autoconf",
                                       "autoconf#",
                                       "automake",
                                       "automake#",
                                       "autotools-dev",
                                       "libtool",
                                       "libtool-bin",
                                       "m4",
                                       "bison",
                                       "flex",
                                       "byacc",
                                       "yacc",
                                       "nasm",
                                       "yasm",
                                       "pkg-config",
                                       "pkgconf",
                                       "pkgconf-bin",
                                       "pkgconf-pkg-config",
                                       "swig",
                                       "swig#",
                                       "ccache",
                                       "debhelper",
                                       "rpm-build",
                                       "abuild",
                                       "rust",
                                       "rustc",
                                       "rustc-#",
                                       "rustup",
                                       "rust-std-static*",
                                       "cargo",
                                       "cargo-#",
                                       "go",
                                       "golang",
                                       "golang-#",
                                       "golang-go",
                                       "golang-#-go",
                                       "golang-src",
                                       "golang-#-src",
                                       "golang-bin",
                                       "openjdk-#-jdk",
                                       "openjdk-#-jdk-headless",
                                       "openjdk#-jdk",
                                       "default-jdk",
                                       "default-jdk-headless",
                                       "jdk-openjdk",
                                       "maven",
                                       "gradle",
                                       "kernel-headers",
                                       "linux-headers",
                                       "linux-headers-*",
                                       "linux-api-headers",
                                       "linux-libc-dev",
                                       "*-dev",
                                       "*-devel",
                                       "*-devel-static",
                                       "*-headers-devel",
                                       NULL};

static bool
fits(const char *pattern, const char *name)
{
  for (; *pattern != '\0'; pattern++) {
    if (*pattern == '*') {
      for (const char *rest = name; *rest != '\0'; rest++)
        if (fits(pattern + 1, rest))
          return true;
      return fits(pattern + 1, "");
    }
    size_t digits = *pattern == '#' ? strspn(name, "0123456789.") : *pattern == *name;
    if (digits == 0)
      return false;
    name += digits;
  }
  return *name == '\0';
}

bool
package_is_build_tool(const char *type, const char *name)
{
  static const char *const types[] = {"deb", "apk", "rpm", "alpm", "opkg", NULL};
  if (!g_strv_contains(types, type))
    return false;
  for (size_t i = 0; patterns[i] != NULL; i++)
    if (fits(patterns[i], name))
      return true;
  return false;
}

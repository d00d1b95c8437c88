/* Libraries that are loaded when they are first used, so that a program that does not need them
 * starts without them: each costs the loader time, and brings others.
 *
 * A header of such a library lists its functions once:
 *
 *   #define LDAP_FUNCTIONS(X) X(ldap_, initialize) X(ldap_, get_dn)
 *   typedef struct {
 *     LDAP_FUNCTIONS(LIBRARY_MEMBER)
 *   } LdapLibrary;
 *
 * and its file makes the names of the same list. What the program may load, its section
 * .note.dlopen tells (UAPI group, "ELF dlopen metadata"): packages depend on it. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define LIBRARY_MEMBER(prefix, function) __typeof__(prefix##function) *function;
#define LIBRARY_NAME(prefix, function)   #prefix #function,

typedef struct {
  const char *soname;       /* as a linked program would ask for it */
  const char *const *names; /* of its functions; NULL ends them */
  void *functions;          /* a structure of pointers to them alone, in that order */
  int loaded;               /* 0 at first */
} Library;

/* Any thread; fills `functions` once. The library stays. ASSAY_ERROR_FAILED: it is not there, or
 * lacks a function; the next call tries again. */
bool library_load(Library *library, GError **error);
/* The same, for what cannot continue without it: ends the program with a message. */
void library_need(Library *library);

/* Puts @text (a literal) into the program's file, for scripts that pack it: an ELF note, whose
 * @owner has three letters. */
#define PROGRAM_NOTE(section, owner, type, text)                                                   \
  __asm__(".pushsection " section ", \"a\", %note\n"                                               \
          ".balign 4\n"                                                                            \
          ".long 4, 2f - 1f, " type "\n"                                                           \
          ".asciz \"" owner "\"\n"                                                                 \
          "1: .asciz \"" text "\"\n"                                                               \
          "2: .balign 4\n"                                                                         \
          ".popsection\n")

/* Tells in the program's file that it may load @soname (a literal). Once, beside the Library. */
#define LIBRARY_NOTE(soname)                                                                       \
  PROGRAM_NOTE(".note.dlopen", "FDO", "0x407c0c0a",                                                \
               "[{\\\"soname\\\":[\\\"" soname "\\\"],\\\"priority\\\":\\\"required\\\"}]")

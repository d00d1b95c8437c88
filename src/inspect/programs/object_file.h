/* Where things are in a program: the tables of sections and segments of ELF, PE and Mach-O, of 32
 * and 64 bits, in both orders of bytes. The one place that reads these tables. After the System V
 * ABI (gabi, "Object Files"), Microsoft's "PE Format" and Apple's mach-o/loader.h.
 *
 * Hostile: tables may be absurd. So many entries are looked at, what is past the end is left out,
 * and nothing is allocated by a size that a file says. */
#pragma once

#include "inspect/programs/program_bytes.h"

#define OBJECT_SECTIONS_MAX 4096u
#define OBJECT_SEGMENTS_MAX 256u

typedef enum { OBJECT_NONE, OBJECT_ELF, OBJECT_PE, OBJECT_MACH_O } ObjectFormat;

/* By its first bytes: a program or a library, no object file (.o, .ko) and no core dump. Cheap. */
ObjectFormat object_format(Slice head);

/* A section, or a segment, which has no name. */
typedef struct {
  Slice name;                     /* empty where the file has none, or it was not kept */
  uint64_t address, offset, size; /* the size in the file */
  bool writable, executable;
  bool is_symbols; /* ELF: a table of symbols, whose names are in the section `link` */
  bool is_note;    /* ELF: of notes */
  unsigned link;
} ObjectPart;

typedef struct {
  ObjectFormat format;
  bool wide, big_endian;
  GArray *sections;                   /* ObjectPart, by number; PE: what the loader maps as well */
  GArray *segments;                   /* ObjectPart: what the loader maps, and notes */
  uint64_t table, table_size;         /* ELF: where the sections are listed; 0: nowhere */
  uint64_t resources, resources_size; /* PE: their address; 0: there are none */
  bool managed;                       /* PE: an assembly of .NET */
} ObjectFile;

/* Of what was kept: parts whose tables are not there are missing. False: it is none. Names are
 * valid as long as @bytes are and nothing is added to them. */
bool object_file_read(ObjectFile *object, const ProgramBytes *bytes);
void object_file_clear(ObjectFile *object);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ObjectFile, object_file_clear)

/* The first of that name, or NULL. */
const ObjectPart *object_file_section(const ObjectFile *object, const char *name);
/* At most @size bytes of what is at an address when the program runs. */
Slice object_file_memory(const ObjectFile *object, const ProgramBytes *bytes, uint64_t address,
                         uint64_t size);

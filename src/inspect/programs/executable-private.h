/* What the readers of executables share. */
#pragma once

#include "inspect/programs/object_file.h"
#include "inventory/layer.h"

/* Symbols that are looked at, over all tables of a program: linkers write one table, but a file may
 * say that it has thousands, which are all the same bytes. */
#define PROGRAM_SYMBOLS_MAX 4000000u

/* A program, as far as it was kept. */
typedef struct {
  const ProgramBytes *bytes;
  const ObjectFile *object;
  const char *location;
  bool whole; /* all of the file was kept */
  LayerInventory *into;
} Program;

/* Each adds what it finds; a program that is none of its kind gives nothing. */
void executable_read_go(const Program *program);
void executable_read_graal(const Program *program);
void executable_read_rust(const Program *program);
void executable_read_note(const Program *program);
void executable_read_packed(const Program *program);
void executable_read_dotnet(const Program *program);

/* All of a section, or false: it is not there, or it was not kept (which is unread). */
bool program_section(const Program *program, const char *name, uint64_t most, Slice *bytes);

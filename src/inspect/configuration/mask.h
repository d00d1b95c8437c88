/* Texts of a build for people, without their secrets: the one way in which a command of a history,
 * a line of a Dockerfile, a variable or a label comes to be shown. Pure.
 *
 * Hidden are the values that the rules for secrets find (ConfigurationHidden), those that the
 * build's own commands and variables give (command_values.h), and in any text the values of such
 * names and the passwords of addresses. A value is found again however it is quoted. */
#pragma once

#include "inspect/configuration/build.h"
#include "inspect/configuration/configuration.h"

/* Of a finding's evidence, in bytes. */
#define MASKED_EVIDENCE_MAX 200u
/* Of a command of a history. */
#define MASKED_COMMAND_MAX 4096u

typedef struct Masks Masks;

/* @hidden: or NULL. (transfer full) */
Masks *masks_new(const Build *build, const ConfigurationHidden *hidden);
void masks_free(Masks *masks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Masks, masks_free)

/* One line, printable, at most @most bytes. NULL: it is not known what is secret, and nothing is to
 * be shown. (transfer full) */
char *masks_apply(const Masks *masks, const char *text, size_t most);

/* What the commands of `assay db` have in common: the configuration, and which data folder is
 * meant.
 */
#pragma once

#include "cli/command.h"

/* Opens the configuration @path (NULL: as config_open() has it), and sets *@folder, where no option
 * did, to the data folder. Feeds are unpacked by its limits from here on. (transfer full) */
Config *db_config_open(const char *path, char **folder, GError **error);

#define DB_FOLDER_OPTION(target)                                                                   \
  {                                                                                                \
    "data", 'd', 0, G_OPTION_ARG_FILENAME, &(target),                                              \
        "The data folder (default: the configuration's)", "FOLDER"                                 \
  }

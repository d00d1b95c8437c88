/* What `assay serve` and `assay check` have in common: which server is meant. */
#pragma once

#include "cli/command.h"

/* Read by serve_options_apply(). */
extern char *serve_option_data, *serve_option_config, *serve_option_policy;
extern char **serve_option_listen;
#define SERVE_OPTIONS                                                                              \
  {"data",  'd', 0, G_OPTION_ARG_FILENAME, &serve_option_data, "Folder that holds everything",     \
   "FOLDER"},                                                                                      \
      CONFIG_OPTION(serve_option_config),                                                          \
      {"listen",                                                                                   \
       'l',                                                                                        \
       0,                                                                                          \
       G_OPTION_ARG_STRING_ARRAY,                                                                  \
       &serve_option_listen,                                                                       \
       "Address to listen on, may be repeated; port 0 lets the kernel choose",                     \
       "HOST:PORT"},                                                                               \
  {                                                                                                \
    "policy", 'p', 0, G_OPTION_ARG_FILENAME, &serve_option_policy, "Policy file, or `strict`",     \
        "FILE|strict"                                                                              \
  }

/* Options win over the file; the data folder is set after. */
void serve_options_apply(Config *config);

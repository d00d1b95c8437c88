/* `assay sign --rule`: has the registry sign an image that it stores, by a rule of its own. */
#pragma once

/* @target: as server_target.h has it. @format: --format. Gives the exit code. */
int sign_by_server(const char *rule, const char *target, const char *format);

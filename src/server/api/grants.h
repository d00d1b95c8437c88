/* A binding as JSON, for those who answer with one. */
#pragma once

#include "base/json_table.h"

/* Of a BindingRow, without who made it and when. */
extern const JsonTable api_grant_table;

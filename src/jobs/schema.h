/* The tables of the jobs and of the outbox. */
#pragma once

#include "storage/schema.h"

extern const Schema jobs_schema;

/* Memory for a process that is forked for a small job: most of what that costs is a fault for each
 * page that it writes to first. */
#pragma once

/* In the process that is forked from, once, when all that is shared is made: what is allocated
 * afterwards lies side by side, and not in what holes were left between what is shared, each of
 * which would be a page to copy. */
void forked_memory_prepare(void);
/* In the forked process, first: makes what most jobs write to, by two calls in place of
 * forty faults. */
void forked_memory_populate(void);

/* What artifacts are written of; see the header. */
#include "oci/artifact_descriptor.h"

#include "base/json.h"

json_t *
artifact_descriptor(const char *type, const char *digest, uint64_t size)
{
  json_t *descriptor = json_object();
  json_set_string(descriptor, "mediaType", type);
  json_set_string(descriptor, "digest", digest);
  json_set_number(descriptor, "size", size);
  return descriptor;
}

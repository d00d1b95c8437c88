/* What a client keeps for us; see the header. */
#include "access/directory/oidc_sealed.h"

#include <string.h>

#include "access/keys/sealed.h"
#include "base/json.h"
#include "text/base64url.h"

char *
oidc_seal(const Access *access, const char *purpose, const JsonTable *table, const void *values)
{
  g_autoptr(json_t) json = json_table_write(table, values);
  g_autofree char *text = json_to_text(json);
  g_autoptr(GBytes) sealed = sealer_seal(access_sealer(access), purpose, slice_from_string(text));
  return base64url_encode(slice_from_bytes(sealed));
}

bool
oidc_unseal(const Access *access, const char *purpose, const char *text, const JsonTable *table,
            void *values)
{
  Slice shown = text == NULL ? SLICE_EMPTY : slice_from_string(text);
  g_autoptr(GBytes) sealed =
      shown.size == 0 || shown.size > OIDC_SEALED_MAX ? NULL : base64url_decode(shown);
  if (sealed == NULL)
    return false;
  g_autoptr(GBytes) clear =
      sealer_unseal(access_sealer(access), purpose, slice_from_bytes(sealed), NULL);
  g_autoptr(json_t) json = clear == NULL ? NULL : json_parse(slice_from_bytes(clear), NULL);
  return json != NULL && json_table_read(table, json, values, NULL);
}

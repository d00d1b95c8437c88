/* VEX as attestations beside an image; see the header. */
#include "verdict/signed_vex-private.h"

#include "base/json.h"

/* What the formats call their predicates; versions follow. */
static const char *const types[] = {"https://openvex.dev/ns", "https://cyclonedx.org/vex",
                                    "https://docs.oasis-open.org/csaf/"};

static bool
is_vex(const VerifiedSignature *signature)
{
  if (signature->format != SIGNATURE_ATTESTATION || signature->predicate_type == NULL)
    return false;
  for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
    if (g_str_has_prefix(signature->predicate_type, types[i]))
      return true;
  return false;
}

static void
add_documents(const Policy *policy, const ImageSignatures *signatures, GPtrArray *documents,
              Judgement *judgement)
{
  for (guint i = 0; i < signatures->valid->len; i++) {
    const VerifiedSignature *signature = g_ptr_array_index(signatures->valid, i);
    if (!is_vex(signature) ||
        !g_strv_contains((const char *const *)policy->vex_attestors, signature->attestor))
      continue;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = json_to_text(signature->predicate);
    g_autofree char *name = g_strdup_printf("attested by \"%s\"", signature->attestor);
    VexDocument *document = vex_parse(slice_from_string(text), name, &error);
    if (document != NULL)
      g_ptr_array_add(documents, document);
    else
      judgement_warn(judgement,
                     g_strdup_printf("a VEX document takes nothing out: %s", error->message));
  }
}

VexSet *
signed_vex_read(const Policy *policy, Judgement *judgement)
{
  const PolicyInput *input = judgement->input;
  if (*policy->vex_attestors == NULL || input->signatures == NULL)
    return NULL;
  g_autoptr(GPtrArray) documents =
      g_ptr_array_new_with_free_func((GDestroyNotify)vex_document_free);
  add_documents(policy, input->signatures, documents, judgement);
  for (guint i = 0; input->of_indexes != NULL && i < input->of_indexes->len; i++)
    add_documents(policy, g_ptr_array_index(input->of_indexes, i), documents, judgement);
  return documents->len == 0 ? NULL : vex_set_new(documents, NULL);
}

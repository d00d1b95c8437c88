/* Credentials of what runs models. */
#include "inspect/secrets/checks.h"

/* clang-format off */
static const SecretRule rules[] = {
    {"openai-project-key", "API key of OpenAI", SEVERITY_CRITICAL, "sk-(?:proj|svcacct|admin)-[0-9A-Za-z_-]{20,74}T3BlbkFJ[0-9A-Za-z_-]{20,7"
     "4}", "sk-"},
    {"openai-key", "API key of OpenAI", SEVERITY_CRITICAL, "sk-[0-9A-Za-z]{20}T3BlbkFJ[0-9A-Za-z]{20}", "sk-"},
    {"anthropic-key", "API key of Anthropic", SEVERITY_CRITICAL, "sk-ant-api03-[0-9A-Za-z_-]{93}AA", "sk-a"},
    {"anthropic-admin-key", "Admin key of Anthropic", SEVERITY_CRITICAL, "sk-ant-admin01-[0-9A-Za-z_-]{93}AA", "sk-a"},
    {"openrouter-key", "API key of OpenRouter", SEVERITY_HIGH, "sk-or-v1-[0-9a-f]{64}", "sk-o"},
    {"langfuse-key", "Secret key of Langfuse", SEVERITY_HIGH, "sk-lf-" SECRET_UUID, "sk-l"},
    {"deepseek-key", "API key of DeepSeek or of Alibaba's Model Studio", SEVERITY_HIGH, "sk-[0-9a-f]{32}", "sk-"},
    {"moonshot-key", "API key of Moonshot or of Stability", SEVERITY_HIGH, "sk-[0-9A-Za-z]{48}", "sk-", .entropy = 4, .check = secret_check_mixed},
    {"zhipu-key", "API key of Zhipu", SEVERITY_HIGH,
     SECRET_ASSIGNED("(?:zhipu|glm|bigmodel|zai)[a-z_.-]{0,20}key", "[0-9a-f]{32}\\.[0-9A-Za-z]{16}"), NULL, .entropy = 3.6, .check = secret_check_mixed},
    {"huggingface-token", "Access token of Hugging Face", SEVERITY_HIGH, "hf_[A-Za-z]{34}", "hf_", .entropy = 3.8},
    {"huggingface-org-token", "Organisation's token of Hugging Face", SEVERITY_HIGH, "api_org_[A-Za-z]{34}", "api_", .entropy = 3.8},
    {"replicate-token", "API token of Replicate", SEVERITY_HIGH, "r8_[0-9A-Za-z]{37}", "r8_", .entropy = 3.6},
    {"groq-key", "API key of Groq", SEVERITY_HIGH, "gsk_[0-9A-Za-z]{52}", "gsk_"},
    {"perplexity-key", "API key of Perplexity", SEVERITY_HIGH, "pplx-[0-9A-Za-z]{48}", "pplx"},
    {"xai-key", "API key of xAI", SEVERITY_HIGH, "xai-[0-9A-Za-z]{80}", "xai-"},
    {"together-key", "API key of Together", SEVERITY_HIGH, "tgp_v1_[0-9A-Za-z_-]{43}", "tgp_"},
    {"fireworks-key", "API key of Fireworks", SEVERITY_HIGH, "fw_[0-9A-Za-z]{24}", "fw_", .entropy = 3.5, .check = secret_check_mixed},
    {"elevenlabs-key", "API key of ElevenLabs", SEVERITY_HIGH, "sk_[0-9a-f]{48}", "sk_"},
    {"langsmith-key", "API key of LangSmith", SEVERITY_HIGH, "lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}", "lsv2"},
    {"pinecone-key", "API key of Pinecone", SEVERITY_HIGH, "pcsk_[0-9A-Za-z]{5,6}_[0-9A-Za-z]{60,64}", "pcsk"},
    {"nvidia-key", "API key of NVIDIA", SEVERITY_HIGH, "nvapi-[0-9A-Za-z_-]{64}", "nvap"},
    {"cerebras-key", "API key of Cerebras", SEVERITY_HIGH, "csk-[0-9a-z]{48}", "csk-"},
    {"anyscale-secret", "API secret of Anyscale", SEVERITY_HIGH, "esecret_[0-9A-Za-z]{26}", "esec"},
    {"tavily-key", "API key of Tavily", SEVERITY_MEDIUM, "tvly-(?:dev-|)[0-9A-Za-z]{32}", "tvly"},
    {"firecrawl-key", "API key of Firecrawl", SEVERITY_MEDIUM, "fc-[0-9a-f]{32}", "fc-"},
    {"sandbox-key", "API key of E2B", SEVERITY_HIGH, "e2b_[0-9a-f]{40}", "e2b_"},
    {"wandb-key", "API key of Weights and Biases", SEVERITY_HIGH, SECRET_ASSIGNED("wandb[a-z_.-]{0,20}key", "[0-9a-f]{40}")},
    {"cohere-key", "API key of Cohere", SEVERITY_HIGH, SECRET_ASSIGNED("(?:cohere|co)_api[a-z_.-]{0,12}key", "[0-9A-Za-z]{40}"), NULL,
     .entropy = 3.8},
    {"mistral-key", "API key of Mistral", SEVERITY_HIGH, SECRET_ASSIGNED("mistral[a-z_.-]{0,20}key", "[0-9A-Za-z]{32}"), NULL, .entropy = 3.6},
    {"voyage-key", "API key of Voyage", SEVERITY_MEDIUM, SECRET_ASSIGNED("voyage[a-z_.-]{0,20}key", "pa-[0-9A-Za-z_-]{43}"), "pa-"},
};
/* clang-format on */

const SecretRuleSet secret_rules_models = {rules, G_N_ELEMENTS(rules)};

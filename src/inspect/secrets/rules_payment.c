/* Credentials of what pays and trades. Keys of test modes are not among them: issuers print them in
 * their documentation. */
#include "inspect/secrets/checks.h"

/* clang-format off */
static const SecretRule rules[] = {
    {"stripe-secret-key", "Secret key of Stripe", SEVERITY_CRITICAL, "sk_live_[0-9A-Za-z]{24,247}", "sk_l", .trigger = "sk_live_[0-9A-Za-z]{24}"},
    {"stripe-restricted-key", "Restricted key of Stripe", SEVERITY_CRITICAL, "rk_live_[0-9A-Za-z]{24,247}", "rk_l",
     .trigger = "rk_live_[0-9A-Za-z]{24}"},
    {"stripe-webhook-secret", "Secret that Stripe signs webhooks with", SEVERITY_HIGH, "whsec_[0-9A-Za-z+/]{32,64}={0,2}", "whse", .entropy = 3.5,
     .trigger = "whsec_[0-9A-Za-z+/]{32}"},
    {"square-access-token", "Access token of Square", SEVERITY_CRITICAL, "sq0atp-[0-9A-Za-z_-]{22}", "sq0a"},
    {"square-oauth-secret", "OAuth secret of Square", SEVERITY_CRITICAL, "sq0csp-[0-9A-Za-z_-]{43}", "sq0c"},
    {"square-token", "Access token of Square", SEVERITY_CRITICAL, "EAAAE[0-9A-Za-z_-]{59}", "EAAA", .entropy = 4, .check = secret_check_mixed},
    {"braintree-token", "Access token of Braintree", SEVERITY_CRITICAL, "access_token\\$production\\$[0-9a-z]{16}\\$[0-9a-f]{32}", "acce"},
    {"razorpay-key", "Live key of Razorpay", SEVERITY_MEDIUM, "rzp_live_[0-9A-Za-z]{14}", "rzp_"},
    {"flutterwave-key", "Secret key of Flutterwave", SEVERITY_CRITICAL, "FLWSECK-[0-9a-zA-Z]{32}-X", "FLWS"},
    {"plaid-token", "Access token of Plaid", SEVERITY_CRITICAL, "access-(?:production|development)-" SECRET_UUID, "acce"},
    {"shopify-access-token", "Access token of Shopify", SEVERITY_CRITICAL, "shpat_[0-9a-fA-F]{32}", "shpa"},
    {"shopify-custom-token", "Access token of a custom app of Shopify", SEVERITY_CRITICAL, "shpca_[0-9a-fA-F]{32}", "shpc"},
    {"shopify-private-password", "Password of a private app of Shopify", SEVERITY_CRITICAL, "shppa_[0-9a-fA-F]{32}", "shpp"},
    {"shopify-shared-secret", "Shared secret of Shopify", SEVERITY_HIGH, "shpss_[0-9a-fA-F]{32}", "shps"},
    {"mercadopago-token", "Access token of Mercado Pago", SEVERITY_CRITICAL, "APP_USR-[0-9]{10,20}-[0-9]{6}-[0-9a-f]{32}-[0-9]{5,12}", "APP_"},
    {"duffel-token", "Live token of Duffel", SEVERITY_HIGH, "duffel_live_[0-9A-Za-z_=-]{43}", "duff"},
    {"easypost-key", "API key of EasyPost", SEVERITY_HIGH, "EZAK[0-9A-Za-z]{54}", "EZAK"},
    {"shippo-token", "Live token of Shippo", SEVERITY_HIGH, "shippo_live_[0-9a-f]{40}", "ship"},
    {"gocardless-token", "Live token of GoCardless", SEVERITY_CRITICAL, SECRET_ASSIGNED("gocardless", "live_[0-9A-Za-z_=-]{40}"), "live"},
    {"mollie-key", "Live key of Mollie", SEVERITY_CRITICAL, SECRET_ASSIGNED("mollie", "live_[0-9A-Za-z]{30}"), "live"},
    {"lob-key", "Live key of Lob", SEVERITY_HIGH, SECRET_ASSIGNED("lob", "live_[0-9a-f]{35}"), "live"},
    {"adyen-key", "API key of Adyen", SEVERITY_CRITICAL, "AQE[a-z0-9]h[0-9A-Za-z+/]{90,240}={0,2}-[0-9A-Za-z+/]{20,60}={0,2}-[^\\s\"']{8,40}"
     "", "AQE",
     .trigger = "AQE[a-z0-9]h[0-9A-Za-z+/]{90}"},
    {"binance-secret", "API secret of Binance", SEVERITY_CRITICAL, SECRET_ASSIGNED("binance[a-z_.-]{0,20}(?:secret|key)", "[0-9A-Za-z]{64}"), NULL,
     .entropy = 4},
    {"kraken-secret", "API secret of Kraken", SEVERITY_CRITICAL, SECRET_ASSIGNED("kraken[a-z_.-]{0,20}(?:secret|key)", "[0-9A-Za-z+/]{86}=="), NULL,
     .entropy = 4},
    {"coinbase-secret", "API secret of Coinbase", SEVERITY_CRITICAL, SECRET_ASSIGNED("coinbase[a-z_.-]{0,20}(?:secret|key)", "[0-9A-Za-z_-]{64}"),
     NULL,
     .entropy = 4},
    {"alchemy-key", "API key of Alchemy", SEVERITY_MEDIUM, "g\\.alchemy\\.com/v2/([0-9A-Za-z_-]{32})"},
    {"infura-key", "Project key of Infura", SEVERITY_MEDIUM, "infura\\.io/v3/([0-9a-f]{32})"},
    {"ethereum-private-key", "Private key of an Ethereum account", SEVERITY_CRITICAL,
     SECRET_ASSIGNED("(?:eth|wallet|deployer|account|signer)[a-z_.-]{0,20}private_?key", "(?:0x|)[0-9a-f]{64}")},
};
/* clang-format on */

const SecretRuleSet secret_rules_payment = {rules, G_N_ELEMENTS(rules)};

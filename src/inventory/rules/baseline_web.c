/* What a person is told of the settings of web servers and what runs in them. */
#include "inventory/rules/rules.h"

#define IDENTITY  "GB/T 22239-2019 8.1.4.1"
#define RIGHTS    "GB/T 22239-2019 8.1.4.2"
#define INTRUSION "GB/T 22239-2019 8.1.4.4"
#define SECRECY   "GB/T 22239-2019 8.1.4.8"

static const Rule rules[] = {
    {"apache-listens-everywhere", OBSERVED_WEAKNESS, SEVERITY_LOW,
     "Apache listens on all addresses", "Apache 监听所有地址",
     "name the address that needs it (Listen ADDRESS:PORT)", "指明所需地址（Listen 地址:端口）",
     "CIS-Apache-2.4 7.1, " INTRUSION},
    {"apache-tells-version", OBSERVED_WEAKNESS, SEVERITY_LOW, "Apache tells everybody its version",
     "Apache 泄露版本信息", "set ServerTokens Prod", "设置 ServerTokens Prod",
     "CIS-Apache-2.4 8.1, " INTRUSION},
    {"apache-trace", OBSERVED_WEAKNESS, SEVERITY_LOW,
     "Apache answers TRACE, which shows what a browser keeps from scripts",
     "Apache 启用了 TRACE 方法", "set TraceEnable Off", "设置 TraceEnable Off",
     "CIS-Apache-2.4 5.8, " INTRUSION},
    {"apache-runs-as-root", OBSERVED_WEAKNESS, SEVERITY_HIGH, "Apache answers as root",
     "Apache 以 root 身份运行", "set User www-data", "设置 User www-data",
     "CIS-Apache-2.4 3.1, " RIGHTS},
    {"apache-lists-folders", OBSERVED_WEAKNESS, SEVERITY_LOW, "Apache lists the files of folders",
     "Apache 启用了目录列表", "set Options -Indexes", "设置 Options -Indexes",
     "CIS-Apache-2.4 5.3, " INTRUSION},
    {"apache-old-tls", OBSERVED_WEAKNESS, SEVERITY_MEDIUM, "Apache speaks broken versions of TLS",
     "Apache 启用了不安全的 TLS 版本", "set SSLProtocol -all +TLSv1.2 +TLSv1.3",
     "设置 SSLProtocol -all +TLSv1.2 +TLSv1.3", "CIS-Apache-2.4 7.4, " SECRECY},
    {"nginx-lists-folders", OBSERVED_WEAKNESS, SEVERITY_LOW, "nginx lists the files of folders",
     "nginx 启用了目录列表", "set autoindex off", "设置 autoindex off",
     "CIS-NGINX 2.5.3, " INTRUSION},
    {"nginx-tells-version", OBSERVED_WEAKNESS, SEVERITY_LOW, "nginx tells everybody its version",
     "nginx 泄露版本信息", "set server_tokens off in the http block",
     "在 http 块中设置 server_tokens off", "CIS-NGINX 2.5.1, " INTRUSION},
    {"nginx-runs-as-root", OBSERVED_WEAKNESS, SEVERITY_HIGH, "nginx answers as root",
     "nginx 以 root 身份运行", "set user www-data", "设置 user www-data",
     "CIS-NGINX 2.2.1, " RIGHTS},
    {"nginx-old-tls", OBSERVED_WEAKNESS, SEVERITY_MEDIUM, "nginx speaks broken versions of TLS",
     "nginx 启用了不安全的 TLS 版本", "set ssl_protocols TLSv1.2 TLSv1.3",
     "设置 ssl_protocols TLSv1.2 TLSv1.3", "CIS-NGINX 4.1.4, " SECRECY},
    {"tomcat-weak-user", OBSERVED_WEAKNESS, SEVERITY_HIGH,
     "a user of Tomcat has a password that is guessed at once", "Tomcat 用户使用弱口令",
     "remove the user, or make a password at start", "删除该用户，或在启动时设置口令", IDENTITY},
    {"tomcat-user", OBSERVED_WEAKNESS, SEVERITY_LOW,
     "a user of Tomcat, with the password, is part of the image", "镜像内置了 Tomcat 用户及口令",
     "remove the user; mount tomcat-users.xml where it is needed",
     "删除该用户；在需要时挂载 tomcat-users.xml", IDENTITY},
    {"php-shows-errors", OBSERVED_WEAKNESS, SEVERITY_LOW, "PHP shows its errors to whoever visits",
     "PHP 向访问者显示错误信息", "set display_errors = Off", "设置 display_errors = Off",
     INTRUSION},
    {"php-includes-urls", OBSERVED_WEAKNESS, SEVERITY_HIGH, "PHP runs programs from other hosts",
     "PHP 允许包含远程文件", "set allow_url_include = Off", "设置 allow_url_include = Off",
     INTRUSION},
    {"php-tells-version", OBSERVED_WEAKNESS, SEVERITY_LOW, "PHP tells everybody its version",
     "PHP 泄露版本信息", "set expose_php = Off", "设置 expose_php = Off", INTRUSION},
};
const RuleSet baseline_web_rules = {rules, sizeof rules / sizeof *rules};

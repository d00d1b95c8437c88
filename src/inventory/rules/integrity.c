/* What a person is told of files that are not those of their packages. */
#include "inventory/rules/rules.h"

#define TRUSTED "GB/T 22239-2019 8.1.4.6"
#define AGAIN                                                                                      \
  "install the package again from its distribution; where somebody meant to replace the file, "    \
  "put it below /usr/local, or make a package of it"
#define AGAIN_ZH "从发行版重新安装该软件包；如属有意替换，请放到 /usr/local 下或制作成软件包"

static const Rule rules[] = {
    {"integrity-program-replaced", OBSERVED_WEAKNESS, SEVERITY_HIGH,
     "a program is not the one of its package", "程序与所属软件包中的文件不一致", AGAIN, AGAIN_ZH,
     TRUSTED},
    {"integrity-library-replaced", OBSERVED_WEAKNESS, SEVERITY_HIGH,
     "a library is not the one of its package", "库文件与所属软件包中的文件不一致", AGAIN, AGAIN_ZH,
     TRUSTED},
    {"integrity-file-older", OBSERVED_WEAKNESS, SEVERITY_HIGH,
     "a file was there before its package changed: it is of another version than the package says",
     "文件早于其软件包的版本：与软件包所声明的版本不符",
     "install the package again, in the step that changed it: the fixes of that version are not in "
     "this file",
     "在变更该软件包的构建步骤中重新安装：此文件不包含该版本的修复", TRUSTED},
    {"integrity-set-id-added", OBSERVED_WEAKNESS, SEVERITY_HIGH,
     "a program has a setuid or setgid bit that its package does not give it",
     "程序带有其软件包未赋予的 setuid 或 setgid 位", "take the bit away (chmod ug-s FILE)",
     "去除该位（chmod ug-s 文件）", "CIS-Docker-4.8, " TRUSTED},
};
const RuleSet integrity_rules = {rules, sizeof rules / sizeof *rules};

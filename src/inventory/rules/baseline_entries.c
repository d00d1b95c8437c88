/* What a person is told of names and modes of files. */
#include "inventory/rules/rules.h"

#define RIGHTS "GB/T 22239-2019 8.1.4.2"

static const Rule rules[] = {
    {"setuid-interpreter", OBSERVED_WEAKNESS, SEVERITY_CRITICAL,
     "a program that can run anything has the rights of root by its setuid bit",
     "可执行任意命令的程序带有 setuid 位", "take the bit away (chmod u-s FILE)",
     "去除该位（chmod u-s 文件）", "CIS-Docker 4.8, CIS-Debian-12 7.1.13, " RIGHTS},
    {"setuid-unusual", OBSERVED_WEAKNESS, SEVERITY_MEDIUM,
     "a program has a setuid bit that no distribution gives it", "程序带有发行版之外的 setuid 位",
     "take the bit away (chmod u-s FILE), or give the program the one capability that it needs",
     "去除该位（chmod u-s 文件），或只授予所需的 capability",
     "CIS-Docker 4.8, CIS-DI-0008, CIS-Debian-12 7.1.13, " RIGHTS},
    {"setgid-unusual", OBSERVED_WEAKNESS, SEVERITY_LOW,
     "a program has a setgid bit that no distribution gives it", "程序带有发行版之外的 setgid 位",
     "take the bit away (chmod g-s FILE)", "去除该位（chmod g-s 文件）",
     "CIS-Docker 4.8, CIS-DI-0008, CIS-Debian-12 7.1.13, " RIGHTS},
    {"capability-unusual", OBSERVED_WEAKNESS, SEVERITY_HIGH,
     "a program has rights of root by its file capabilities",
     "程序带有等同于 root 的文件 capability", "take them away (setcap -r FILE)",
     "去除 capability（setcap -r 文件）", "CIS-Docker 4.8, " RIGHTS},
    {"file-writable-by-all", OBSERVED_WEAKNESS, SEVERITY_HIGH,
     "everybody may write to a file of the system", "系统文件可被所有人写入",
     "take the right away (chmod o-w FILE)", "去除该权限（chmod o-w 文件）",
     "CIS-Debian-12 7.1.11, " RIGHTS},
    {"folder-writable-by-all", OBSERVED_WEAKNESS, SEVERITY_MEDIUM,
     "everybody may replace the files of a folder", "目录可被所有人写入且未设置粘滞位",
     "take the right away (chmod o-w FOLDER), or keep strangers' files apart (chmod +t FOLDER)",
     "去除该权限（chmod o-w 目录）或设置粘滞位（chmod +t 目录）", "CIS-Debian-12 7.1.11, " RIGHTS},
    {"shadow-readable-by-all", OBSERVED_WEAKNESS, SEVERITY_HIGH,
     "everybody may read the hashes of passwords", "所有人可读取口令散列文件",
     "chmod 640 FILE, group shadow", "chmod 640 文件，属组为 shadow",
     "CIS-Debian-12 7.1.5, " RIGHTS},
    {"shell-history", OBSERVED_WEAKNESS, SEVERITY_LOW,
     "what somebody typed is in the image: the history of a shell or a client",
     "镜像中包含命令历史文件", "remove the file in the step that makes it",
     "在产生该文件的构建步骤中将其删除", "DKL-LI-0003, GB/T 22239-2019 8.1.4.8"},
};
const RuleSet baseline_entries_rules = {rules, sizeof rules / sizeof *rules};

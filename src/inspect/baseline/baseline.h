/* The detectors of weak settings: each gives the facts of one kind of file (facts.h). */
#pragma once

#include "inspect/detector.h"

extern const Detector apache_detector, cron_detector, docker_detector, group_detector,
    gshadow_detector, memcached_detector, mysql_accounts_detector, mysql_detector, nginx_detector,
    odd_servers_detector, pam_detector, passwd_detector, php_detector, postgres_detector,
    preload_detector, redis_detector, shadow_detector, sql_detector, sshd_detector,
    sudoers_detector, tomcat_detector, trust_detector, yaml_servers_detector;

/* The tables, as the manuals of the programs have it; see the header. */
#include "inspect/configuration/command_options.h"

#include <string.h>

#include "inspect/configuration/configuration-private.h"

#define MYSQL                                                                                      \
  "mysql mysqladmin mysqldump mysqlimport mysqlcheck mysqlshow mysqlsh mysqlslap mysql_upgrade "   \
  "mysqlpump mariadb mariadb-admin mariadb-dump mariadb-import mariadb-check mariadb-show "        \
  "mariadb-upgrade mytop mycli"
#define CONTAINERS                                                                                 \
  "docker podman buildah skopeo helm nerdctl crane gcrane oras regctl ctr crictl cosign notation " \
  "singularity apptainer"
#define LDAP    "ldapadd ldapmodify ldapsearch ldapdelete ldapmodrdn ldappasswd ldapwhoami ldapcompare"
#define SAMBA   "smbclient rpcclient smbmap smbget net wmic winexe mount.cifs"
#define MONGO   "mongo mongosh mongodump mongorestore mongoexport mongoimport mongostat mongotop"
#define KEYTOOL "keytool jarsigner apksigner"

const SecretOption secret_options[] = {
    {MYSQL, NULL, "-p", OPTION_GLUED},
    {MYSQL, NULL, "--password", OPTION_GLUED},
    {MYSQL, NULL, "password", OPTION_VERB},
    {"sqlcmd bcp osql isql tsql", NULL, "-P", OPTION_EITHER},
    {"redis-cli valkey-cli keydb-cli", NULL, "-a", OPTION_NEXT},
    {"redis-cli valkey-cli keydb-cli", NULL, "--pass", OPTION_NEXT},
    {"redis-cli valkey-cli keydb-cli", NULL, "requirepass", OPTION_VERB},
    {"redis-cli valkey-cli keydb-cli", NULL, "masterauth", OPTION_VERB},
    {"redis-server valkey-server", NULL, "--requirepass", OPTION_NEXT},
    {"redis-server valkey-server", NULL, "--masterauth", OPTION_NEXT},
    {MONGO, NULL, "-p", OPTION_EITHER},
    {MONGO, NULL, "--password", OPTION_NEXT},
    {"influx cqlsh clickhouse-client", NULL, "-p", OPTION_NEXT},
    {"influx cqlsh clickhouse-client", NULL, "--password", OPTION_NEXT},
    {LDAP, NULL, "-w", OPTION_EITHER},
    {"ldappasswd", NULL, "-s", OPTION_EITHER},
    {"ldappasswd", NULL, "-a", OPTION_EITHER},
    {"slappasswd", NULL, "-s", OPTION_EITHER},
    {SAMBA, NULL, "-U", OPTION_PERCENT},
    {SAMBA, NULL, "--user", OPTION_PERCENT},
    {"htpasswd htdbm", NULL, "-b", OPTION_LAST},
    {"openssl", "enc", "-k", OPTION_NEXT},
    {"openssl", NULL, "-pass", OPTION_SOURCE},
    {"openssl", NULL, "-passin", OPTION_SOURCE},
    {"openssl", NULL, "-passout", OPTION_SOURCE},
    {"openssl", NULL, "-password", OPTION_SOURCE},
    {"openssl", NULL, "-K", OPTION_NEXT},
    {"openssl", NULL, "passwd", OPTION_VERB},
    {"curl", NULL, "-u", OPTION_COLON},
    {"curl", NULL, "--user", OPTION_COLON},
    {"curl", NULL, "-U", OPTION_COLON},
    {"curl", NULL, "--proxy-user", OPTION_COLON},
    {"curl", NULL, "-E", OPTION_COLON},
    {"curl", NULL, "--cert", OPTION_COLON},
    {"curl", NULL, "--proxy-cert", OPTION_COLON},
    {"curl", NULL, "-b", OPTION_EQUALS},
    {"curl", NULL, "--cookie", OPTION_EQUALS},
    {"curl", NULL, "--oauth2-bearer", OPTION_NEXT},
    {"curl", NULL, "--pass", OPTION_NEXT},
    {"http https xh", NULL, "-a", OPTION_COLON},
    {"http https xh", NULL, "--auth", OPTION_COLON},
    {"wget wget2", NULL, "--password", OPTION_NEXT},
    {"wget wget2", NULL, "--http-password", OPTION_NEXT},
    {"wget wget2", NULL, "--ftp-password", OPTION_NEXT},
    {"wget wget2", NULL, "--proxy-password", OPTION_NEXT},
    {"aria2c", NULL, "--http-passwd", OPTION_NEXT},
    {"aria2c", NULL, "--ftp-passwd", OPTION_NEXT},
    {"sshpass", NULL, "-p", OPTION_EITHER},
    {"gpg gpg2", NULL, "--passphrase", OPTION_NEXT},
    {"ssh-keygen", NULL, "-N", OPTION_NEXT},
    {"ssh-keygen", NULL, "-P", OPTION_NEXT},
    {KEYTOOL, NULL, "-storepass", OPTION_NEXT},
    {KEYTOOL, NULL, "-keypass", OPTION_NEXT},
    {KEYTOOL, NULL, "-deststorepass", OPTION_NEXT},
    {KEYTOOL, NULL, "-srcstorepass", OPTION_NEXT},
    {KEYTOOL, NULL, "-destkeypass", OPTION_NEXT},
    {KEYTOOL, NULL, "-srckeypass", OPTION_NEXT},
    {KEYTOOL, NULL, "-new", OPTION_NEXT},
    {KEYTOOL, NULL, "--ks-pass", OPTION_SOURCE},
    {"zip unzip zipcloak", NULL, "-P", OPTION_EITHER},
    {"7z 7za 7zr 7zz rar unrar", NULL, "-p", OPTION_GLUED},
    {"rar", NULL, "-hp", OPTION_GLUED},
    {CONTAINERS, "login", "-p", OPTION_EITHER},
    {CONTAINERS, NULL, "--password", OPTION_NEXT},
    {CONTAINERS, NULL, "--creds", OPTION_COLON},
    {CONTAINERS, NULL, "--src-creds", OPTION_COLON},
    {CONTAINERS, NULL, "--dest-creds", OPTION_COLON},
    {"az oc cf bx ibmcloud ansible-galaxy npm pulumi", "login", "-p", OPTION_NEXT},
    {"az oc cf bx ibmcloud kubectl", NULL, "--password", OPTION_NEXT},
    {"kubectl oc", NULL, "--token", OPTION_NEXT},
    {"cf", NULL, "auth", OPTION_VERB_SECOND},
    {"snyk", NULL, "auth", OPTION_VERB},
    {"vault bao", NULL, "login", OPTION_VERB},
    {"ngrok", NULL, "authtoken", OPTION_VERB},
    {"ngrok", NULL, "add-authtoken", OPTION_VERB},
    {"tailscale", NULL, "--authkey", OPTION_NEXT},
    {"tailscale", NULL, "--auth-key", OPTION_NEXT},
    {"twine", NULL, "-p", OPTION_EITHER},
    {"twine svn", NULL, "--password", OPTION_NEXT},
    {"usermod useradd adduser", NULL, "-p", OPTION_EITHER},
    {"usermod useradd", NULL, "--password", OPTION_NEXT},
    {"saslpasswd2", NULL, "-p", OPTION_GLUED},
    {"rabbitmqctl", NULL, "add_user", OPTION_VERB_SECOND},
    {"rabbitmqctl", NULL, "change_password", OPTION_VERB_SECOND},
    {"wpa_passphrase", NULL, "wpa_passphrase", OPTION_VERB_SECOND},
    {"mkpasswd", NULL, "mkpasswd", OPTION_LAST},
    {"composer", NULL, "github-oauth.github.com", OPTION_VERB},
    {"composer", "config", "http-basic", OPTION_LAST},
    {"asadmin", NULL, "--passwordvalue", OPTION_NEXT},
    {"kinit", NULL, "--password", OPTION_NEXT},
    {"grafana-cli grafana", NULL, "reset-admin-password", OPTION_VERB},
    {"sqlplus", NULL, "sqlplus", OPTION_SLASH},
    {"net net1 net.exe", NULL, "user", OPTION_VERB_SECOND},
    {"*", NULL, "ConvertTo-SecureString", OPTION_VERB},
};
const size_t secret_option_count = G_N_ELEMENTS(secret_options);

/* --- what reads one --- */

static const struct {
  const char *programs, *option; /* NULL: whatever its options are */
  SecretReading reading;
} readers[] = {
    {"chpasswd newusers chgpasswd", NULL, READS_AFTER_COLON},
    {"passwd smbpasswd vncpasswd kinit kpasswd mkpasswd cryptsetup slappasswd tightvncpasswd", NULL,
     READS_ALL},
    {"debconf-set-selections", NULL, READS_SELECTIONS},
    {"htpasswd", NULL, READS_ALL},
    {"openssl", "-stdin", READS_ALL},
    {"openssl", "stdin", READS_ALL},
    {"openssl", "passwd", READS_ALL},
    {"saslpasswd2", NULL, READS_ALL},
    {"docker podman", "secret", READS_ALL},
    {"vault bao", "login", READS_ALL},
    {"ssh-add", NULL, READS_ALL},
    {"gnome-keyring-daemon", NULL, READS_ALL},
    {"*", "--password-stdin", READS_ALL},
    {"*", "--passphrase-fd", READS_ALL},
    {"*", "--with-token", READS_ALL},
    {"*", "--password-fd", READS_ALL},
};

bool
secret_is_named(const char *name, const char *names)
{
  if (strcmp(names, "*") == 0)
    return true;
  size_t size = strlen(name);
  for (const char *at = names; size > 0 && *at != '\0'; at += strspn(at, " ")) {
    size_t length = strcspn(at, " ");
    if (length == size && strncmp(at, name, size) == 0)
      return true;
    at += length;
  }
  return false;
}

bool
secret_is_windows_shell(const char *program)
{
  /* With or without its folder, whose signs a shell of POSIX takes for escapes. */
  static const char *const ends[] = {"cmd",  "cmd.exe", "powershell", "powershell.exe",
                                     "pwsh", "pwsh.exe"};
  g_autofree char *lower = g_ascii_strdown(program, -1);
  for (size_t i = 0; i < G_N_ELEMENTS(ends); i++)
    if (g_str_has_suffix(lower, ends[i]))
      return true;
  return false;
}

static bool
has_word(const ShellCommand *command, const char *word)
{
  size_t size = strlen(word);
  for (guint i = 0; i < command->words->len; i++) {
    const char *each = g_ptr_array_index(command->words, i);
    if (strncmp(each, word, size) == 0 && (each[size] == '\0' || each[size] == '='))
      return true;
  }
  return false;
}

/* `sudo -S`: it reads before what it runs does. */
static bool
is_asked_by_sudo(const ShellCommand *command, guint first)
{
  bool sudo = false;
  for (guint i = 0; i < first && i < command->words->len; i++) {
    const char *word = g_ptr_array_index(command->words, i);
    sudo |= g_str_has_suffix(word, "sudo");
    bool letters = word[0] == '-' && word[1] != '-';
    if (sudo && ((letters && strchr(word, 'S') != NULL) || strcmp(word, "--stdin") == 0))
      return true;
  }
  return false;
}

SecretReading
secret_reading(const ShellCommand *command)
{
  guint first = 0;
  const char *program = shell_program(command, &first);
  if (is_asked_by_sudo(command, first))
    return READS_ALL;
  for (size_t i = 0; program != NULL && i < G_N_ELEMENTS(readers); i++)
    if (secret_is_named(program, readers[i].programs) &&
        (readers[i].option == NULL || has_word(command, readers[i].option)))
      return readers[i].reading;
  return READS_NONE;
}

bool
secret_is_file(const char *path)
{
  static const char names[] = ".netrc _netrc .pgpass .git-credentials .my.cnf .htpasswd .htdigest "
                              ".vault-token .dockercfg .smbcredentials .s3cfg .boto .fetchmailrc "
                              ".msmtprc credentials shadow gshadow passwords chap-secrets "
                              "pap-secrets sasl_passwd htpasswd netrc pgpass id_rsa id_ed25519";
  g_autofree char *name = g_path_get_basename(path);
  return secret_is_named(name, names) || g_str_has_suffix(name, ".key") ||
         g_str_has_suffix(name, ".pem") || g_str_has_suffix(name, ".htpasswd") ||
         configuration_names_secret(name);
}

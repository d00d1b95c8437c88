/* What is shown of a build: no password, whatever program takes it, and however it is quoted,
 * wrapped and written down. */
#include <glib.h>
#include <string.h>

#include "inspect/configuration/configuration.h"

/* "@" is a password, also in quotes; "~" one that is in quotes already. */
static const char *const commands[] = {
    "echo @ | passwd --stdin root",
    "echo -e '~\\n~' | passwd root",
    "(echo @; echo @) | passwd root",
    "(echo first; echo @; echo @) | passwd root",
    "for i in 1 2; do echo @; done | passwd root",
    "yes @ | passwd root",
    "echo @ | tee /dev/null | passwd --stdin root",
    "echo root:@ | chpasswd",
    "echo 'root:~' | chpasswd -e",
    "printf 'root:%s' @ | chpasswd",
    "printf '%s:%s\\n' root @ | chpasswd",
    "{ echo root:@; } | chpasswd",
    "chpasswd <<< root:@",
    "chpasswd <<EOF\nroot:~\nEOF",
    "cat <<EOF | chpasswd\nroot:~\nEOF",
    "true && cat <<'EOF' | chpasswd\nroot:~\na:~\nEOF",
    "mysql -uroot -p@",
    "mysql --password=@ -e x",
    "mysqladmin -u root password @",
    "mysql -e \"ALTER USER root IDENTIFIED BY '~'\"",
    "mysql -e 'CREATE USER a IDENTIFIED WITH x BY \"~\"'",
    "psql -c \"ALTER ROLE a WITH PASSWORD '~'\"",
    "mysql <<EOF\nSET PASSWORD FOR a = PASSWORD('~');\nEOF",
    "echo @ | sudo -S id",
    "echo @ | sudo -kS id",
    "sudo --stdin id <<< @",
    "echo 'x x/root_password password ~' | debconf-set-selections",
    "echo x x/root_password password @ | debconf-set-selections",
    "debconf-set-selections <<EOF\nx x/y password ~\nEOF",
    "htpasswd -b -c /x a @",
    "htpasswd -cb /x a @",
    "echo @ | htpasswd -i -c /x a",
    "openssl enc -aes-256-cbc -k @ -in a",
    "openssl passwd -6 @",
    "echo @ | openssl passwd -stdin",
    "openssl rsa -passin pass:@ -in a",
    "keytool -genkey -storepass @ -keypass @",
    "java -Ddb.password=@ -jar x",
    "sshpass -p @ ssh h",
    "sshpass -p@ ssh h",
    "curl -u me:@ https://h/",
    "curl -sSLu me:@ https://h/",
    "curl --proxy-user=me:@ https://h/",
    "curl -H 'X-Api-Key: ~' https://h/",
    "curl -H \"Authorization: Bearer ~\" https://h/",
    "curl -d '{\"password\": \"~\"}' https://h/",
    "curl -d \"{\\\"password\\\":\\\"~\\\"}\" https://h/",
    "wget --http-password=@ https://h/",
    "git clone https://me:~@h/x",
    "git config --global url.https://~:x-oauth-basic@h/.insteadOf https://h/",
    "npm config set //h/:_authToken @",
    "npm config set //h/:_authToken=@",
    "aws configure set aws_secret_access_key @",
    "docker login -u a -p @ h",
    "echo @ | docker login --password-stdin",
    "kubectl get x --token=@",
    "tool register --registration-token @",
    "usermod -p @ root",
    "redis-cli -a @ ping",
    "redis-cli config set requirepass @",
    "ldapadd -x -w @ -f x",
    "smbclient -U me%~ //h/x",
    "zip -P @ x y",
    "7z x -p@ y",
    "gpg --batch --passphrase @ -c x",
    "PGPASSWORD=@ psql",
    "export DB_PASSWORD=@",
    "MYSQL_PWD=@ mysql",
    "echo machine h login a password @ > $HOME/.netrc",
    "echo machine h login a password @ | tee -a /root/.netrc",
    "echo h:5432:a:b:@ >> /root/.pgpass",
    "cat > /root/.my.cnf <<EOF\n[client]\npassword=~\nEOF",
    "echo @ > /run/api_token",
    "su -c \"echo '~' | passwd --stdin root\"",
    "curl -k -b sid=@ https://h/",
    "curl -k --cookie 'sid=~; a=b' https://h/",
    "curl -E cert.pem:@ https://h/",
    "curl --cert=cert.pem:@ --proxy-cert cert.pem:@ https://h/",
    "cosign login -u a -p @ h",
    "curl --netrc-file <(echo \"machine h login a password ~\") https://h/",
    "curl --netrc-file <(echo machine h login a password @) https://h/",
    "rsync --password-file=<(echo @) a h::b",
    "rsync --password-file=$(echo @ > /x; echo /x) a h::b",
    "rsync --password-file \"$(echo @ > /x; echo /x)\" a h::b",
    "openssl rsa -passin file:<(printf @) -in a",
    "passwd --stdin root < <(echo @)",
    "chpasswd < <(echo root:@)",
    "export TOKEN=$(base64 -d <<< @)",
    "export TOKEN=`rev <<< @`",
    "export TOKEN=$(python3 -c 'print(\"~\")')",
    "set -x PASSWORD @",
    "set -gx DB_PASSWORD @",
    "setenv API_TOKEN @",
    "cmd /S /C net user x @",
    "cmd /S /C \"net user x ~ /add\"",
    "powershell -Command \"$p = ConvertTo-SecureString ~ -AsPlainText -Force; x\"",
    "powershell.exe -Command New-LocalUser x -Password (ConvertTo-SecureString -AsPlainText @)",
};
static const char *const wrappers[] = {"set -ex; cd /x && %s", "if true; then %s\nfi",
                                       "sh -c '%s'"};
/* In front of a program. */
static const char *const runners[] = {"", "sudo ", "/usr/bin/env A=b ", "sudo -E -u x ",
                                      "timeout 5 "};
static const char *const programs[] = {"passwd",   "chpasswd",  "mysql",   "mysqladmin",
                                       "htpasswd", "openssl",   "sshpass", "keytool",
                                       "curl",     "redis-cli", "usermod", "debconf-set-selections",
                                       "docker",   "zip",       "ldapadd", "smbclient"};
static const char *const passwords[] = {"Zq7", "x-9.Zq", "Zq7-u2Kx91"};
static const char *const quotes[] = {"%s", "'%s'", "\"%s\"", "\\%s"};

/* (transfer full) */
static char *
filled(const char *form, const char *password, const char *quote)
{
  char *front = strstr(quote, "%s");
  g_autofree char *quoted =
      g_strdup_printf("%.*s%s%s", (int)(front - quote), quote, password, front + 2);
  g_auto(GStrv) parts = g_strsplit(form, "@", -1);
  /* Of an address "@" is itself. */
  bool address = strstr(form, "~@h") != NULL || strstr(form, "basic@h") != NULL;
  g_autofree char *words = g_strjoinv(address ? "@" : quoted, parts);
  g_auto(GStrv) others = g_strsplit(words, "~", -1);
  return g_strjoinv(password, others);
}

/* @entry of a history: neither its command nor what is observed there shows the password. */
static void
check_entry(const char *entry, const char *password, unsigned *failures)
{
  static const char start[] =
      "{\"rootfs\":{\"diff_ids\":[\"sha256:"
      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"]},"
      "\"config\":{},\"history\":[{\"created_by\":\"";
  g_autoptr(GString) json = g_string_new(start);
  for (const char *p = entry; *p != '\0'; p++)
    if (*p == '"' || *p == '\\')
      g_string_append_printf(json, "\\%c", *p);
    else if (*p == '\n')
      g_string_append(json, "\\n");
    else
      g_string_append_c(json, *p);
  g_string_append(json, "\"}]}");
  g_autoptr(GError) error = NULL;
  g_autoptr(ImageConfig) config = image_config_parse(slice_new(json->str, json->len), &error);
  g_assert_no_error(error);
  g_autoptr(GPtrArray) shown = configuration_commands_of_image(config, NULL);
  g_autoptr(GPtrArray) found = configuration_of_image(config, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(shown->len, ==, 1);
  const char *command = g_ptr_array_index(shown, 0);
  bool leaks = strstr(command, password) != NULL;
  for (guint i = 0; i < found->len; i++) {
    const ImageObservation *one = g_ptr_array_index(found, i);
    leaks |= one->observation->shown != NULL && strstr(one->observation->shown, password) != NULL;
  }
  g_assert_cmpstr(command, !=, "");
  if (leaks && (*failures)++ < 40)
    g_test_message("%s\n#   is shown as %s", entry, command);
}

static void
check_text(const char *text, const char *password, unsigned *failures)
{
  static const char *const entries[] = {"/bin/sh -c %s", "RUN /bin/sh -c %s # buildkit",
                                        "RUN |1 A=b /bin/bash -ec %s # buildkit", "RUN %s", "%s"};
  for (size_t i = 0; i < G_N_ELEMENTS(entries); i++) {
    const char *mark = strstr(entries[i], "%s");
    g_autofree char *entry =
        g_strdup_printf("%.*s%s%s", (int)(mark - entries[i]), entries[i], text, mark + 2);
    check_entry(entry, password, failures);
  }
  g_autofree char *dockerfile =
      g_strdup_printf("FROM a:1\nRUN <<THE_END\nsudo true; %s\nTHE_END\n", text);
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) found =
      configuration_of_dockerfile(slice_from_string(dockerfile), "D", NULL, &error);
  g_assert_no_error(error);
  for (guint i = 0; i < found->len; i++) {
    const ImageObservation *one = g_ptr_array_index(found, i);
    if (one->observation->shown != NULL && strstr(one->observation->shown, password) != NULL &&
        (*failures)++ < 40)
      g_test_message("%s\n#   is shown as %s", dockerfile, one->observation->shown);
  }
}

/* Entries that are no command of a shell; "@" is a password. */
static void
test_entries(void)
{
  static const char *const entries[] = {
      "[\"curl\",\"-k\",\"-u\",\"u:@\",\"https://h/\"]",
      "[\"curl\", \"-b\", \"sid=@\", \"https://h/\"]",
      "[\"sshpass\",\"-p\",\"@\",\"ssh\",\"h\"]",
      "[\"sh\",\"-c\",\"echo root:@ | chpasswd\"]",
      "RUN [\"sshpass\",\"-p\",\"@\",\"ssh\",\"h\"]",
      "RUN --unknown=x sshpass -p @ ssh h",
      "C:\\Windows\\System32\\cmd.exe /S /C net user x @",
      "COPY --from=u:@|reg/x /a /b # buildkit",
      "COPY --from=u:@|reg.example.org:5000/x:1 /a /b",
  };
  unsigned failures = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(entries); i++)
    for (size_t j = 0; j < G_N_ELEMENTS(passwords); j++) {
      g_auto(GStrv) parts = g_strsplit(entries[i], "@", -1);
      g_autofree char *entry = g_strjoinv(passwords[j], parts);
      /* Pipes have blanks around. */
      char *at = strchr(entry, '|');
      if (at != NULL && at[1] == 'r')
        *at = '@';
      check_entry(entry, passwords[j], &failures);
    }
  g_assert_cmpuint(failures, ==, 0);
}

/* @command with @runner in front of each program. (transfer full) */
static char *
run_by(const char *command, const char *runner)
{
  GString *text = g_string_new(NULL);
  for (const char *p = command; *p != '\0'; p++) {
    bool begins = p == command || strchr(" \n(", p[-1]) != NULL;
    for (size_t i = 0; begins && i < G_N_ELEMENTS(programs); i++) {
      size_t size = strlen(programs[i]);
      if (strncmp(p, programs[i], size) == 0 && p[size] == ' ' &&
          (p == command || strchr("|(&;", p[-2]) != NULL)) {
        g_string_append(text, runner);
        break;
      }
    }
    g_string_append_c(text, *p);
  }
  return g_string_free(text, FALSE);
}

static void
test_commands(void)
{
  unsigned failures = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
    for (size_t j = 0; j < G_N_ELEMENTS(passwords); j++)
      for (size_t k = 0; k < G_N_ELEMENTS(quotes); k++) {
        g_autofree char *text = filled(commands[i], passwords[j], quotes[k]);
        /* Who runs it changes nothing of how it is quoted. */
        for (size_t l = 0; l < (k == j ? G_N_ELEMENTS(runners) : 1); l++) {
          g_autofree char *run = run_by(text, runners[l]);
          check_text(run, passwords[j], &failures);
        }
        for (size_t l = 0; j == 0 && l < G_N_ELEMENTS(wrappers); l++) {
          bool nests = strchr(wrappers[l], '\'') != NULL;
          if (nests && strpbrk(text, "'\\") != NULL)
            continue;
          const char *mark = strstr(wrappers[l], "%s");
          g_autofree char *whole =
              g_strdup_printf("%.*s%s%s", (int)(mark - wrappers[l]), wrappers[l], text, mark + 2);
          check_text(whole, passwords[j], &failures);
        }
      }
  g_assert_cmpuint(failures, ==, 0);
}

/* What is no secret is shown, for a mask that hides all tells nobody what to do. */
static void
test_shown(void)
{
  static const struct {
    const char *entry, *shown;
  } cases[] = {
      {"/bin/sh -c apt-get update && apt-get install -y curl", NULL},
      {"RUN /bin/sh -c make # buildkit", NULL},
      {"COPY /app /app # buildkit", NULL},
      {"/bin/sh -c #(nop) ADD file:0123456789abcdef in / ", NULL},
      {"/bin/sh -c echo root:$PW | chpasswd", NULL},
      {"/bin/sh -c echo root:root | chpasswd", "/bin/sh -c echo root:**** | chpasswd"},
      {"/bin/sh -c mysql -uroot -proot -e x", "/bin/sh -c mysql -uroot -p**** -e x"},
      {"/bin/sh -c echo hello && echo PW9 | sudo -S id",
       "/bin/sh -c echo hello && echo **** | sudo -S id"},
      {"/bin/sh -c mkdir -p /a && cp -a x y", NULL},
      {"/bin/sh -c git clone https://h/x.git", NULL},
      {"/bin/sh -c git clone https://me:${TOKEN}@h/x.git", NULL},
      {"/bin/sh -c cat /run/secrets/p | passwd --stdin root", NULL},
      {"/bin/sh -c PASSWORD=$(cat /run/x) make", NULL},
      {"/bin/sh -c curl -b jar.txt -E cert.pem https://h/", NULL},
      {"/bin/sh -c rsync --password-file=$(ls /run/x*) a h::b", NULL},
      {"/bin/sh -c bash <(curl https://h/x)", NULL},
      {"/bin/sh -c set -ex; set -o pipefail; make", NULL},
      {"COPY --from=reg.example.org:5000/x:1@sha256:"
       "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef /a /b",
       NULL},
      {"powershell -Command Set-Item --token abc9-x", "powershell -Command Set-Item --token ****"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *json =
        g_strdup_printf("{\"rootfs\":{\"diff_ids\":[\"sha256:"
                        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"]},"
                        "\"config\":{},\"history\":[{\"created_by\":\"%s\"}]}",
                        cases[i].entry);
    g_autoptr(ImageConfig) config = image_config_parse(slice_from_string(json), NULL);
    g_assert_nonnull(config);
    g_autoptr(GPtrArray) shown = configuration_commands_of_image(config, NULL);
    g_assert_cmpstr(g_ptr_array_index(shown, 0), ==,
                    cases[i].shown != NULL ? cases[i].shown : cases[i].entry);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/masks/commands", test_commands);
  g_test_add_func("/masks/entries", test_entries);
  g_test_add_func("/masks/shown", test_shown);
  return g_test_run();
}

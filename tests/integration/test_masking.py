"""No password that somebody wrote into how an image is built, or into a file of it, is shown by anything that tells of the image:
each place has a value of its own, and each answer is searched byte by byte."""
import json
import os
import random
import string

import pytest

from oci_layout import Layout, compress, tar_of

FORMATS = ["json", "table", "sarif", "junit", "markdown", "cyclonedx", "spdx"]


def secret():
    """Such as people type; no rule for tokens knows it."""
    letters = string.ascii_letters + string.digits
    return "Zq" + "".join(random.choices(letters, k=5)) + random.choice("23456789") + "".join(random.choices(letters, k=5))


class Planted:
    """{where: value}"""

    def __init__(self):
        self.values = {}

    def __call__(self, where):
        return self.values.setdefault(where, secret())

    def check(self, text, of):
        text = text if isinstance(text, bytes) else text.encode()
        shown = [where for where, value in self.values.items() if value.encode() in text or value[2:11].encode() in text]
        assert not shown, f"{of} shows the value of: {', '.join(shown)}"


def commands_of(planted):
    """Of histories, and the same as lines of a Dockerfile."""
    return [f"echo 'root:{planted('chpasswd')}' | chpasswd",
            f"echo {planted('passwd')} | sudo passwd --stdin root",
            f"sudo mysql -uroot -p{planted('mysql')} -e x",
            f"echo {planted('sudo')} | sudo -S id",
            f"git clone https://user:{planted('address')}@example.org/x",
            f"sudo tool --token={planted('option')}",
            f"API_TOKEN={planted('variable')} sudo make",
            f"curl -k -H 'X-Api-Key: {planted('header')}' http://example.org/ | sh",
            f"sudo htpasswd -bc /etc/x a {planted('htpasswd')}",
            f"sudo openssl enc -k {planted('openssl')} -in x",
            f"echo 'x x/root_password password {planted('selections')}' | sudo debconf-set-selections",
            f"sudo sh -c \"echo machine h login a password {planted('netrc')} > /root/.netrc\"",
            f"curl -k -b 'session={planted('cookie')}' -E cert.pem:{planted('certificate')} https://example.org/",
            f"curl -k --netrc-file <(echo \"machine x login u password {planted('in place')}\") https://example.org/",
            f"curl -k -u me:{planted('user')} http://example.org/"]


def image_of(planted, folder):
    layers, history = [{"etc/os-release": "ID=alpine\nVERSION_ID=3.19\n"}], [{"created_by": "/bin/sh -c #(nop) ADD file:1 in / "}]
    for number, command in enumerate(commands_of(planted)):
        forms = [f"/bin/sh -c {command}", f"RUN /bin/sh -c {command} # buildkit", f"RUN |1 A=b /bin/sh -c {command} # buildkit"]
        history.append({"created_by": forms[number % 3], "comment": "buildkit"})
        layers.append({f"srv/{number}": b"x" * 100})
    history += [{"created_by": f"ENV DB_PASSWORD={planted('ENV')} PATH=.:/bin", "empty_layer": True},
                {"created_by": f"ARG NPM_TOKEN={planted('ARG')}", "empty_layer": True},
                {"created_by": f"RUN |1 NPM_TOKEN={planted('argument')} /bin/sh -c sudo npm ci # buildkit"},
                {"created_by": f"cmd /S /C login --password {planted('other shell')}"},
                {"created_by": f"cmd /S /C net user x {planted('Windows')}"},
                {"created_by": f"set -x PASSWORD {planted('fish')}"},
                {"created_by": json.dumps(["curl", "-k", "-u", f"u:{planted('list')}", "https://example.org/"])},
                {"created_by": f"COPY --from=u:{planted('image')}@example.org/x /a /b # buildkit"},
                {"created_by": f"COPY http://u:{planted('COPY')}@example.org/x /x # buildkit"},
                {"created_by": f"CMD [\"mysqld\" \"--password={planted('CMD')}\"]", "empty_layer": True}]
    layers += [{name: b""} for name in "abcdefg"]
    files = {"etc/redis/redis.conf": f"bind 0.0.0.0\nprotected-mode no\nrequirepass {planted('redis')}\n",
             "app/.env": f"DB_PASSWORD={planted('.env')}\n",
             "root/.bash_history": f"mysql -uroot -p{planted('shell history')}\n",
             "etc/cron.d/backup": f"* * * * * root curl -u a:{planted('cron')} http://example.org/ | sh\n",
             "docker-entrypoint-initdb.d/a.sql": f"CREATE USER 'a'@'%' IDENTIFIED BY '{planted('SQL')}';\nGRANT ALL ON *.* TO 'a'@'%';\n",
             "etc/sudoers.d/a": f"# {planted('comment')}\na ALL=(ALL) NOPASSWD: /bin/x --password={planted('sudoers')}\n",
             "etc/ld.so.preload": "/tmp/x.so\n",
             "etc/tomcat/tomcat-users.xml": f"<tomcat-users><user username='admin' password='{planted('tomcat')}' "
                                            "roles='manager-gui'/></tomcat-users>\n",
             "etc/my.cnf": f"[mysqld]\nskip-grant-tables\nbind-address=0.0.0.0\n[client]\npassword={planted('my.cnf')}\n",
             "root/.netrc": f"machine h login a password {planted('.netrc')}\n"}
    layers.append(files)
    history.append({"created_by": "COPY . / # buildkit"})
    config = {"config": {"Env": ["PATH=.:/bin", f"API_SECRET={planted('Env')}"], "Cmd": ["x", f"--password={planted('Cmd')}"],
                         "Entrypoint": ["sh", "-c", f"mysql -p{planted('Entrypoint')}"],
                         "Healthcheck": {"Test": ["CMD-SHELL", f"curl -u a:{planted('Healthcheck')} http://h"]},
                         "Labels": {"db.password": planted("label"),
                                    "org.opencontainers.image.base.name": f"https://u:{planted('label of the base')}@h/base:latest"}},
              "history": history}
    annotations = {"db.password": planted("annotation"),
                   "org.opencontainers.image.base.name": f"u:{planted('annotation of the base')}@example.org/base:latest",
                   "org.opencontainers.image.base.digest": "sha256:" + "a" * 64}
    packed = [(tar, compress(tar, "gzip"), "gzip") for tar in map(tar_of, layers)]
    Layout(folder).add_packed_image("a", packed, config_members=config, annotations=annotations)
    return folder


@pytest.fixture
def planted():
    return Planted()


def test_commands_without_a_server(assay, scan, alpine_data, planted, tmp_path):
    target = f"oci:{image_of(planted, tmp_path / 'image')}:a"
    Layout(tmp_path / "other").add_image("a", [{"etc/os-release": "ID=alpine\nVERSION_ID=3.19\n"}])
    for form in FORMATS:
        done = scan("--format", form, target)
        planted.check(done.stdout + done.stderr, f"scan --format {form}")
    report = json.loads(scan("--format", "json", target).stdout)
    rules = {one["id"] for one in report["findings"]}
    assert {"password-set", "credentials-in-command", "secret-in-env", "sudo", "tls-unverified"} <= rules
    # What is shown says enough to find the place.
    shown = {one["evidence"] for one in report["findings"] if one["id"] == "password-set"}
    assert "RUN echo 'root:****' | chpasswd" in shown and "RUN echo **** | sudo passwd --stdin root" in shown
    for form in "json", "table":
        planted.check(assay("shed", "--no-cache", "--data", alpine_data, "--format", form, target).stdout, f"shed --format {form}")
        for rule in sorted(rules):
            planted.check(assay("explain", "--data", alpine_data, "--format", form, target, rule, check=None).stdout, f"explain {rule}")
    for form in "json", "table", "markdown":
        planted.check(assay("diff", "--data", alpine_data, "--format", form, f"oci:{tmp_path}/other:a", target).stdout, "diff")
    layers = json.loads(assay("shed", "--no-cache", "--data", alpine_data, "--format", "json", target).stdout)["layers"]
    assert layers[1]["command"] == "/bin/sh -c echo 'root:****' | chpasswd" and all("command" in layer for layer in layers)


def test_a_dockerfile(assay, planted, tmp_path):
    lines = ["FROM debian", f"ENV DB_PASSWORD={planted('ENV')} A=b", f"ENV API_TOKEN {planted('ENV of old')}",
             f"ARG NPM_TOKEN={planted('ARG')}", f"LABEL a=b db.password=\"{planted('LABEL')}\"",
             f"ADD http://u:{planted('ADD')}@example.org/x /x", f"CMD mysqld --password={planted('CMD')}",
             f"HEALTHCHECK CMD curl -u a:{planted('HEALTHCHECK')} http://h", *(f"RUN {one}" for one in commands_of(planted)),
             *(f"ONBUILD RUN {one}" for one in commands_of(planted)),
             "RUN <<EOF", *commands_of(planted), "EOF", f"RUN [\"sudo\", \"mysql\", \"-p{planted('list')}\"]"]
    (tmp_path / "Dockerfile").write_text("\n".join(lines) + "\n")
    for form in "json", "table", "sarif", "junit", "markdown":
        done = assay("scan", "--dockerfile", tmp_path / "Dockerfile", "--format", form)
        planted.check(done.stdout + done.stderr, f"scan --dockerfile --format {form}")


def test_a_server(server, push, planted, tmp_path):
    digest = push(server, image_of(planted, tmp_path / "image"), "a", "team/app")
    assert server.wait_for_scan("team/app", digest)["state"] == "done"
    for path in (f"images/{digest}/findings?limit=1000", f"images/{digest}/shed?limit=1000", f"images/{digest}/base",
                 f"images/{digest}/packages?limit=1000", f"images/{digest}/verdict", f"images/{digest}/sbom", "images?limit=100",
                 f"images/{digest}/findings?format=sarif", f"images/{digest}/findings?format=table"):
        planted.check(server.request("GET", f"/api/v1/{path}").content, path)
    shed = server.get_json(f"/api/v1/images/{digest}/shed")
    assert shed["layers"][2]["command"] == "RUN /bin/sh -c echo **** | sudo passwd --stdin root # buildkit"
    planted.check(server.log_text(), "the log")
    server.stop()
    manifest = {name for name in planted.values if name.startswith("annotation")}
    for name in manifest:
        del planted.values[name]  # a manifest is kept as it was pushed
    for folder, _, names in os.walk(server.folder / "data"):
        for name in names:
            if "/blobs" not in folder:
                with open(os.path.join(folder, name), "rb") as file:
                    planted.check(file.read(), f"{folder}/{name}")

"""nginx and Redis judge how their settings are read: they are started on random configurations, with files that these take in, and what they
then do or say must be what the findings say."""
import http.client
import os
import random
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from assay_server import free_port
from judges import findings, here

ROUNDS = range(12)


@pytest.fixture
def open_folder():
    """A short path, as sockets want it, that other users may enter."""
    with tempfile.TemporaryDirectory(prefix="assay-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def wait_for(condition, process):
    for _ in range(200):
        if condition():
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.05)
    return False


# --- nginx ---

DECOYS = ["# autoindex on; server_tokens on;", 'add_header X-A "autoindex on; {";', "add_header X-B 'server_tokens on;';", "add_header X-C a#b;",
          'add_header X-E "a\\";b";', "add_header X-F ${host};"]


def settings_of(chance, share=0.5):
    """Each at most once: nginx takes none twice in a block."""
    lines = [f"{key} {chance.choice(['on', 'off'])};" for key in ("autoindex", "server_tokens") if chance.random() < share]
    lines += chance.sample(DECOYS, chance.randint(0, 2))
    chance.shuffle(lines)
    return lines


def nginx_files(chance, folder):
    """({path: text}, [(socket, path of a request)])"""
    files, asked, servers = {}, [], []
    for number in range(chance.randint(1, 3)):
        listen = f"{folder}/s{number}"
        lines = [f"listen unix:{listen};", f"root {folder}/www;", *settings_of(chance)]
        if chance.random() < 0.4:
            lines.append(f"include {chance.choice(['', '/etc/nginx/'])}snippets/{number}*.conf;")
            inner = settings_of(chance, 0 if any(line.startswith(("autoindex", "server_tokens")) for line in lines) else 0.5)
            files[f"etc/nginx/snippets/{number}-a.conf"] = "\n".join(inner) + "\n"
        for place in chance.sample(["/files/", "/", "= /exact/"], chance.randint(0, 2)):
            blanks = chance.choice([" ", "\n  ", "\t"])
            lines.append(f"location{blanks}{place} {{ {' '.join(line for line in settings_of(chance) if '#' not in line)} }}")
            asked.append((listen, place.split()[-1]))
        asked.append((listen, "/other/"))
        servers.append("server {\n" + "\n".join(lines) + "\n}")
    apart = [server for server in servers if chance.random() < 0.5]
    for number, server in enumerate(apart):
        files[f"etc/nginx/conf.d/{chance.choice(['a', 'Z', '9'])}{number}.conf"] = server
    files["etc/nginx/conf.d/off.conf.bak"] = f"server {{ listen unix:{folder}/off; autoindex on; server_tokens on; }}"
    paths = [f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
    rest = [server for server in servers if server not in apart]
    whole = [*settings_of(chance), "include /etc/nginx/conf.d/*.conf;", *rest]
    chance.shuffle(whole)
    user = chance.choice(["user root;", "user nobody nogroup;", "user nobody root;"])
    files["etc/nginx/nginx.conf"] = "\n".join([user, f"pid {folder}/pid;", "events {}", "http {", *paths, "access_log off;", *whole, "}"]) + "\n"
    return files, asked


def answer(path, target):
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(path)
    connection.request("GET", target)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


def users_of_workers(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return {int(Path(f"/proc/{child}/status").read_text(encoding="utf-8").split("\nUid:")[1].split()[0]) for child in children}


@pytest.mark.parametrize("seed", ROUNDS)
def test_nginx(judge, scan, tmp_path, open_folder, seed):
    for name in ("files", "exact", "other"):
        (open_folder / "www" / name).mkdir(parents=True)
    files, asked = nginx_files(random.Random(seed), open_folder)
    here(open_folder, files)
    program, log = judge.root / "usr/sbin/nginx", open_folder / "log"
    if not program.is_file() or os.geteuid() != 0:
        pytest.skip("nginx is not to be had, or this is not root, who could run it as another user")
    with subprocess.Popen([program, "-p", open_folder, "-e", log, "-g", "daemon off;", "-c", open_folder / "etc/nginx/nginx.conf"]) as server:
        try:
            if not wait_for(lambda: (open_folder / "pid").is_file(), server):
                pytest.fail(log.read_text(encoding="utf-8"))
            answers = {one: answer(*one) for one in asked}
            users = users_of_workers(server.pid)
        finally:
            server.terminate()
    lists = any(one.status == 200 for one in answers.values())
    tells = any("/" in one.getheader("Server") for one in answers.values())
    found = {rule for rule, _ in findings(scan, tmp_path, files, "nginx")}
    told = {one: (response.status, response.getheader("Server")) for one, response in answers.items()}
    assert ("nginx-lists-folders" in found) == lists, (files, told, found)
    assert ("nginx-tells-version" in found) == tells, (files, told, found)
    assert ("nginx-runs-as-root" in found) == (0 in users), (files, users, found)


# --- Redis ---

USERS = ["user default on nopass ~* &* +@all", "user default on >{word} ~* +@all", "user default on nopass >{word} ~* +@all",
         "user default on >{word} nopass ~* +@all", "user default off nopass ~* +@all", "user other on nopass ~* +@all",
         "user default on nopass ~* resetpass >{word} +@all", "user default reset on nopass ~* +get", "user default on nopass ~* -@all"]
WORDS = {"secret": True, "Nobody-guesses-7": False}


def redis_text(chance, users):
    choices = ["bind 0.0.0.0", "bind 127.0.0.1 -::1", "bind * -::*", "BIND 127.0.0.1", "protected-mode no", "protected-mode yes", "Protected-Mode NO",
               "# protected-mode no", 'requirepass ""', "requirepass {word}", "RequirePass '{word}'", "# requirepass {word}", "protected-mode \"no\"",
               "tcp-backlog 128"]
    lines = [chance.choice(choices) for _ in range(chance.randint(0, 5))]
    if users and chance.random() < 0.4:
        lines.append(chance.choice(USERS))
    chance.shuffle(lines)
    return [line.replace("{word}", chance.choice(list(WORDS))) for line in lines]


def redis_files(chance):
    files = {}
    lines = redis_text(chance, True)
    if chance.random() < 0.7:
        lines.insert(chance.randint(0, len(lines)), "include /etc/redis/conf.d/*.conf")
        for name in chance.sample(["a.conf", "b.conf", "c.conf.off"], 2):
            files[f"etc/redis/conf.d/{name}"] = "\n".join(redis_text(chance, False)) + "\n"
    if chance.random() < 0.3 and not any(line.startswith("user ") for line in lines):
        lines.append("aclfile /etc/redis/users.acl")
        files["etc/redis/users.acl"] = "\n".join(chance.sample(USERS, 1)).replace("{word}", chance.choice(list(WORDS))) + "\n"
    files["etc/redis/redis.conf"] = "\n".join(lines) + "\n"
    return files


JUDGE = "user judge on >judge ~* &* +@all"


def ask(path, *words, sure=False):
    """The answer of one command, as text; `sure`: as the user of the test's own."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(path)
        if sure:
            connection.sendall(b"AUTH judge judge\r\n")
            assert connection.recv(100) == b"+OK\r\n"
        connection.sendall("".join([f"*{len(words)}\r\n", *(f"${len(word)}\r\n{word}\r\n" for word in words)]).encode())
        return connection.recv(65536).decode()


def setting_of(path, name):
    return ask(path, "CONFIG", "GET", name, sure=True).split("\r\n")[4]


@pytest.mark.parametrize("seed", range(24))
def test_redis(judge, scan, tmp_path, open_folder, seed):
    """Over its socket whoever comes is the user "default"; whether a stranger is let in follows from what the server says it has."""
    files = redis_files(random.Random(seed))
    here(open_folder, files)
    with open(open_folder / min(files, key=("etc/redis/users.acl", "etc/redis/redis.conf", *files).index), "a", encoding="utf-8") as own:
        own.write(f"{JUDGE}\n")
    program, path = judge.root / "usr/bin/redis-server", str(open_folder / "socket")
    if not program.exists():
        pytest.skip("Redis is not to be had")
    libraries = ":".join(str(judge.root / folder) for folder in ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"))
    settings = ["--unixsocket", path, "--port", str(free_port()), "--dir", str(open_folder), "--logfile", str(open_folder / "log"), "--save", ""]
    with subprocess.Popen([program, open_folder / "etc/redis/redis.conf", *settings], env={"LD_LIBRARY_PATH": libraries}) as server:
        try:
            if not wait_for(lambda: os.path.exists(path), server):
                pytest.fail((open_folder / "log").read_text(encoding="utf-8"))
            let_in = not ask(path, "GET", "x").startswith(("-NOAUTH", "-NOPERM"))
            taken = {word for word in [*WORDS, "wrong"] if ask(path, "AUTH", "default", word).startswith("+OK")}
            weak = not let_in and "wrong" not in taken and any(WORDS[word] for word in taken)
            bind, guard = (setting_of(path, name) for name in ("bind", "protected-mode"))
        finally:
            server.terminate()
    expected = {"redis-no-password"} if let_in and guard == "no" and not bind.startswith("127.") else set()
    expected |= {"redis-weak-password"} if weak else set()
    found = {rule for rule, _ in findings(scan, tmp_path, files, "redis-server")}
    assert found == expected, (files, let_in, weak, bind, guard)

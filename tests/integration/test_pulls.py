"""Bodies of blobs, whole and in ranges, by sendfile: every byte arrives, whatever the steps in which it left."""
import hashlib
import http.client
import random
import threading

STEP, LIBRARY_STEP = 4 << 20, 128 << 10
# Around the steps in which libmicrohttpd sends, and those of src/server/http/sendfile.c (build option long_sendfile_steps).
SIZES = [1, LIBRARY_STEP - 1, LIBRARY_STEP, LIBRARY_STEP + 1, 2 * LIBRARY_STEP, 2 * LIBRARY_STEP + 1, STEP,
         STEP + LIBRARY_STEP, STEP + LIBRARY_STEP + 1, 3 * STEP + 4711]
CONTENT = random.Random(1).randbytes(3 * STEP + 4711)
RANGES = [(0, 3 * STEP), (1, STEP + LIBRARY_STEP), (LIBRARY_STEP, 2 * STEP + 1), (STEP - 1, STEP + 2 * LIBRARY_STEP)]


def put(server, content):
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    answer = server.request("POST", f"/v2/team/pulls/blobs/uploads/?digest={digest}", data=content,
                            headers={"Content-Type": "application/octet-stream"})
    assert answer.status_code == 201, answer.text
    return f"/v2/team/pulls/blobs/{digest}"


def get(connection, path, headers=None):
    connection.request("GET", path, headers=headers or {})
    answer = connection.getresponse()
    return answer.status, answer.read()


def check_all(connection, paths):
    """On one kept connection, so that a byte too many or too few spoils the next answer."""
    for size, path in paths:
        assert get(connection, path) == (200, CONTENT[:size]), f"{size} bytes"
    whole = paths[-1][1]
    for first, size in RANGES:
        status, body = get(connection, whole, {"Range": f"bytes={first}-{first + size - 1}"})
        assert (status, body) == (206, CONTENT[first:first + size]), f"{size} bytes from {first}"


def test_plain(server):
    paths = [(size, put(server, CONTENT[:size])) for size in SIZES]
    check_all(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60), paths)
    failures = []

    def pull():
        try:
            check_all(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60), paths)
        except AssertionError as failure:
            failures.append(failure)

    threads = [threading.Thread(target=pull) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]


def test_client_that_goes_away(server):
    path = put(server, CONTENT)
    for _ in range(20):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("GET", path)
        assert connection.getresponse().read(1000) == CONTENT[:1000]
        connection.close()
    assert get(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60), path) == (200, CONTENT)

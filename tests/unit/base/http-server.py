"""A small HTTP server that behaves well or badly by path, for test-http-client.c.

Prints its port; ends when its standard input closes. A path's first part is the behaviour, and
`?n` keeps the state of test cases apart. /count/PATH tells how often PATH was asked for.
"""
import http.server
import os
import sys
import threading
import time
import urllib.parse

BODY = bytes(range(256)) * 400
seen = {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        count = seen[self.path] = seen.get(self.path, 0) + 1
        # A proxy is asked for the whole address.
        behaviour = self.path.removeprefix("http://upstream.invalid").split("/")[1].split("?")[0]
        getattr(self, "do_" + behaviour)(count)

    do_HEAD = do_GET

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind = self.headers.get("Content-Type", "none")
        self.answer(200, self.command.encode() + b" " + kind.encode() + b" " + body)

    do_PUT = do_POST

    def do_count(self, count):
        self.answer(200, str(seen.get(self.path[len("/count"):], 0)).encode())

    def do_plain(self, count):
        self.answer(200, BODY, X_Kind="plain")

    def do_retry_after(self, count):
        self.answer(503, b"", Retry_After=urllib.parse.unquote(self.path.split("/")[2]))

    def do_empty(self, count):
        self.answer(200, b"", ETag='"e"')

    def do_etag(self, count):
        if self.headers.get("If-None-Match") == '"v1"':
            return self.answer(304, ETag='"v1"')
        self.answer(200, BODY, ETag='"v1"')

    def do_date(self, count):
        date = "Mon, 01 Jan 2024 00:00:00 GMT"
        if self.headers.get("If-Modified-Since") == date:
            return self.answer(304)
        self.answer(200, BODY, Last_Modified=date)

    def cut(self, tag, body=BODY):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", tag)
        self.end_headers()
        self.wfile.write(body[:30000])
        self.close_connection = True

    def do_cut(self, count):
        """Cut at first; then only a Range that goes on from there gets the rest."""
        if count == 1:
            return self.cut('"c"')
        if self.headers.get("Range") == "bytes=30000-" and self.headers.get("If-Range") == '"c"':
            rest = BODY[30000:]
            return self.answer(206, rest, ETag='"c"',
                               Content_Range=f"bytes 30000-{len(BODY) - 1}/{len(BODY)}")
        self.answer(400)

    def do_changed(self, count):
        """Cut, and then the file is another: the whole new one comes."""
        self.cut('"old"', b"x" * len(BODY)) if count == 1 else self.answer(200, BODY, ETag='"new"')

    def do_wrongrange(self, count):
        if count == 1:
            return self.cut('"w"')
        self.answer(206, BODY[:10], ETag='"w"', Content_Range=f"bytes 0-9/{len(BODY)}")

    def do_spliced(self, count):
        """Goes on with another file, and lets it be known; from the start on it gives the whole."""
        if count == 1:
            return self.cut('"old"', b"x" * len(BODY))
        if self.headers.get("Range"):
            return self.answer(206, BODY[30000:], ETag='"new"',
                               Content_Range=f"bytes 30000-{len(BODY) - 1}/{len(BODY)}")
        self.answer(200, BODY, ETag='"new"')

    def do_limited(self, count):
        """Asks for a second's pause, and takes it ill when it is not kept."""
        if count == 1:
            Handler.asked = time.monotonic()
            return self.answer(429, Retry_After="1")
        self.answer(200 if time.monotonic() - Handler.asked >= 0.9 else 400, BODY)

    def do_alwayscut(self, count):
        self.cut('W/"weak"')

    def do_busy(self, count):
        self.answer(503) if count < 3 else self.answer(200, BODY)

    def do_gone(self, count):
        self.answer(404, b"no such thing")

    def do_private(self, count):
        self.answer(401)

    def do_redirect(self, count):
        self.answer(302, b"elsewhere", Location="/plain", X_Kind="redirect")

    def do_loop(self, count):
        self.answer(302, Location="/loop")

    def do_away(self, count):
        """To another host, which must not see the Authorization."""
        port = self.server.server_address[1]
        self.answer(302, Location=f"http://localhost:{port}/authorization")

    def do_authorization(self, count):
        self.answer(200, self.headers.get("Authorization", "none").encode())

    def do_silent(self, count):
        time.sleep(3)
        self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
os._exit(0)

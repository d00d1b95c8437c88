"""Serves the files of a folder over HTTP, as a provider would its documents, for test-issuer.c.

usage: issuer-server.py FOLDER

Prints its port; ends when its standard input closes. `FOLDER/asked` gets a line for each path. A file `X.to` holds where X is
redirected to; while there is `X.slow`, X waits.
"""
import http.server
import os
import sys
import threading
import time
from pathlib import Path

FOLDER = Path(sys.argv[1])


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_GET(self):
        with open(FOLDER / "asked", "a") as asked:
            asked.write(self.path + "\n")
        name = self.path.rsplit("/", 1)[-1]
        moved = FOLDER / (name + ".to")
        if moved.exists():
            self.send_response(302)
            self.send_header("Location", moved.read_text())
            self.end_headers()
            return
        while (FOLDER / (name + ".slow")).exists():
            time.sleep(0.01)
        path = FOLDER / name
        body = path.read_bytes() if path.exists() else b""
        self.send_response(200 if path.exists() else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def end_with_parent():
    sys.stdin.read()
    os._exit(0)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
threading.Thread(target=end_with_parent, daemon=True).start()
server.serve_forever()

"""A registry with faults. A stand-in: no real registry lies or breaks off at will, and a token server needs accounts that a
test cannot have."""
import base64
import http.server
import json
import threading

from oci_layout import MANIFEST, reachable


class Registry:
    """Serves the manifest of tag "latest" of a layout, by default as team/alpine:v1."""

    def __init__(self, layout, repository="team/alpine"):
        self.blobs, self.asked, self.ranges = reachable(layout, "latest"), [], []
        self.manifest = json.loads((layout / "index.json").read_text())["manifests"][0]["digest"]
        self.layers = {layer["digest"] for layer in json.loads(self.blobs[self.manifest])["layers"]}
        self.token, self.cut, self.changed, self.knows_ranges = None, 0, {}, True
        self.expires, self.busy = False, []
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments):
                pass

            def answer(self, status, body, **headers):
                self.send_response(status)
                for name, value in {"Content-Length": len(body), **headers}.items():
                    self.send_header(name.replace("_", "-"), str(value))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                registry.asked.append(self.path)
                if registry.busy:
                    status, wait = registry.busy.pop(0)
                    body = json.dumps({"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]}).encode()
                    self.answer(status, body, **({} if wait is None else {"Retry_After": wait}))
                    return
                if self.path.startswith("/token"):
                    good = self.headers.get("Authorization") == "Basic " + base64.b64encode(b"me:secret").decode()
                    self.answer(200 if good else 401, json.dumps({"token": registry.token}).encode())
                    return
                if registry.token and self.headers.get("Authorization") != f"Bearer {registry.token}":
                    realm = f'Bearer realm="http://127.0.0.1:{registry.port}/token",service="a, b",scope="x"'
                    self.answer(401, b"{}", WWW_Authenticate=realm)
                    return
                name = registry.manifest if self.path.endswith("/manifests/v1") else self.path.rpartition("/")[2]
                body = registry.changed.get(name, registry.blobs.get(name))
                if registry.expires:  # every token is good for one request
                    registry.token = f"token-{len(registry.asked)}"
                if body is None:
                    self.answer(404, b"no such page")
                elif "/manifests/" in self.path:
                    self.answer(200, body, Content_Type=MANIFEST)
                else:
                    self.send_blob(body, name in registry.layers)

            def send_blob(self, body, is_layer):
                start = 0
                if self.headers.get("Range") and registry.knows_ranges:
                    start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
                    registry.ranges.append(start)
                if registry.cut and is_layer:
                    registry.cut -= 1
                    self.send_response(206 if start else 200)
                    self.send_header("Content-Length", str(len(body) - start))
                    self.end_headers()
                    self.wfile.write(body[start:start + 50])
                    self.close_connection = True
                    return
                self.answer(206 if start else 200, body[start:])

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.target = f"docker://127.0.0.1:{self.port}/{repository}:v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

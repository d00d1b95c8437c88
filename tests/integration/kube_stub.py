"""A small server that answers as the API of Kubernetes does for secrets and service accounts. A stand-in: the real one takes minutes to build
(kube.py), and test_kubernetes.py asks it where it is there. What it answers was recorded from it."""
import base64
import http.server
import json
import ssl
import threading


def docker_secret(name, auths, old=False):
    """A Secret with credentials: {registry: (user, password)}."""
    entries = {key: {"auth": base64.b64encode(":".join(login).encode()).decode()} for key, login in auths.items()}
    text = json.dumps(entries if old else {"auths": entries})
    member, kind = (".dockercfg", "dockercfg") if old else (".dockerconfigjson", "dockerconfigjson")
    return {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": name}, "type": f"kubernetes.io/{kind}",
            "data": {member: base64.b64encode(text.encode()).decode()}}


class ApiStub:
    """objects: {(namespace, resource, name): object}; asked: what was; behave: called with the handler instead of an answer."""

    def __init__(self, certs, token):
        self.objects, self.asked, self.token, self.behave = {}, [], token, None
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *arguments):
                pass

            def do_GET(self):
                stub.asked.append(self.path)
                if stub.behave is not None:
                    stub.behave(self)
                    return
                *_, namespace, resource, name = self.path.split("/")
                found = stub.objects.get((namespace, resource, name))
                status = 401 if self.headers["Authorization"] != f"Bearer {stub.token}" else 200 if found else 404
                said = found if status == 200 else {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status}
                body = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certs / "tls.crt", certs / "tls.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def put(self, namespace, resource, item):
        self.objects[(namespace, resource, item["metadata"]["name"])] = item

    def close(self):
        self.server.shutdown()
        self.server.server_close()

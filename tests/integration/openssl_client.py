"""A TLS client on OpenSSL's library itself: Python's own cannot change keys, or ask for another handshake, in the middle."""
import contextlib
import ctypes
import socket
import struct

CONTROL_MIN_VERSION, CONTROL_MAX_VERSION, VERSIONS = 123, 124, {"1.2": 0x0303, "1.3": 0x0304}
UPDATE_REQUESTED = 1

library = ctypes.CDLL("libssl.so.3", use_errno=True)
crypto = ctypes.CDLL("libcrypto.so.3")
crypto.ERR_get_error.restype = ctypes.c_ulong
crypto.ERR_error_string_n.argtypes = [ctypes.c_ulong, ctypes.c_char_p, ctypes.c_size_t]
for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
    getattr(library, name).restype = ctypes.c_void_p
for name in ("SSL_CTX_new", "SSL_new", "SSL_free", "SSL_CTX_free", "SSL_connect", "SSL_renegotiate"):
    getattr(library, name).argtypes = [ctypes.c_void_p]
library.SSL_CTX_ctrl.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_void_p]
library.SSL_set_fd.argtypes = library.SSL_key_update.argtypes = [ctypes.c_void_p, ctypes.c_int]
library.SSL_get_error.argtypes = [ctypes.c_void_p, ctypes.c_int]
library.SSL_read.argtypes = library.SSL_write.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]


class Connection:
    """Looks like a socket, as far as the tests need it. It does not look at the certificate."""

    def __init__(self, handle, plain):
        self.handle, self.plain, self.buffer = handle, plain, ctypes.create_string_buffer(65536)

    def sendall(self, data):
        assert library.SSL_write(self.handle, data, len(data)) == len(data)

    def recv(self, size):
        """b"" also where the connection is broken."""
        got = library.SSL_read(self.handle, self.buffer, min(size, len(self.buffer)))
        return self.buffer.raw[:got] if got > 0 else b""

    def recv_some(self, size):
        """At least a byte."""
        got = library.SSL_read(self.handle, self.buffer, min(size, len(self.buffer)))
        if got <= 0:
            kind, text = library.SSL_get_error(self.handle, got), ctypes.create_string_buffer(256)
            crypto.ERR_error_string_n(crypto.ERR_get_error(), text, len(text))
            raise ConnectionError(f"SSL_read: error {kind}, {text.value.decode()}, errno {ctypes.get_errno()}")
        return self.buffer.raw[:got]

    def change_keys(self):
        """Ours, and the other side is told to change its own; sent at once."""
        assert library.SSL_key_update(self.handle, UPDATE_REQUESTED) == 1
        self.sendall(b"")

    def renegotiate(self):
        """Asks for another handshake (TLS 1.2): with what is sent or read next."""
        assert library.SSL_renegotiate(self.handle) == 1


@contextlib.contextmanager
def connection(server, version):
    context = library.SSL_CTX_new(library.TLS_client_method())
    for control in (CONTROL_MIN_VERSION, CONTROL_MAX_VERSION):
        library.SSL_CTX_ctrl(context, control, VERSIONS[version], None)
    handle = library.SSL_new(context)
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as plain:
        plain.settimeout(None)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 60, 0))
        library.SSL_set_fd(handle, plain.fileno())
        try:
            assert library.SSL_connect(handle) == 1
            yield Connection(handle, plain)
        finally:
            library.SSL_free(handle)
            library.SSL_CTX_free(context)

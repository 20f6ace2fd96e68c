"""HTTP/1.1 with keep-alive on a thread per connection; plain or TLS."""

import re
import select
import ssl
import sys
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .errors import DropConnection, HoldConnection
from .messages import Request
from .router import internal_failure, route

_MAX_BODY = 1 << 20
_HOLD_CHECK_SECONDS = 0.2


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512
    allow_reuse_address = True

    def __init__(self, port, lab, tls=None):
        """`tls` is (certificate file, key file) or None."""
        self.lab = lab
        self._tls = None
        if tls is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(*tls)
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def endpoint(self):
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self.server_address[1]}"

    def finish_request(self, request, client_address):
        # The TLS handshake belongs to the connection's thread, not to the accept loop.
        if self._tls is not None:
            request.settimeout(10)
            request = self._tls.wrap_socket(request, server_side=True)
            request.settimeout(None)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        problem = sys.exc_info()[1]
        if not isinstance(problem, (ConnectionError, ssl.SSLError, TimeoutError)):
            traceback.print_exc()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "lab"
    sys_version = ""
    timeout = 60
    disable_nagle_algorithm = True
    wbufsize = -1  # one write per answer

    def _serve(self):
        try:
            body = self._body()
            if body is None:
                return
            request = Request(self.command, self.path, list(self.headers.items()), body)
            response = route(request, self.server.lab)
        except DropConnection:
            self.close_connection = True
            return
        except HoldConnection:
            self._hold()
            return
        except Exception:  # a bug of the lab: say so, keep serving
            traceback.print_exc()
            response = internal_failure("see stderr")
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != 204:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve

    def _body(self):
        if not re.fullmatch(r"/[\x21-\x7e]*", self.path):
            self.send_error(400, "the request target is not origin-form")
            return None
        if "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self.send_error(411)
            return None
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()) or int(length) > _MAX_BODY:
            self.close_connection = True
            self.send_error(413)
            return None
        return self.rfile.read(int(length))

    def _hold(self):
        self.close_connection = True
        while not self.server.lab.stopping.is_set():
            readable, _, _ = select.select([self.connection], [], [], _HOLD_CHECK_SECONDS)
            if readable:  # closed by the client, or more that will not be answered
                return

    def date_time_string(self, timestamp=None):
        return super().date_time_string(timestamp or self.server.lab.clock.now())

    def log_message(self, format, *arguments):
        """The decision log is the log; request lines would only repeat it."""

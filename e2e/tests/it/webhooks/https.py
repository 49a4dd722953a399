"""Takes webhooks in TLS, and prints on which port: https.py PORT=CERTIFICATE..."""

import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        print("taken on", self.server.server_port, flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


for argument in sys.argv[1:]:
    port, certificate = argument.split("=", 1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), Receiver)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever).start()
print("ready", flush=True)

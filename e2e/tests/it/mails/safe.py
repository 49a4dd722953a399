"""A mail server that wants a login, and prints what it hears: safe.py PORT none|starttls|tls CERTIFICATE"""

import asyncio
import logging
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Post:
    async def handle_DATA(self, server, session, envelope):
        print("taken for", envelope.rcpt_tos[0], flush=True)
        return "250 OK"


port, security, certificate = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate)
tls = {
    "none": {},
    "starttls": {"tls_context": context, "require_starttls": True},
    "tls": {"ssl_context": context},
}
logging.basicConfig(level=logging.INFO, stream=sys.stdout)
post = Controller(
    Post(),
    hostname="127.0.0.1",
    port=int(port),
    auth_required=True,
    auth_require_tls=security == "starttls",
    authenticator=lambda *_: AuthResult(success=True),
    **tls[security],
)
post.start()
print("ready", flush=True)
asyncio.new_event_loop().run_forever()

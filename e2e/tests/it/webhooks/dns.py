"""A DNS that answers each question with another address, and with the last one for good:
dns.py OWN-ADDRESS NAME=ADDRESS,ADDRESS...
"""

import sys

from dnslib import QTYPE, RR, A
from dnslib.server import BaseResolver, DNSServer


class Rebinding(BaseResolver):
    def __init__(self, names):
        self.names = {name: addresses.split(",") for name, addresses in names}

    def resolve(self, request, handler):
        reply = request.reply()
        name = str(request.q.qname).rstrip(".").lower()
        left = self.names.get(name, [])
        if request.q.qtype == QTYPE.A and left:
            address = left.pop(0) if len(left) > 1 else left[0]
            print("answered", name, address, flush=True)
            reply.add_answer(RR(request.q.qname, QTYPE.A, rdata=A(address), ttl=0))
        return reply


class Silent:
    def __getattr__(self, _):
        return lambda *_: None


names = Rebinding(name.split("=", 1) for name in sys.argv[2:])
server = DNSServer(names, address=sys.argv[1], port=53, logger=Silent())
print("ready", flush=True)
server.start()

"""The edge through the cluster's ingress, in TLS: over REST, as a stream of events, and over gRPC."""

import http.client
import json
import os
import socket
import ssl
import subprocess

from shop import order

HOST = "api.local"


class Through(http.client.HTTPSConnection):
    """A connection to a place that is called by another name, which its certificate has."""

    def __init__(self, place, authority):
        super().__init__(HOST, timeout=30, context=ssl.create_default_context(cafile=authority))
        self.place = place

    def connect(self):
        address, port = self.place.split(":")
        self.sock = self._context.wrap_socket(socket.create_connection((address, int(port)), 30), server_hostname=HOST)


def the_ingress_speaks_rest_streams_and_grpc_in_tls(shop):
    """INGRESS is where it is, INGRESS_AUTHORITY who signs its certificates, DESCRIPTORS has the contracts."""
    place, authority = os.environ["INGRESS"], os.environ["INGRESS_AUTHORITY"]
    sku, customer = shop.product(1), shop.customer()
    headers = {"authorization": f"Bearer {customer.token}", "content-type": "application/json"}

    rest = Through(place, authority)
    rest.request("POST", "/v1/orders", json.dumps(order(sku)), headers | {"idempotency-key": sku})
    reply = rest.getresponse()
    placed = json.loads(reply.read())
    assert reply.status == 201, placed

    stream = Through(place, authority)
    stream.request("GET", f"/v1/orders/{placed['orderId']}:watch", headers=headers | {"accept": "text/event-stream"})
    events = stream.getresponse()
    assert events.status == 200, events.status
    # It comes while the stream is open, which the order keeps it until it has arrived.
    first = next(line for line in events if line.startswith(b"data:"))
    assert placed["orderId"].encode() in first, first
    stream.close()

    method = "tradewind.orders.v1.OrdersService/GetOrder"
    call = [
        *["grpcurl", "-cacert", authority, "-authority", HOST, "-servername", HOST],
        *["-protoset", os.environ["DESCRIPTORS"], "-H", f"authorization: {headers['authorization']}"],
        *["-d", json.dumps({"orderId": placed["orderId"]}), place, method],
    ]
    said = subprocess.run(call, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)["order"]["orderId"] == placed["orderId"], said.stdout
    return "REST, server-sent events, gRPC"

"""The mesh as its customers see it, over REST."""

import http.client
import json
import time
import uuid
from urllib.parse import urlsplit

# Not there, or asked too often.
BUSY = (503, 429)


class Door:
    """One connection, which is opened when it is needed, as one user."""

    def __init__(self, url, token=None):
        self.host = urlsplit(url).netloc
        self.token = token
        self.connection = None

    def call(self, method, path, body=None):
        """The status, and what came with it."""
        self.connection = self.connection or http.client.HTTPConnection(self.host, timeout=30)
        headers = {"content-type": "application/json", "idempotency-key": str(uuid.uuid4())}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        try:
            self.connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            reply = self.connection.getresponse()
            text = reply.read()
        except Exception:
            self.close()
            raise
        if reply.will_close:
            self.close()
        return reply.status, json.loads(text or b"{}")

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def expect(self, method, path, body=None):
        """What came of it, which has to be good; asks again for a minute while the mesh is not there."""
        deadline = time.monotonic() + 60
        while True:
            try:
                status, reply = self.call(method, path, body)
                if status not in BUSY:
                    break
            except OSError as error:
                status, reply = BUSY[0], str(error)
            assert time.monotonic() < deadline, f"{method} {path}: {status} {reply}"
            time.sleep(0.2)
        assert status < 300, f"{method} {path}: {status} {reply}"
        return reply


class Shop:
    def __init__(self, url, email, password):
        self.url = url
        self.administrator = {"email": email, "password": password}
        self.signed_in = None

    @property
    def admin(self):
        """The administrator's door, who signs in again before the token expires, which is after 15 minutes."""
        if self.signed_in is None or time.monotonic() > self.signed_in[1]:
            began = time.monotonic()
            reply = Door(self.url).expect("POST", "/v1/auth/login", self.administrator)
            self.signed_in = Door(self.url, reply["accessToken"]), began + 10 * 60
        return self.signed_in[0]

    def product(self, units):
        """A new one, with so many units on hand: its SKU."""
        sku = f"SKU-{uuid.uuid4().hex[:12]}"
        price = {"currencyCode": "GBP", "units": "12", "nanos": 500_000_000}
        self.admin.expect("POST", "/v1/products", {"sku": sku, "title": "A thing", "price": price})
        adjustment = {"delta": str(units), "reason": "delivery"}
        self.admin.expect("POST", f"/v1/stock/{sku}:adjust", adjustment)
        return sku

    def customer(self):
        """A new one's door."""
        body = {"email": f"{uuid.uuid4().hex}@example.com", "password": "correct horse", "displayName": "A buyer"}
        return Door(self.url, Door(self.url).expect("POST", "/v1/auth/register", body)["accessToken"])

    def shipments(self, order):
        return self.admin.expect("GET", f"/v1/shipments?orderId={order}").get("shipments", [])


def order(sku):
    """The body of one."""
    address = {"name": "A buyer", "lines": ["1 Quay Street"], "city": "Bristol", "postalCode": "BS1 4DB", "country": "GB"}
    return {"items": [{"sku": sku, "quantity": 1}], "shipTo": address, "paymentToken": "tok_ok"}

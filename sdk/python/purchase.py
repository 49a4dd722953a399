"""A purchase, over whichever protocol: purchase.py PROTOCOL EDGE SKU.

The protocols are connect, grpc and grpc-web (by connectrpc), and REST as rest (by
openapi-python-client) and openapi-generator. It prints the ids of the order and of its shipment as JSON.
"""

import json
import sys
import time
import uuid

PASSWORD = "a long enough password"
SHIP_TO = {"name": "A buyer", "lines": ["1 Quay Street"], "city": "Bristol", "country": "GB"}


class OverConnect:
    def __init__(self, protocol, edge):
        from connectrpc.protocol import ProtocolType
        from pyqwest import HTTPVersion, SyncClient, SyncHTTPTransport

        from gen.tradewind.auth.v1 import auth_connect, auth_pb
        from gen.tradewind.catalog.v1 import catalog_connect, catalog_pb
        from gen.tradewind.orders.v1 import orders_connect, orders_pb
        from gen.tradewind.shipping.v1 import shipping_connect, shipping_pb

        # gRPC is HTTP/2 alone, also without TLS.
        version = HTTPVersion.HTTP2 if protocol == "grpc" else None
        options = {
            "protocol": ProtocolType[protocol.replace("-", "_").upper()],
            "http_client": SyncClient(SyncHTTPTransport(http_version=version)),
        }
        self.auth = auth_connect.AuthServiceClientSync(edge, **options)
        self.catalog = catalog_connect.CatalogServiceClientSync(edge, **options)
        self.orders = orders_connect.OrdersServiceClientSync(edge, **options)
        self.shipping = shipping_connect.ShippingServiceClientSync(edge, **options)
        self.auth_pb, self.catalog_pb = auth_pb, catalog_pb
        self.orders_pb, self.shipping_pb = orders_pb, shipping_pb

    def register(self, email):
        account = self.auth_pb.RegisterRequest(email=email, password=PASSWORD, display_name="A buyer")
        return self.auth.register(account).access_token

    def products(self, page):
        reply = self.catalog.list_products(self.catalog_pb.ListProductsRequest(page_token=page))
        return [product.sku for product in reply.products], reply.next_page_token

    def order(self, token, key, sku):
        pb = self.orders_pb
        item = pb.CreateOrderItem(sku=sku, quantity=1)
        request = pb.CreateOrderRequest(
            items=[item], ship_to=pb.Address(**SHIP_TO), payment_token="tok_ok"
        )
        headers = {"authorization": f"Bearer {token}", "idempotency-key": key}
        return self.orders.create_order(request, headers=headers).order.order_id

    def shipment(self, token, order):
        request = self.shipping_pb.ListShipmentsRequest(order_id=order)
        headers = {"authorization": f"Bearer {token}"}
        reply = self.shipping.list_shipments(request, headers=headers)
        return next((shipment.shipment_id for shipment in reply.shipments), None)


class OverRest:
    def __init__(self, edge):
        from gen import rest

        self.edge, self.rest = edge, rest
        # Something undocumented is an error.
        self.anybody = rest.Client(base_url=edge, raise_on_unexpected_status=True)

    def whoever_has(self, token):
        return self.rest.AuthenticatedClient(
            base_url=self.edge, token=token, raise_on_unexpected_status=True
        )

    def register(self, email):
        from gen.rest.api.auth_service import register
        from gen.rest.models import RegisterRequest

        account = RegisterRequest(email=email, password=PASSWORD, display_name="A buyer")
        return register.sync(client=self.anybody, body=account).access_token

    def products(self, page):
        from gen.rest.api.catalog_service import list_products

        reply = list_products.sync(client=self.anybody, page_token=page)
        return [product.sku for product in reply.products], reply.next_page_token

    def order(self, token, key, sku):
        from gen.rest.api.orders_service import create_order
        from gen.rest.models import AddressInput, CreateOrderItem, CreateOrderRequest

        items = [CreateOrderItem(sku=sku, quantity=1)]
        ship_to = AddressInput(**SHIP_TO)
        order = CreateOrderRequest(items=items, ship_to=ship_to, payment_token="tok_ok")
        client = self.whoever_has(token)
        return create_order.sync(client=client, body=order, idempotency_key=key).order_id

    def shipment(self, token, order):
        from gen.rest.api.shipping_service import list_shipments

        reply = list_shipments.sync(client=self.whoever_has(token), order_id=order)
        return next((shipment.shipment_id for shipment in reply.shipments), None)


class OverGenerated:
    """By openapi-generator."""

    def __init__(self, edge):
        from gen import openapi

        self.edge, self.openapi = edge, openapi

    def of(self, token=None):
        configuration = self.openapi.Configuration(host=self.edge, access_token=token)
        return self.openapi.ApiClient(configuration)

    def register(self, email):
        account = self.openapi.RegisterRequest(
            email=email, password=PASSWORD, display_name="A buyer"
        )
        # It does not let itself be logged by accident.
        return self.openapi.AuthServiceApi(self.of()).register(account).access_token.get_secret_value()

    def products(self, page):
        reply = self.openapi.CatalogServiceApi(self.of()).list_products(page_token=page)
        return [product.sku for product in reply.products], reply.next_page_token

    def order(self, token, key, sku):
        items = [self.openapi.CreateOrderItem(sku=sku, quantity=1)]
        ship_to = self.openapi.AddressInput(**SHIP_TO)
        order = self.openapi.CreateOrderRequest(
            items=items, ship_to=ship_to, payment_token="tok_ok"
        )
        orders = self.openapi.OrdersServiceApi(self.of(token))
        return orders.create_order(order, idempotency_key=key).order_id

    def shipment(self, token, order):
        shipping = self.openapi.ShippingServiceApi(self.of(token))
        reply = shipping.list_shipments(order_id=order)
        return next((shipment.shipment_id for shipment in reply.shipments), None)

    def tell(self, token, order):
        """More of an order's replies, and why somebody gets no order that does not exist."""
        orders = self.openapi.OrdersServiceApi(self.of(token))
        events = orders.list_order_events(order).events
        try:
            orders.get_order(uuid.UUID(int=0))
        except self.openapi.ApiException as error:
            reasons = [detail.reason for detail in error.data.error.details]
        return {
            "total": orders.get_order(order).total.units,
            "states": [event.new_state for event in events],
            "refusal": next(filter(None, reasons)),
        }


def find(shop, sku):
    """Goes through the pages of the catalogue until it sees the product."""
    page = ""
    while True:
        skus, page = shop.products(page)
        if sku in skus:
            return
        if not page:
            raise SystemExit(f"{sku} is not among the products")


def main(protocol, edge, sku):
    over = {"rest": OverRest, "openapi-generator": OverGenerated}.get(protocol)
    shop = over(edge) if over else OverConnect(protocol, edge)
    token = shop.register(f"{uuid.uuid4()}@example.com")
    find(shop, sku)
    # Sent again with the same key, it is the same order.
    key = str(uuid.uuid4())
    order = shop.order(token, key, sku)
    again = shop.order(token, key, sku)
    if again != order:
        raise SystemExit(f"the same order again: {again} instead of {order}")
    deadline = time.monotonic() + 60
    while not (shipment := shop.shipment(token, order)):
        if time.monotonic() > deadline:
            raise SystemExit("there is no shipment")
        time.sleep(0.05)
    told = shop.tell(token, order) if hasattr(shop, "tell") else {}
    print(json.dumps({"order": order, "shipment": shipment, **told}))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""An order, to its end: what a customer orders over REST is paid for, and a parcel is made of it."""

from checks import until
from shop import order


def a_purchase_ends_with_a_shipment(shop):
    sku, customer = shop.product(1), shop.customer()
    placed = customer.expect("POST", "/v1/orders", order(sku))
    [shipment] = until("a shipment", lambda: shop.shipments(placed["orderId"]), 30)
    return shipment["state"]

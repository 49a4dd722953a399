"""Orders, from several customers at once, until somebody says that it is enough."""

import collections
import threading
import time

from checks import until
from shop import order

CUSTOMERS = 6
# Of one customer; the edge bears 200 requests a second from one address.
PAUSE = 1 / 25


class Load:
    """`with Load(shop) as load:` has orders come in meanwhile."""

    def __init__(self, shop):
        self.shop = shop
        self.sku = shop.product(1_000_000)
        self.enough = threading.Event()
        self.lock = threading.Lock()
        # Ids of those that were answered with 201.
        self.placed = []
        self.failures = collections.Counter()
        self.slowest = 0.0

    @property
    def orders(self):
        return len(self.placed)

    def __enter__(self):
        self.customers = [threading.Thread(target=self.buy, args=[self.shop.customer()]) for _ in range(CUSTOMERS)]
        for customer in self.customers:
            customer.start()
        return self

    def __exit__(self, *_):
        self.enough.set()
        for customer in self.customers:
            customer.join()

    def buy(self, door):
        while not self.enough.is_set():
            began = time.monotonic()
            try:
                status, reply = door.call("POST", "/v1/orders", order(self.sku))
                failure = None if status == 201 else f"{status} {reply}"[:200]
            except Exception as error:
                failure = repr(error)
            took = time.monotonic() - began
            with self.lock:
                self.slowest = max(self.slowest, took)
                if failure:
                    self.failures[failure] += 1
                else:
                    self.placed.append(reply["orderId"])
            self.enough.wait(max(0, PAUSE - took))

    def has(self, orders):
        """So many have come in, or something went wrong."""
        return self.orders >= orders or self.failures

    def unharmed(self):
        """What is told of it, which is that nothing went wrong."""
        assert not self.failures, f"beside {self.orders} orders: {dict(self.failures)}"
        assert self.orders, "no order came in"
        return f"{self.orders} orders, none failed, the slowest {self.slowest:.1f} s"

    def forgiven(self):
        """How many failed so far, of which no more is said."""
        with self.lock:
            failed = self.failures.total()
            self.failures.clear()
        return failed

    def all_shipped(self):
        """Each that was answered has its one shipment."""
        for placed in self.placed:
            shipments = until(f"a shipment of {placed}", lambda: self.shop.shipments(placed))
            assert len(shipments) == 1, f"{placed} has {len(shipments)} shipments"

"""Pods go while orders come in, all of them once: by a rolling restart of everything, and by being deleted. No
request fails, of as many orders as ORDERS says."""

import os

from checks import until
from cluster import deployments, kubectl, name_of, pods, scale, settled
from load import Load

ORDERS = int(os.environ.get("ORDERS", "1000"))


def a_rolling_restart_loses_no_request(shop):
    scale(2)
    with Load(shop) as load:
        until("the first order", lambda: load.has(1))
        kubectl("rollout", "restart", *[f"deployment/{name}" for name in deployments()])
        settled()
        until(f"{ORDERS} orders", lambda: load.has(ORDERS), 600)
    return load.unharmed()


def pods_that_are_deleted_lose_no_request(shop):
    scale(2)
    with Load(shop) as load:
        until("the first order", lambda: load.has(1))
        before = {name_of(each) for name in deployments() for each in pods(name)}
        # One of each at a time.
        for _ in range(2):
            doomed = [sorted(before & {name_of(each) for each in pods(name)})[0] for name in deployments()]
            kubectl("delete", "pods", *doomed, "--wait=false")
            settled()
        left = before & {name_of(each) for name in deployments() for each in pods(name)}
        assert not left, f"still there: {left}"
        until(f"{ORDERS} orders", lambda: load.has(ORDERS), 600)
    return load.unharmed()

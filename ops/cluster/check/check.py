"""What the mesh does in a cluster (docs/KUBERNETES.md): check.py URL [WORD...]

Tries what has one of the words in its name, or everything, and tells what each took. ADMIN_EMAIL and
ADMIN_PASSWORD are those of an administrator; ORDERS is how many orders come in while pods come and go.
"""

import json
import os
import sys

import connections
import ingress
from checks import tried, until
from cluster import (
    Refused,
    apply,
    changed,
    deployments,
    get,
    kubectl,
    name_of,
    pod,
    pods,
    replicas_of,
    scale,
    settled,
)
from load import Load
from shop import Shop, order

ORDERS = int(os.environ.get("ORDERS", "1000"))


class Checks:
    def __init__(self, url):
        self.shop = Shop(url, os.environ["ADMIN_EMAIL"], os.environ["ADMIN_PASSWORD"])

    def a_purchase_ends_with_a_shipment(self):
        sku, customer = self.shop.product(1), self.shop.customer()
        placed = customer.expect("POST", "/v1/orders", order(sku))
        [shipment] = until("a shipment", lambda: self.shop.shipments(placed["orderId"]), 30)
        return shipment["state"]

    def pods_that_may_too_much_are_refused(self):
        for what, manifest in [
            ("privileged", pod("check", security={"privileged": True, "allowPrivilegeEscalation": True})),
            ("root", pod("check", security={"runAsUser": 0, "runAsNonRoot": False})),
            ("the network of the node", pod("check", {"hostNetwork": True})),
            ("a folder of the node", pod("check", {"volumes": [{"name": "node", "hostPath": {"path": "/"}}]})),
        ]:
            try:
                apply(manifest, "--dry-run=server")
            except Refused as refused:
                assert "violates PodSecurity" in str(refused), refused
            else:
                raise AssertionError(f"{what}: allowed")
        # So that they were refused for nothing else.
        apply(pod("check"), "--dry-run=server")

    def connections_are_those_that_are_asked_for(self):
        return connections.compared()

    def a_rolling_restart_loses_no_request(self):
        scale(2)
        with Load(self.shop) as load:
            until("the first order", lambda: load.has(1))
            kubectl("rollout", "restart", *[f"deployment/{name}" for name in deployments()])
            settled()
            until(f"{ORDERS} orders", lambda: load.has(ORDERS), 600)
        return load.unharmed()

    def pods_that_are_deleted_lose_no_request(self):
        scale(2)
        with Load(self.shop) as load:
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

    def a_bad_image_stops_nothing_and_is_undone(self):
        name = "svc-catalog"
        scale(2, name)
        with Load(self.shop) as load:
            kubectl("set", "image", f"deployment/{name}", f"main=tradewind/{name}:no-such-tag")
            until("a pod that waits for its image", lambda: any(map(lacks_image, pods(name))))
            assert get("deployment", name)["status"]["availableReplicas"], "nobody serves any more"
            seen = load.orders
            until("orders meanwhile", lambda: load.has(seen + 20))
            kubectl("rollout", "undo", f"deployment/{name}")
            settled(name)
            assert not any(map(lacks_image, pods(name)))
        return load.unharmed()

    def load_makes_pods_and_rest_ends_them(self):
        name = "svc-orders"
        scale(2, name)
        with changed(autoscaler(name)):
            with Load(self.shop) as load:
                until(f"more pods of {name}", lambda: replicas_of(name) > 2, 180)
                settled(name)
                most = replicas_of(name)
            until(f"two pods of {name}", lambda: replicas_of(name) == 2, 180)
            settled(name)
        return f"2, {most}, 2 pods; {load.unharmed()}"

    def of_two_pods_one_may_be_evicted(self):
        name = "svc-orders"
        scale(2, name)
        with changed(disruption_budget(name)):
            until("the budget is counted", lambda: get("poddisruptionbudget", name)["status"].get("disruptionsAllowed"))
            first, second = [name_of(each) for each in pods(name)][:2]
            evict(first)
            try:
                evict(second)
            except Refused as refused:
                assert "disruption budget" in str(refused), refused
            else:
                raise AssertionError("both were evicted")
            settled(name)

    def the_ingress_speaks_rest_streams_and_grpc_in_tls(self):
        return ingress.tried(self.shop, os.environ["INGRESS"], os.environ["INGRESS_AUTHORITY"])


def lacks_image(pod):
    states = [each["state"] for each in pod["status"].get("containerStatuses", [])]
    return any(each.get("waiting", {}).get("reason") in ["ErrImagePull", "ImagePullBackOff"] for each in states)


def autoscaler(name):
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": 2,
            "maxReplicas": 4,
            # Sooner than anybody would want it in production.
            "behavior": {
                "scaleUp": {"stabilizationWindowSeconds": 0},
                "scaleDown": {"stabilizationWindowSeconds": 15},
            },
            "metrics": [
                {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "AverageValue", "averageValue": "60m"}}}
            ],
        },
    }


def disruption_budget(name):
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name},
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": {"app.kubernetes.io/name": name}},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }


def evict(name):
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    path = f"/api/v1/namespaces/tradewind/pods/{name}/eviction"
    kubectl("create", "--raw", path, "--filename", "-", given=json.dumps(eviction))


def main(url, *words):
    checks = Checks(url)
    todo = [
        checks.a_purchase_ends_with_a_shipment,
        checks.pods_that_may_too_much_are_refused,
        checks.connections_are_those_that_are_asked_for,
        checks.a_rolling_restart_loses_no_request,
        checks.pods_that_are_deleted_lose_no_request,
        checks.a_bad_image_stops_nothing_and_is_undone,
        checks.load_makes_pods_and_rest_ends_them,
        checks.of_two_pods_one_may_be_evicted,
        checks.the_ingress_speaks_rest_streams_and_grpc_in_tls,
    ]
    failed = 0
    for name, held, remark, seconds in tried(todo, words, (AssertionError, Refused)):
        failed += not held
        print(f"{'ok' if held else 'FAILED':<8}{seconds:6.1f} s  {name:<45} {remark}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) > 0)

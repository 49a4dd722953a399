"""Three servers of NATS (k8s/components/nats-cluster), of which the leader of the orders' events is killed while
orders come in: none fails, the events go on, and each order that was answered has its one shipment.

The servers take the place of the one of k8s/overlays/dev, with empty streams; those that wait in the outboxes
come to the new ones.
"""

import json

from checks import until
from cluster import apply, built, get, kubectl, name_of, pods, seconds_until
from load import Load

REPLICAS = 3
STREAM = "ORDERS"


def the_leader_of_three_servers_of_nats_is_lost(shop):
    become_three()
    with Load(shop) as load:
        until("orders", lambda: load.has(50))
        leader = until("a leader", leader_of_stream)
        kubectl("delete", "pod", leader, "--grace-period=0", "--force")
        # Of an order that was placed after it.
        seen = len(load.placed)
        until("an order", lambda: len(load.placed) > seen or load.failures)
        again = seconds_until("its shipment", lambda: load.failures or shop.shipments(load.placed[seen]))
        other = until("another leader", leader_of_stream)
        until("the third is back", is_whole)
        seen = load.orders
        until("orders of all three", lambda: load.has(seen + 50))
    remark = load.unharmed()
    load.all_shipped()
    return f"{leader}, then {other}; events after {again:.1f} s; {remark}, all shipped"


def become_three():
    """Deletes the one server with its volume, and applies the three."""
    kubectl("delete", "statefulset", "nats")
    kubectl("delete", "persistentvolumeclaims", *[name_of(each) for each in claims()])
    for each in built(components=["nats-cluster"]):
        apply(each)
    until("three servers", is_whole, 300)
    kubectl("patch", "configmap", "mesh", "--patch", json.dumps({"data": {"NATS_REPLICAS": str(REPLICAS)}}))
    apply_streams()


def claims():
    return [each for each in get("persistentvolumeclaims") if name_of(each).startswith("data-nats-")]


def apply_streams():
    """The job that makes the streams, anew."""
    [job] = [each for each in built(resources=["base"]) if (each["kind"], name_of(each)) == ("Job", "streams")]
    reconcile = get("cronjob", "reconcile")["spec"]["jobTemplate"]["spec"]["template"]
    job["spec"]["template"]["spec"]["containers"][0]["image"] = reconcile["spec"]["containers"][0]["image"]
    kubectl("delete", "job", "streams", "--ignore-not-found")
    apply(job)
    kubectl("wait", "--for=condition=Complete", "job/streams", "--timeout=180s")


def is_whole():
    ready = get("statefulset", "nats").get("status", {}).get("readyReplicas", 0)
    return ready == REPLICAS and len(pods("nats")) == REPLICAS


def leader_of_stream():
    """The pod whose server leads it, as any of them says that is running."""
    for each in pods("nats"):
        if each["status"].get("phase") != "Running":
            continue
        found = monitored(name_of(each))
        if found:
            return found
    return None


def monitored(name):
    path = f"/api/v1/namespaces/tradewind/pods/{name}:8222/proxy/jsz?streams=true"
    try:
        said = json.loads(kubectl("get", "--raw", path))
    except Exception:
        # It may be the one that is gone.
        return None
    streams = [each for account in said.get("account_details", []) for each in account.get("stream_detail", [])]
    return next((each.get("cluster", {}).get("leader") for each in streams if each["name"] == STREAM), None)

"""A zone of three is drained: its pods come up in the other two, one after the other, as the disruption budget
wants it, for the constraints that spread them are wishes. With constraints that must hold, the same drain does
not come to its end (kubernetes/kubernetes#106127), which is tried as well.

Zones and nodes are played by kwok, on which pods are what the API server knows of them, and run nothing:
scheduler, evictions, budgets and controllers are the cluster's own.
"""

import contextlib
import copy
import subprocess

from checks import until
from cluster import Refused, apply, get, kubectl, name_of, pods
from disruption import budget

# Whose constraints they are, and what they are called here.
LIKE, NAME = "svc-orders", "zoned"
ZONES = ["a", "b", "c"]
# Two in each zone: when the second is to go, the first has to be somewhere else.
REPLICAS = 2 * len(ZONES)
# So that no other pod gets there.
TAINT = {"key": "kwok.x-k8s.io/node", "value": "fake", "effect": "NoSchedule"}


def a_zone_is_drained_of_three(_):
    with nodes(), budgeted():
        with deployed("ScheduleAnyway"):
            assert not drained("a", 120), "it did not come to its end"
            where = spread()
            assert where["a"] == 0 and sum(where.values()) == REPLICAS, where
        with deployed("DoNotSchedule"):
            assert drained("a", 10), "what must hold did not hold it up"
    return f"{REPLICAS} pods, by zone: {', '.join(str(where[zone]) for zone in ZONES)}"


def drained(zone, patience):
    """What kubectl says against it, if it does not come to its end."""
    try:
        kubectl("drain", f"zone-{zone}", f"--timeout={patience}s")
        until("all are there again", is_whole)
    except Refused as refused:
        return str(refused)
    finally:
        kubectl("uncordon", f"zone-{zone}")
    return None


@contextlib.contextmanager
def nodes():
    """One in each zone, while it lasts."""
    selector = "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake"
    player = subprocess.Popen(["kwok", selector], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for zone in ZONES:
            apply(node(zone))
        for zone in ZONES:
            kubectl("wait", "--for=condition=Ready", f"node/zone-{zone}", "--timeout=60s")
        yield
    finally:
        kubectl("delete", "nodes", *[f"zone-{zone}" for zone in ZONES])
        player.terminate()
        player.wait()


def node(zone):
    size = {"cpu": "8", "memory": "16Gi", "pods": "110"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": f"zone-{zone}",
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": {"kubernetes.io/hostname": f"zone-{zone}", "topology.kubernetes.io/zone": zone, "type": "kwok"},
        },
        "spec": {"taints": [TAINT]},
        "status": {"allocatable": size, "capacity": size},
    }


@contextlib.contextmanager
def budgeted():
    apply(budget(NAME))
    try:
        yield
    finally:
        kubectl("delete", "poddisruptionbudget", NAME)


@contextlib.contextmanager
def deployed(unsatisfiable):
    """Pods with the constraints of our own, for these nodes."""
    template = copy.deepcopy(get("deployment", LIKE)["spec"]["template"])
    template["metadata"]["labels"]["app.kubernetes.io/name"] = NAME
    spec = template["spec"]
    spec["nodeSelector"] = {"type": "kwok"}
    # Not of everything: that of a node that is drained would be among it.
    spec["tolerations"] = [{"key": TAINT["key"], "operator": "Exists"}]
    for constraint in spec["topologySpreadConstraints"]:
        assert constraint["whenUnsatisfiable"] == "ScheduleAnyway", constraint
        constraint["whenUnsatisfiable"] = unsatisfiable
    apply(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": NAME},
            "spec": {
                "replicas": REPLICAS,
                "selector": {"matchLabels": {"app.kubernetes.io/name": NAME}},
                "template": template,
            },
        }
    )
    try:
        until(f"{REPLICAS} pods", is_whole)
        assert set(spread().values()) == {REPLICAS // len(ZONES)}, f"unevenly spread: {spread()}"
        yield
    finally:
        kubectl("delete", "deployment", NAME)
        until("they are gone", lambda: not pods(NAME))


def is_whole():
    status = get("deployment", NAME).get("status", {})
    return status.get("availableReplicas") == status.get("replicas") == REPLICAS == len(pods(NAME))


def spread():
    """How many are in each zone."""
    where = [each["spec"].get("nodeName") for each in pods(NAME)]
    return {zone: where.count(f"zone-{zone}") for zone in ZONES}

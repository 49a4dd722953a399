"""Three zones without machines: nodes that nobody runs, and pods there that are ready because it is said so.

What is tried is what the scheduler, the controllers and the disruption budgets make of them; it is what kwok
does (https://kwok.sigs.k8s.io), as far as it is needed here.
"""

import contextlib
import json
import threading
from datetime import datetime, timezone

from cluster import Refused, apply, changed, get, is_ready, kubectl, name_of, pod, pods, until

ZONES = ["a", "b", "c"]
ZONE = "topology.kubernetes.io/zone"
# No pod goes there by itself.
TAINT = {"key": "zones", "value": "none", "effect": "NoSchedule"}


def now():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def node(zone):
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": f"zone-{zone}", "labels": {ZONE: zone, "zones": "none", "kubernetes.io/hostname": f"zone-{zone}"}},
        "spec": {"taints": [TAINT]},
    }


def ready():
    capacity = {"cpu": "8", "memory": "16Gi", "pods": "50"}
    condition = {"type": "Ready", "status": "True", "reason": "said", "lastHeartbeatTime": now()[:19] + "Z"}
    return {"status": {"capacity": capacity, "allocatable": capacity, "conditions": [condition]}}


def lease(name):
    spec = {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": now()}
    metadata = {"name": name, "namespace": "kube-node-lease"}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}


def say(kind, name, change):
    """Its status."""
    kubectl("patch", kind, name, "--subresource", "status", "--type", "merge", "--patch", json.dumps(change))


@contextlib.contextmanager
def zones():
    """One node in each, which lives as long as this."""
    names = [name_of(node(zone)) for zone in ZONES]
    over = threading.Event()
    for zone in ZONES:
        apply(node(zone))
    living = threading.Thread(target=live, args=[names, over])
    living.start()
    try:
        yield names
    finally:
        over.set()
        living.join()
        kubectl("delete", "nodes", *names, "--wait=false")


def live(names, over):
    """As the kubelets of these nodes would."""
    while True:
        for name in names:
            kubectl("--namespace", "kube-node-lease", "apply", "--filename", "-", given=json.dumps(lease(name)))
            say("node", name, ready())
        for each in get("pods"):
            if each["spec"].get("nodeName") in names:
                serve(each)
        if over.wait(0.5):
            return


def serve(pod):
    """Says that it is ready, or, once it is to end, that it has."""
    with contextlib.suppress(Refused):
        if "deletionTimestamp" in pod["metadata"]:
            kubectl("delete", "pod", name_of(pod), "--force", "--grace-period=0", "--wait=false")
        elif pod["status"]["phase"] != "Running":
            said = {"status": "True", "lastTransitionTime": now()[:19] + "Z"}
            conditions = [{"type": kind} | said for kind in ["Ready", "ContainersReady"]]
            say("pod", name_of(pod), {"status": {"phase": "Running", "conditions": conditions}})


def spread(constraints):
    """Three pods, spread so, of which one may be away."""
    labels = {"app.kubernetes.io/name": "zones", "app.kubernetes.io/part-of": "tradewind"}
    selector = {"matchLabels": {"app.kubernetes.io/name": "zones"}}
    template = pod("zones")
    template["metadata"]["labels"] = labels
    template["spec"] |= {
        "restartPolicy": "Always",
        "topologySpreadConstraints": constraints,
        "nodeSelector": {"zones": "none"},
        "tolerations": [TAINT | {"operator": "Equal"}],
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "zones"},
        "spec": {"replicas": 3, "selector": selector, "template": template},
    }
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "zones"},
        "spec": {"maxUnavailable": 1, "selector": selector},
    }
    return deployment, budget


def drained(constraints):
    """Whether a node can be emptied while pods are spread so; each of the three zones has one before."""
    with zones() as names, contextlib.ExitStack() as made:
        for manifest in spread(constraints):
            made.enter_context(changed(manifest))
        until("one pod in each zone", lambda: running() == names)
        budget = lambda: get("poddisruptionbudget", "zones")["status"]
        until("the budget is counted", lambda: budget().get("disruptionsAllowed"))
        try:
            kubectl("drain", names[0], "--timeout=20s")
            until("three pods in two zones", lambda: len(running()) == 3 and names[0] not in running())
            # So that a second one could follow.
            until("the budget is whole", lambda: budget()["disruptionsAllowed"], 20)
        except (Refused, AssertionError):
            return False
        return True


def running():
    """Nodes of the pods that run."""
    return sorted(each["spec"]["nodeName"] for each in pods("zones") if is_ready(each))

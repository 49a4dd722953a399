"""What a pod holds while nobody asks for anything: no more than it requests of the node (k8s/needs.yaml), as
metrics-server tells it."""

import json

from checks import until
from cluster import Refused, deployments, get, kubectl

MIB = 1024 * 1024
UNITS = {"Ki": 1024, "Mi": MIB, "Gi": 1024 * MIB}


def an_idle_pod_takes_no_more_than_it_requests(_):
    held = until("all are measured", lambda: measured(deployments()))
    for name, size in held.items():
        resources = get("deployment", name)["spec"]["template"]["spec"]["containers"][0]["resources"]
        requested = in_bytes(resources["requests"]["memory"])
        assert size <= requested, f"{name} holds {size / MIB:.0f} MiB of {requested / MIB:.0f}"
    return ", ".join(f"{name} {size / MIB:.0f}" for name, size in held.items()) + " MiB"


def measured(names):
    """The working set of the greatest pod of each, in bytes; nothing before all have one."""
    try:
        said = kubectl("get", "--raw", "/apis/metrics.k8s.io/v1beta1/namespaces/tradewind/pods")
    except Refused:
        return None  # metrics-server has measured nothing yet
    held = {}
    for pod in json.loads(said)["items"]:
        name = pod["metadata"].get("labels", {}).get("app.kubernetes.io/name")
        if name in names:
            size = sum(in_bytes(each["usage"]["memory"]) for each in pod["containers"])
            held[name] = max(size, held.get(name, 0))
    return held if len(held) == len(names) else None


def in_bytes(quantity):
    """https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/"""
    unit = quantity[-2:]
    return int(quantity[:-2]) * UNITS[unit] if unit in UNITS else int(quantity)

"""The disruption budget: of two pods one may be evicted, and the other only when there is one more again."""

import json

from checks import until
from cluster import Refused, changed, get, kubectl, name_of, pods, scale, settled

NAME = "svc-orders"


def of_two_pods_one_may_be_evicted(_):
    scale(2, NAME)
    with changed(budget(NAME)):
        until("the budget is counted", lambda: get("poddisruptionbudget", NAME)["status"].get("disruptionsAllowed"))
        first, second = [name_of(each) for each in pods(NAME)][:2]
        evict(first)
        try:
            evict(second)
        except Refused as refused:
            assert "disruption budget" in str(refused), refused
        else:
            raise AssertionError("both were evicted")
        settled(NAME)


def budget(name):
    """As k8s/components/disruption has them."""
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

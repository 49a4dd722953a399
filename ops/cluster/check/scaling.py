"""The autoscaler, by what metrics-server measures of the processor: load makes pods, and rest ends them, without
a request that fails."""

from checks import until
from cluster import changed, replicas_of, scale, settled
from load import Load

NAME = "svc-orders"


def load_makes_pods_and_rest_ends_them(shop):
    scale(2, NAME)
    with changed(autoscaler(NAME)):
        with Load(shop) as load:
            until(f"more pods of {NAME}", lambda: replicas_of(NAME) > 2, 180)
            settled(NAME)
            most = replicas_of(NAME)
        until(f"two pods of {NAME}", lambda: replicas_of(NAME) == 2, 180)
        settled(NAME)
    return f"2, {most}, 2 pods; {load.unharmed()}"


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

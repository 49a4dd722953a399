"""Restricted pod security is enforced where the mesh is: the API server refuses a pod that may more than one of
ours, whatever it is that it may."""

from cluster import Refused, apply, pod


def pods_that_may_too_much_are_refused(_):
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

"""Enforces the NetworkPolicies of a cluster of one node, as a CNI with policies does: network_policies.py KUBECONFIG

What the API server says is what nftables do, anew with each change of a pod, a namespace or a policy. Pods are
routed one by one, so that all of it passes the hook `forward`. Traffic of the node itself is always allowed:
https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

import json
import ssl
import subprocess
import sys
import threading
import time
import urllib.request

PATHS = ["/api/v1/pods", "/api/v1/namespaces", "/apis/networking.k8s.io/v1/networkpolicies"]


class Api:
    """As the kubeconfig says, whose user has a certificate."""

    def __init__(self, kubeconfig):
        read = ["kubectl", "--kubeconfig", kubeconfig, "config", "view", "--raw", "--output", "json"]
        config = json.loads(subprocess.run(read, check=True, capture_output=True, text=True).stdout)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.server = cluster["server"]
        self.tls = ssl.create_default_context(cafile=cluster["certificate-authority"])
        self.tls.load_cert_chain(user["client-certificate"], user["client-key"])

    def get(self, path):
        return urllib.request.urlopen(self.server + path, context=self.tls)

    def list(self, path):
        with self.get(path) as reply:
            return json.load(reply)

    def watch(self, path, changed):
        """Says so with each change, for as long as it lives."""
        while True:
            try:
                version = self.list(path)["metadata"]["resourceVersion"]
                changed.set()
                with self.get(f"{path}?watch=1&resourceVersion={version}") as events:
                    for _ in events:
                        changed.set()
            except OSError as error:
                print(f"{path}: {error}", flush=True)
                time.sleep(1)


class Cluster:
    """What there is at a moment."""

    def __init__(self, pods, namespaces, policies):
        self.pods = [pod for pod in pods if pod["status"].get("podIP") and not pod["spec"].get("hostNetwork")]
        self.labels = {each["metadata"]["name"]: each["metadata"].get("labels", {}) for each in namespaces}
        self.policies = policies

    def rules(self):
        """The file that nft reads."""
        chains, jumps = [], {"daddr": [], "saddr": []}
        for number, pod in enumerate(self.pods):
            for side, kind, address in [("ingress", "Ingress", "daddr"), ("egress", "Egress", "saddr")]:
                policies = [each for each in self.policies_of(pod) if kind in each["spec"]["policyTypes"]]
                if not policies:
                    continue
                matches = [match for each in policies for match in self.matches(each, side, pod)]
                returns = "".join(f"\n    {match} return" for match in matches)
                chains.append(f"  chain {side}-{number} {{{returns}\n    counter drop\n  }}")
                jumps[address].append(f"{pod['status']['podIP']} : jump {side}-{number}")
        maps = [f"    ip {address} vmap {nft_set(each)}" for address, each in jumps.items() if each]
        forward = ["    type filter hook forward priority -5", "    ct state established,related accept", *maps]
        table = "\n".join([*chains, "  chain forward {", *forward, "  }"])
        return f"table inet policies\ndelete table inet policies\ntable inet policies {{\n{table}\n}}\n"

    def policies_of(self, pod):
        for policy in self.policies:
            if policy["metadata"]["namespace"] == pod["metadata"]["namespace"]:
                if selected(policy["spec"].get("podSelector"), labels_of(pod)):
                    yield policy

    def matches(self, policy, side, pod):
        """What nft matches of what a policy allows a pod."""
        for rule in policy["spec"].get(side) or []:
            for peer, pods in self.peers(policy, side, rule):
                if not rule.get("ports"):
                    yield peer or "meta l4proto { tcp, udp, sctp, icmp }"
                for port in rule.get("ports") or []:
                    for number in numbers(port, [pod] if side == "ingress" else pods):
                        yield f"{peer} {port.get('protocol', 'TCP').lower()} {number}"

    def peers(self, policy, side, rule):
        """What nft matches of those whom a rule names, nothing for all, and the pods among them."""
        name, address = ("from", "ip saddr") if side == "ingress" else ("to", "ip daddr")
        if not rule.get(name):
            yield "", self.pods
        for peer in rule.get(name) or []:
            if block := peer.get("ipBlock"):
                without = f" {address} != {nft_set(block['except'])}" if block.get("except") else ""
                yield f"{address} {block['cidr']}{without}", []
            elif found := [pod for pod in self.pods if self.is_peer(policy, peer, pod)]:
                yield f"{address} {nft_set(pod['status']['podIP'] for pod in found)}", found

    def is_peer(self, policy, peer, pod):
        namespace = pod["metadata"]["namespace"]
        if "namespaceSelector" in peer:
            if not selected(peer["namespaceSelector"], self.labels.get(namespace, {})):
                return False
        elif namespace != policy["metadata"]["namespace"]:
            return False
        return selected(peer.get("podSelector"), labels_of(pod))


def nft_set(addresses):
    return f"{{ {', '.join(addresses)} }}"


def labels_of(pod):
    return pod["metadata"].get("labels", {})


def selected(selector, labels):
    """https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/label-selector/"""
    selector = selector or {}
    holds = {
        "In": lambda value, values: value in values,
        "NotIn": lambda value, values: value not in values,
        "Exists": lambda value, _: value is not None,
        "DoesNotExist": lambda value, _: value is None,
    }
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        holds[each["operator"]](labels.get(each["key"]), each.get("values", []))
        for each in selector.get("matchExpressions", [])
    )


def numbers(port, pods):
    """What nft matches of a port, whose name may mean another one in each pod."""
    wanted = port.get("port")
    if wanted is None:
        return ["dport 0-65535"]
    if isinstance(wanted, int):
        return [f"dport {wanted}-{port['endPort']}" if "endPort" in port else f"dport {wanted}"]
    containers = [container for pod in pods for container in pod["spec"]["containers"]]
    found = {each["containerPort"] for container in containers for each in container.get("ports", []) if each.get("name") == wanted}
    return [f"dport {number}" for number in sorted(found)]


def main(kubeconfig):
    api, changed = Api(kubeconfig), threading.Event()
    for path in PATHS:
        threading.Thread(target=api.watch, args=[path, changed], daemon=True).start()
    before = None
    while True:
        changed.wait()
        changed.clear()
        rules = Cluster(*[api.list(path)["items"] for path in PATHS]).rules()
        if rules != before:
            subprocess.run(["nft", "--file", "-"], input=rules, text=True, check=True)
            before = rules


if __name__ == "__main__":
    main(sys.argv[1])

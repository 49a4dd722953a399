"""Who can connect to whom: tried by pods with the labels of each workload and each store, and compared with
what the contract and the workloads' own settings ask for."""

import re

from checks import until
from cluster import apply, deployments, get, kubectl, name_of, pod

STORES = {"DATABASE_URL": "postgres", "NATS_URL": "nats", "REDIS_URL": "redis"}
# Every workload has a token from there, and knows whose has ended.
TOKENS = "svc-auth"


def templates():
    """What pods of each workload and store are made of, by name."""
    made = [*get("deployments", "--selector", "app.kubernetes.io/part-of=tradewind"), *get("statefulsets")]
    return {name_of(each): each["spec"]["template"] for each in made}


def expected():
    """Pairs of who connects and to whom."""
    workloads = deployments()
    pairs = {(each, TOKENS) for each in workloads if each != TOKENS}
    for line in policy().splitlines():
        if rule := re.match(r"tradewind\.(\w+)\.v1\.\S+\s{2,}(.*?)\s{2,}", line):
            service, who = f"svc-{rule[1]}", rule[2]
            callers = set(re.findall(r"edge|svc-\w+", who))
            if "anybody" in who or "role" in who:
                callers.add("edge")
            if "any workload" in who:
                callers.update(workloads)
            pairs.update((caller, service) for caller in callers if caller != service)
    for name in workloads:
        variables = templates()[name]["spec"]["containers"][0].get("env", [])
        told = [each["name"].removesuffix("_FILE") for each in variables]
        pairs.update((name, STORES[each]) for each in told if each in STORES)
    return pairs


def policy():
    """Who may call what, as the mesh's own program says."""
    template = get("cronjob", "reconcile")["spec"]["jobTemplate"]["spec"]["template"]
    [said] = outputs([pod("policy", container={"image": template["spec"]["containers"][0]["image"], "args": ["policy"]})])
    return said


def outputs(manifests):
    """What pods print, which end then."""
    names = [name_of(each) for each in manifests]
    try:
        for each in manifests:
            apply(each)
        for name in names:
            until(f"{name} has run", lambda: get("pod", name)["status"]["phase"] in ["Succeeded", "Failed"])
        return [kubectl("logs", name) for name in names]
    finally:
        kubectl("delete", "pods", *names, "--ignore-not-found", "--wait=false")


def tried():
    """Pairs of who connects and to whom, in truth."""
    made = templates()
    targets = {name: (address_of(name), port_of(template)) for name, template in made.items()}
    pairs = set()
    for name, said in zip(made, outputs([probe(name, template, targets) for name, template in made.items()])):
        *found, last = said.split()
        assert last == "end", f"{name} did not come to its end: {said}"
        pairs.update((name, target) for target in found)
    return pairs


def address_of(name):
    running = [each for each in get("pods", "--selector", f"app.kubernetes.io/name={name}") if each["status"]["phase"] == "Running"]
    return running[0]["status"]["podIP"]


def port_of(template):
    """Where it serves, which it names first."""
    return template["spec"]["containers"][0]["ports"][0]["containerPort"]


def probe(name, template, targets):
    """Like one of these for every NetworkPolicy, and for no Service, as it never is ready."""
    tries = [f"nc -w 1 {address} {port} -e /bin/busybox true 2>/dev/null && echo {target}" for target, (address, port) in targets.items() if target != name]
    manifest = pod(
        f"probe-{name}",
        container={
            "image": "busybox:stable",
            # Once the others know its address.
            "command": ["/bin/busybox", "sh", "-c", "; ".join(["sleep 2", *tries, "echo end"])],
            "readinessProbe": {"exec": {"command": ["/bin/busybox", "false"]}},
        },
    )
    manifest["metadata"]["labels"] = template["metadata"]["labels"]
    return manifest


def connections_are_those_that_are_asked_for(_):
    wanted, found = expected(), tried()
    beyond, missing = sorted(found - wanted), sorted(wanted - found)
    assert not beyond and not missing, f"beyond what is asked for: {beyond}; missing: {missing}"
    names = templates()
    return f"{len(found)} of {len(names) * (len(names) - 1)} connections, as asked for"

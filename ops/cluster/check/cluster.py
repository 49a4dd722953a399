"""The cluster that KUBECONFIG names, by kubectl."""

import contextlib
import json
import os
import pathlib
import subprocess
import tempfile
import time

from checks import until

ROOT = pathlib.Path(__file__).resolve().parents[3]
K8S = ROOT / "k8s"
NAMESPACE = "tradewind"


class Refused(Exception):
    """What the API server, or kubectl, says against it."""


def kubectl(*arguments, given=None):
    """What kubectl prints."""
    command = ["kubectl", "--namespace", NAMESPACE, *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True)
    if done.returncode != 0:
        raise Refused(done.stderr.strip())
    return done.stdout


def get(*arguments):
    """An object, or the items of a list."""
    found = json.loads(kubectl("get", *arguments, "--output", "json"))
    return found["items"] if found["kind"].endswith("List") else found


def apply(manifest, *arguments):
    kubectl("apply", *arguments, "--filename", "-", given=json.dumps(manifest))


def patch(kind, name, change):
    kubectl("patch", kind, name, "--type", "merge", "--patch", json.dumps(change))


def built(resources=(), components=()):
    """The objects of these folders of k8s/ and of its components, as an overlay has them."""
    with tempfile.TemporaryDirectory() as folder:
        # It takes no other paths than relative ones.
        path = lambda *parts: os.path.relpath(K8S.joinpath(*parts), os.path.realpath(folder))
        overlay = {
            "namespace": NAMESPACE,
            "resources": [path(each) for each in resources],
            "components": [path("components", each) for each in components],
            "labels": [{"pairs": {"app.kubernetes.io/part-of": "tradewind"}, "includeTemplates": True}],
        }
        pathlib.Path(folder, "kustomization.yaml").write_text(json.dumps(overlay))
        return by_kustomize(folder)


def by_kustomize(folder, namespace=NAMESPACE):
    """The objects of a folder with a kustomization, which are for that namespace."""
    read = ["create", f"--namespace={namespace}", "--dry-run=client", "--output=json", "--filename=-"]
    text = kubectl(*read, given=kubectl("kustomize", str(folder)))
    decoder, objects = json.JSONDecoder(), []
    while text := text.lstrip():
        found, end = decoder.raw_decode(text)
        objects += found["items"] if found["kind"] == "List" else [found]
        text = text[end:]
    return objects


def in_postgres(database, sql):
    """What its administrator is told."""
    return kubectl(
        *["exec", "postgres-0", "--", "psql", "--username", "tradewind", "--dbname", database],
        *["--tuples-only", "--no-align", "--quiet", "--set", "ON_ERROR_STOP=1", "--command", sql],
    ).strip()


@contextlib.contextmanager
def changed(manifest):
    """As it says meanwhile, and as it was, if it was, afterwards."""
    kind, name = manifest["kind"], name_of(manifest)
    try:
        before = get(kind, name)
    except Refused:
        before = None
    if before:
        patch(kind, name, {"spec": manifest["spec"]})
    else:
        apply(manifest)
    try:
        yield
    finally:
        if before:
            # What was added has to go.
            whole = [{"op": "replace", "path": "/spec", "value": before["spec"]}]
            kubectl("patch", kind, name, "--type", "json", "--patch", json.dumps(whole))
        else:
            kubectl("delete", kind, name)


def seconds_until(what, condition):
    """How long that took."""
    began = time.monotonic()
    until(what, condition)
    return time.monotonic() - began


def deployments():
    """Names of the mesh's own."""
    return [name_of(each) for each in get("deployments", "--selector", "app.kubernetes.io/part-of=tradewind")]


def settled(*names):
    """Waits until these deployments, or all, are what they should be, and nothing of before is left."""
    for name in names or deployments():
        until(f"{name} is settled", lambda: is_settled(name), 300)


def is_settled(name):
    deployment = get("deployment", name)
    wanted, status = deployment["spec"]["replicas"], deployment["status"]
    counted = [status.get(each) for each in ["replicas", "updatedReplicas", "availableReplicas"]]
    known = status.get("observedGeneration") == deployment["metadata"]["generation"]
    return known and counted == [wanted] * 3 and [is_ready(each) for each in pods(name)] == [True] * wanted


def is_ready(pod):
    conditions = {each["type"]: each["status"] for each in pod["status"].get("conditions", [])}
    return conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]


def lacks_image(pod):
    states = [each["state"] for each in pod["status"].get("containerStatuses", [])]
    return any(each.get("waiting", {}).get("reason") in ["ErrImagePull", "ImagePullBackOff"] for each in states)


def scale(replicas, *names):
    """These deployments, or all: at least so many, where something scales them by itself."""
    names = names or deployments()
    scaled = {each["spec"]["scaleTargetRef"]["name"]: name_of(each) for each in get("horizontalpodautoscalers")}
    for name in names:
        if name in scaled:
            patch("horizontalpodautoscaler", scaled[name], {"spec": {"minReplicas": replicas}})
        else:
            kubectl("scale", f"--replicas={replicas}", f"deployment/{name}")
    for name in names:
        until(f"{replicas} of {name}", lambda: replicas_of(name) >= replicas)
    settled(*names)


def replicas_of(name):
    return get("deployment", name)["spec"]["replicas"]


def pods(name):
    """Of a deployment, or whatever else has its name."""
    return get("pods", "--selector", f"app.kubernetes.io/name={name}")


def name_of(thing):
    return thing["metadata"]["name"]


def pod(name, spec=None, container=None, security=None):
    """One that may no more than the least, unless it says otherwise."""
    least = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    context = {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}}
    main = {"name": "main", "image": "none", "securityContext": least | (security or {})}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "securityContext": context,
            "containers": [main | (container or {})],
        }
        | (spec or {}),
    }

"""Secrets that stand sealed in git, by k8s/components/sealed-secrets/seal, kubeseal and the controller of Sealed
Secrets: they are opened to what they were, in the namespace that they are for and in no other."""

import base64
import contextlib
import pathlib
import subprocess
import tempfile

from checks import until
from cluster import K8S, apply, by_kustomize, get, kubectl, name_of

NAMESPACE, OTHER = "sealed", "sealed-elsewhere"


def a_sealed_secret_is_opened_where_it_is_meant_for(_):
    with tempfile.TemporaryDirectory() as folder, namespaces():
        secrets, component = pathlib.Path(folder, "secrets"), pathlib.Path(folder, "sealed")
        run(K8S / "overlays/dev/make-secrets", secrets)
        run(K8S / "components/sealed-secrets/seal", secrets, NAMESPACE, component)
        plain = {name_of(each): opened_up(each) for each in by_kustomize(secrets)}

        text = "".join(file.read_text() for file in component.iterdir())
        for values in plain.values():
            sent = [base64.b64encode(value).decode() for value in values.values()]
            assert not any(value and value in text for value in sent), "one stands there as it was"
        # As an overlay with that component is applied.
        overlay = pathlib.Path(folder, "kustomization.yaml")
        overlay.write_text(f'{{"namespace": "{NAMESPACE}", "components": ["sealed"]}}')
        sealed = by_kustomize(folder, NAMESPACE)
        for each in sealed:
            apply(each, f"--namespace={NAMESPACE}")
        opened = until(f"{len(plain)} secrets", lambda: found(len(plain)))
        assert opened == plain, f"not what they were: {[name for name in plain if opened.get(name) != plain[name]]}"

        # Whoever may write there carries them off to no use.
        stolen = sealed[0] | {"metadata": {"name": name_of(sealed[0]), "namespace": OTHER}}
        apply(stolen, f"--namespace={OTHER}")
        until("it is refused", lambda: is_refused(name_of(stolen)))
        assert not get("secrets", f"--namespace={OTHER}"), "it was opened elsewhere"
    return f"{len(plain)} secrets"


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def namespaces():
    for name in [NAMESPACE, OTHER]:
        kubectl("create", "namespace", name)
    try:
        yield
    finally:
        kubectl("delete", "namespaces", NAMESPACE, OTHER)


def opened_up(secret):
    """Its values as bytes: kustomize breaks lines of base64, and the API server does not."""
    return {key: base64.b64decode(value or "") for key, value in secret["data"].items()}


def found(many):
    secrets = {name_of(each): opened_up(each) for each in get("secrets", f"--namespace={NAMESPACE}")}
    return secrets if len(secrets) == many else None


def is_refused(name):
    conditions = get("sealedsecret", name, f"--namespace={OTHER}").get("status", {}).get("conditions", [])
    return any(each["type"] == "Synced" and each["status"] == "False" for each in conditions)

"""The registry of k8s/components/registry: whoever has no password is refused, whoever has one pushes an image,
and a node that knows it pulls and runs that image. Of its page the manifest is taken; its image is a node's to
fetch."""

import base64
import http.client
import pathlib
import shutil
import subprocess
import tempfile
import uuid
from urllib.parse import urlsplit

from checks import until
from cluster import ROOT, apply, built, get, kubectl, lacks_image, pod, pods

USER, PASSWORD = "tradewind", uuid.uuid4().hex
PORT = 30000
SECRETS = ["registry", "registry-login"]


def what_is_pushed_to_the_registry_is_what_a_node_runs(shop):
    place = f"{urlsplit(shop.url).hostname}:{PORT}"
    parts = built(components=["registry"])
    users = subprocess.run(["htpasswd", "-Bbn", USER, PASSWORD], capture_output=True, text=True, check=True).stdout
    login = [f"--docker-server={place}", f"--docker-username={USER}", f"--docker-password={PASSWORD}"]
    kubectl("create", "secret", "generic", "registry", f"--from-literal=htpasswd={users}")
    kubectl("create", "secret", "docker-registry", "registry-login", *login)
    try:
        for each in parts:
            apply(each)
        kubectl("wait", "--for=condition=Available", "deployment/registry", "--timeout=120s")
        until("it answers", lambda: asked(place) == 401)
        assert asked(place, "guessed") == 401, "a guessed password was taken"
        assert asked(place, PASSWORD) == 200, "the password was not taken"

        told = uuid.uuid4().hex
        with tempfile.TemporaryDirectory() as folder:
            archive = image(pathlib.Path(folder), told)
            refused = pushed(archive, f"{place}/tradewind/told:1")
            assert refused and ("unauthorized" in refused or "authentication required" in refused), refused
            refused = pushed(archive, f"{place}/tradewind/told:1", "--dest-creds", f"{USER}:{PASSWORD}")
            assert not refused, refused
        runs(f"{place}/tradewind/told:1", told)
        # It was taken; what it waits for is in a registry that this cluster does not reach.
        until("its page waits for its image", lambda: all(map(lacks_image, pods("registry-page"))) and pods("registry-page"))
    finally:
        kubectl("delete", "pods", "told", "told-to-nobody", "--ignore-not-found")
        kubectl("delete", "secrets", *SECRETS)
        for each in parts:
            # A claim goes once its pod is gone, which comes later.
            kubectl("delete", each["kind"], each["metadata"]["name"], "--ignore-not-found", "--wait=false")
    return "401 without a password; pushed, pulled, run"


def asked(place, password=None):
    """The status of the registry's own page."""
    headers = {}
    if password:
        headers["authorization"] = "Basic " + base64.b64encode(f"{USER}:{password}".encode()).decode()
    try:
        connection = http.client.HTTPConnection(place, timeout=10)
        connection.request("GET", "/v2/", headers=headers)
        return connection.getresponse().status
    except OSError:
        return None


def image(folder, told):
    """An archive of an image that no node has: it prints this."""
    root = folder / "root"
    (root / "bin").mkdir(parents=True)
    root.chmod(0o755)
    shutil.copy("/bin/busybox", root / "bin/busybox")
    (root / "told").write_text(told)
    archive = folder / "told.tar"
    make = [ROOT / "scripts/image", "--folder", root, "docker.io/tradewind/told:1", archive, "/bin/busybox", "cat", "/told"]
    subprocess.run(make, capture_output=True, check=True)
    return archive


def pushed(archive, name, *arguments):
    """What is said against it."""
    copy = ["skopeo", "copy", "--dest-tls-verify=false", *arguments, f"oci-archive:{archive}", f"docker://{name}"]
    done = subprocess.run(copy, capture_output=True, text=True)
    return done.stderr if done.returncode else None


def runs(name, told):
    container = {"image": name, "imagePullPolicy": "Always"}
    apply(pod("told-to-nobody", container=container))
    until("nobody gets it without the password", lambda: lacks_image(get("pod", "told-to-nobody")))
    apply(pod("told", {"imagePullSecrets": [{"name": "registry-login"}]}, container))
    until("it has run", lambda: get("pod", "told")["status"]["phase"] == "Succeeded")
    said = kubectl("logs", "told").strip()
    assert said == told, said

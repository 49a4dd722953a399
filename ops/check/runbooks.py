"""Every alert has its section in docs/RUNBOOKS.md, with all parts, every section its alert, and every alert a
test that sees it fire. kubectl knows the commands of the sections, the manifests what they are about, and
Prometheus their queries."""

import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PARTS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
# Beside what k8s/ has.
OBJECTS = ["deployment/otel-collector"]


def sections(page):
    _, *found = re.split(r"^## (\w+)$", page, flags=re.MULTILINE)
    return dict(zip(found[::2], found[1::2]))


def structure(page):
    folder = ROOT / "ops" / "prometheus"
    tests = "".join(path.read_text() for path in folder.glob("*.test.yaml"))
    rules = "".join(path.read_text() for path in folder.glob("*.yaml") if ".test." not in path.name)
    alerts = set(re.findall(r"^ *- alert: (\w+)$", rules, re.MULTILINE))
    fire = set(re.findall(r"^ *alertname: (\w+)\n *exp_alerts:", tests, re.MULTILINE))
    runbooks = sections(page)
    yield from (f"{name} has no runbook" for name in sorted(alerts - runbooks.keys()))
    yield from (f"the runbook {name} has no alert" for name in sorted(runbooks.keys() - alerts))
    yield from (f"no test sees {name} fire" for name in sorted(alerts - fire))
    for name, text in runbooks.items():
        yield from (f"the runbook {name} does not say: {part}" for part in PARTS if f"**{part}.**" not in text)
    for name in alerts:
        if f'}}}}#{name.lower()}"' not in rules:
            yield f"{name} does not lead to its runbook"


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def commands(page):
    """Those of kubectl, without what they are piped into."""
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    lines += re.findall(r"`(kubectl [^`]+)`", page)
    return [line.split(" | ")[0] for line in lines if line.startswith("kubectl ")]


def objects():
    """What the manifests make, as kubectl names it."""
    for path in (ROOT / "k8s").rglob("*.yaml"):
        for kind, name in re.findall(r"^kind: (\w+)\nmetadata:\n  name: ([\w-]+)$", path.read_text(), re.MULTILINE):
            yield f"{kind.lower()}/{name}"


def known_to_kubectl(page):
    there = {*objects(), *OBJECTS}
    for command in commands(page):
        words = shlex.split(command)
        own = words[: words.index("--")] if "--" in words else words
        asked = subprocess.run([*own, "--help"], capture_output=True, text=True)
        if asked.returncode != 0:
            yield f"{command}: {asked.stderr.splitlines()[0]}"
        about = [word.removeprefix("--from=") for word in own if re.match(r"(--from=)?(deployment|statefulset|cronjob|job)/", word)]
        yield from (f"{command}: there is no {name}" for name in about if name not in there)


def known_to_prometheus(page):
    with tempfile.TemporaryDirectory() as folder:
        rules = pathlib.Path(folder) / "rules.yaml"
        for query in blocks(page, "promql"):
            text = "".join(f"          {line}\n" for line in query.splitlines())
            rules.write_text(f"groups:\n  - name: a\n    rules:\n      - record: a\n        expr: |\n{text}")
            asked = subprocess.run(["promtool", "check", "rules", rules], capture_output=True, text=True)
            if asked.returncode != 0:
                yield f"{query}: {asked.stderr}"


def main():
    page = (ROOT / "docs" / "RUNBOOKS.md").read_text()
    wrong = [problem for check in [structure, known_to_kubectl, known_to_prometheus] for problem in check(page)]
    sys.exit("\n".join(wrong) or 0)


if __name__ == "__main__":
    main()

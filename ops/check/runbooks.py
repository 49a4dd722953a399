"""Every alert has its section in docs/RUNBOOKS.md, with all parts, and every section its alert."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PARTS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]


def main():
    rules = "".join(path.read_text() for path in (ROOT / "ops" / "prometheus").glob("*.yaml"))
    alerts = set(re.findall(r"^ *- alert: (\w+)$", rules, re.MULTILINE))
    page = (ROOT / "docs" / "RUNBOOKS.md").read_text()
    _, *sections = re.split(r"^## (\w+)$", page, flags=re.MULTILINE)
    sections = dict(zip(sections[::2], sections[1::2]))
    wrong = [f"{name} has no runbook" for name in sorted(alerts - sections.keys())]
    wrong += [f"the runbook {name} has no alert" for name in sorted(sections.keys() - alerts)]
    for name, text in sections.items():
        wrong += [f"the runbook {name} does not say: {part}" for part in PARTS if f"**{part}.**" not in text]
    for name in alerts:
        if f'}}}}#{name.lower()}"' not in rules:
            wrong.append(f"{name} does not lead to its runbook")
    sys.exit("\n".join(wrong) or 0)


if __name__ == "__main__":
    main()

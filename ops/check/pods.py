"""Logs as the services write them, in the files in which a node keeps those of its pods."""

import json
import pathlib
import uuid

from canaries import HARMLESS
from otlp import flat

WHEN = "2026-01-02T03:04:05.678901Z"


def line(trace, level, message, **fields):
    """As LOG_FORMAT=json has it."""
    around = [
        {"name": "process", "service.name": "orders"},
        {"trace_id": trace, "request.id": "r-1", "service.name": "orders", "name": "request"},
    ]
    return {"timestamp": WHEN, "level": level, "message": message, **fields, "target": "net", "spans": around}


def access(trace, path):
    """As `--access-log json` has it."""
    return {
        "time": WHEN,
        "client": "192.0.2.7",
        "method": "GET",
        "path": path,
        "status": 200,
        "request_id": "r-1",
        "trace_id": trace,
    }


def lines(planted, trace):
    """What a pod writes: lines of JSON, and of other things."""
    for text in planted.at("pods", "message").texts:
        yield json.dumps(line(trace, "WARN", text))
    yield json.dumps(line(trace, "ERROR", "fields", **flat(planted.at("pods", "fields"))))
    for text in planted.at("pods", "plain").texts:
        # What the runtime calls a line has no line breaks.
        yield text.replace("\n", " ")
    yield from HARMLESS
    yield json.dumps(access(trace, "/v1/orders?page=2"))


def write(folder, planted, trace):
    """The file of a pod of a deployment that is named as the service is."""
    pod = f"tradewind_{planted.service}-6d4cf56db6-x7k2p_{uuid.uuid4()}"
    file = pathlib.Path(folder) / pod / "main" / "0.log"
    file.parent.mkdir(parents=True)
    written = list(lines(planted, trace))
    file.write_text("".join(f"{WHEN} stderr F {text}\n" for text in written))
    return len(written)

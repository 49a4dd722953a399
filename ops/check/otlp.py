"""Telemetry as OTLP/JSON, full of canaries (opentelemetry.io, OTLP Specification, JSON Protobuf Encoding)."""

import json
import random
import time
import urllib.request

from canaries import HARMLESS, Canaries

TRACE, SPAN = 32, 16
OK, ERROR = 1, 2
CUMULATIVE = 2

# In `Planted`, by signal.
PLACES = {
    "traces": [
        "resource",
        "scope",
        "attributes",
        "nested",
        "name",
        "status",
        "event",
        "event_attributes",
    ],
    "metrics": ["resource", "gauge", "sum", "histogram"],
    "logs": ["resource", "scope", "attributes", "nested", "body", "structured_body", "event"],
    "pods": ["message", "fields", "plain"],
}


class Planted:
    """The canaries of a run of checks, by signal and place."""

    def __init__(self, service):
        self.service = service
        self.places = {
            (signal, place): Canaries(service, signal, place)
            for signal, places in PLACES.items()
            for place in places
        }

    def at(self, signal, place):
        return self.places[signal, place]

    def leaks(self, text, signals):
        """Which of these signals' places have canaries in a text."""
        return {
            (signal, place): found
            for (signal, place), canaries in self.places.items()
            if signal in signals and (found := canaries.in_(text))
        }


def value(of):
    match of:
        case bool():
            return {"boolValue": of}
        case int():
            return {"intValue": str(of)}
        case float():
            return {"doubleValue": of}
        case list():
            return {"arrayValue": {"values": [value(each) for each in of]}}
        case dict():
            return {"kvlistValue": {"values": pairs(of)}}
        case _:
            return {"stringValue": of}


def pairs(attributes):
    return [{"key": key, "value": value(of)} for key, of in attributes.items()]


def flat(canaries):
    """All canaries as attributes, of names that no other place has."""
    texts = {f"note.{number}": text for number, text in enumerate(canaries.texts)}
    attributes = canaries.by_key | {"number": canaries.number} | texts
    return {f"{canaries.place}.{key}": of for key, of in attributes.items()}


def nested(canaries):
    """All canaries below an attribute."""
    return {"fields": canaries.by_key, "notes": canaries.texts, "numbers": [canaries.number]}


def resource(planted, signal):
    # What has no instance is one target with all others that have none, and but one tells its attributes.
    names = {"service.name": planted.service, "service.instance.id": signal}
    return {"attributes": pairs(names | flat(planted.at(signal, "resource")))}


def scope(planted, signal):
    return {"name": "check", "attributes": pairs(flat(planted.at(signal, "scope")))}


def span(trace, name, number, *, seconds=0.01, status=OK, message="", attributes=(), events=(), parent=None):
    now = time.time_ns()
    return {
        "traceId": trace,
        "spanId": f"{number:0{SPAN}x}",
        "parentSpanId": parent and f"{parent:0{SPAN}x}" or "",
        "name": name,
        "kind": 2,
        "startTimeUnixNano": str(now - int(seconds * 1e9)),
        "endTimeUnixNano": str(now),
        "attributes": pairs(dict(attributes)),
        "events": list(events),
        "status": {"code": status, "message": message},
    }


def canary_spans(planted, trace):
    """A trace that is kept, as it has an error."""
    at = lambda place: planted.at("traces", place)
    number = iter(range(1, 1000))
    harmless = {f"harmless.{number}": text for number, text in enumerate(HARMLESS)}
    yield span(trace, "root", next(number), attributes=harmless)
    event = {"timeUnixNano": str(time.time_ns()), "name": "exception"}
    event["attributes"] = pairs(flat(at("event_attributes")))
    yield span(trace, "attributes", next(number), attributes=flat(at("attributes")), events=[event], parent=1)
    yield span(trace, "nested", next(number), attributes={"request": nested(at("nested"))}, parent=1)
    for name, message, said in zip(at("name").texts, at("status").texts, at("event").texts, strict=True):
        event = {"timeUnixNano": str(time.time_ns()), "name": said}
        yield span(trace, name, next(number), status=ERROR, message=message, events=[event], parent=1)


def traces(planted, spans):
    scoped = {"scope": scope(planted, "traces"), "spans": list(spans)}
    return {"resourceSpans": [{"resource": resource(planted, "traces"), "scopeSpans": [scoped]}]}


def points(canaries, point):
    """A point for each canary, as labels of metrics go: many series, each with few of them."""
    for number, (key, of) in enumerate(flat(canaries).items()):
        attributes = pairs({"number": str(number), key: of})
        yield {"attributes": attributes, "timeUnixNano": str(time.time_ns()), **point}


def metrics(planted):
    at = lambda place: list(points(planted.at("metrics", place), POINTS[place]))
    sum_ = {"aggregationTemporality": CUMULATIVE, "isMonotonic": True, "dataPoints": at("sum")}
    histogram = {"aggregationTemporality": CUMULATIVE, "dataPoints": at("histogram")}
    all_ = [
        {"name": "check.gauge", "gauge": {"dataPoints": at("gauge")}},
        {"name": "check.sum", "sum": sum_},
        {"name": "check.histogram", "histogram": histogram},
    ]
    scoped = {"scope": {"name": "check"}, "metrics": all_}
    return {"resourceMetrics": [{"resource": resource(planted, "metrics"), "scopeMetrics": [scoped]}]}


POINTS = {
    "gauge": {"asDouble": 1.0},
    "sum": {"asInt": "1"},
    "histogram": {"count": "1", "sum": 0.2, "bucketCounts": ["0", "1"], "explicitBounds": [0.1]},
}


def record(trace, body, **fields):
    return {
        "timeUnixNano": str(time.time_ns()),
        "severityNumber": 17,
        "severityText": "ERROR",
        "traceId": trace,
        "spanId": f"{1:0{SPAN}x}",
        "body": value(body),
    } | fields


def canary_records(planted, trace):
    at = lambda place: planted.at("logs", place)
    attributes = pairs(flat(at("attributes")) | {"request": nested(at("nested"))})
    yield record(trace, "attributes", attributes=attributes)
    structured = at("structured_body")
    yield record(trace, {"message": "structured", "fields": flat(structured), "list": [nested(structured)]})
    for body, name in zip(at("body").texts, at("event").texts, strict=True):
        yield record(trace, body, eventName=name)
    for text in HARMLESS:
        yield record(trace, text)


def logs(planted, trace):
    scoped = {"scope": scope(planted, "logs"), "logRecords": list(canary_records(planted, trace))}
    return {"resourceLogs": [{"resource": resource(planted, "logs"), "scopeLogs": [scoped]}]}


def send(endpoint, signal, message):
    """To the receiver at an endpoint, which has to take all of it."""
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"{endpoint}/v1/{signal}", json.dumps(message).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as reply:
        taken = json.load(reply)
        assert not taken.get("partialSuccess"), taken


def trace_ids(seed):
    """Ids that are the same in every run, and so is what a sampler makes of them."""
    numbers = random.Random(seed)
    while True:
        yield f"{numbers.getrandbits(128):0{TRACE}x}"

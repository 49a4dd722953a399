"""Sends telemetry full of planted secrets through a Collector, and asks where it goes what came of it.

check.py DIR: `scripts/telemetry` has started everything there, and says in DIR/addresses.json where.
Beside the Collector there is one of the same configuration without redaction: every canary has to be
found behind that one, or nothing is proved by finding none behind the other.
"""

import itertools
import json
import os
import pathlib
import subprocess
import sys

import otlp
import pods
from canaries import HARMLESS
from checks import tried, until
from stores import Jaeger, Logs, Prometheus, Sink, get

SINKS = ["loki", "elasticsearch"]
# By scrape and by remote write.
PATHS = ["scraped", "written"]
SERIES = ["check_gauge", "check_sum_total", "check_histogram_count"]
# Traces of three spans, beside the one with the canaries.
FAILED, SLOW, ORDINARY = 30, 30, 400
# What a store does not tell.
UNTOLD = {("Jaeger", "scope")}
LEVELS = {("WARN", "WARN"), ("ERROR", "ERROR")}


class Run:
    """One Collector and what was sent to it."""

    def __init__(self, name, at):
        self.at = at[name]
        self.name = name
        self.service = f"check-{name}"
        self.planted = otlp.Planted(self.service)
        ids = otlp.trace_ids(name)
        self.trace = next(ids)
        kinds = [("failed", FAILED), ("slow", SLOW), ("ordinary", ORDINARY)]
        self.ids = {kind: list(itertools.islice(ids, number)) for kind, number in kinds}
        self.spans = list(otlp.canary_spans(self.planted, self.trace)) + [
            span for kind, ids in self.ids.items() for trace in ids for span in trace_of(kind, trace)
        ]

    def send(self):
        endpoint = self.at["otlp"]
        otlp.send(endpoint, "traces", otlp.traces(self.planted, self.spans))
        otlp.send(endpoint, "metrics", otlp.metrics(self.planted))
        message = otlp.logs(self.planted, self.trace)
        otlp.send(endpoint, "logs", message)
        [resource] = message["resourceLogs"]
        self.records = len(resource["scopeLogs"][0]["logRecords"])
        self.lines = pods.write(self.at["pods"], self.planted, self.trace)
        # What goes out last, by signal.
        self.last = {
            "traces": [self.trace],
            "metrics": ["check.histogram"],
            "logs": [f'"{HARMLESS[-1]}"', "GET /v1/orders?page=2 200"],
        }


def trace_of(kind, trace):
    """Its root looks alike whatever goes on below it."""
    yield otlp.span(trace, "root", 1)
    yield otlp.span(trace, "call", 2, parent=1, seconds=2.0 if kind == "slow" else 0.02)
    yield otlp.span(trace, "query", 3, parent=2, status=otlp.ERROR if kind == "failed" else otlp.OK)


class Checks:
    """In the order of their names in `main`; the first one sends what the others ask for."""

    def __init__(self, at):
        self.sink = Sink(at["sink"])
        self.jaeger = Jaeger(at["jaeger"])
        self.logs = Logs(at["logs"])
        self.prometheus = Prometheus(at["prometheus"])
        self.redacted = Run("redacted", at)
        self.plain = Run("plain", at)

    def everything_arrives(self):
        """So that what is not found afterwards is not there."""
        for run in [self.redacted, self.plain]:
            run.send()
        for run in [self.redacted, self.plain]:
            self.traces_arrive(run)
            for sink in SINKS:
                self.logs_arrive(run, sink)
            for signal, last in run.last.items():
                self.bytes_arrive(run, signal, last)
            for name, path in itertools.product(SERIES, PATHS):
                self.series_arrive(run, f'{name}{{path="{path}", job="{run.service}"}}')

    def traces_arrive(self, run):
        expected = run.ids["failed"] + run.ids["slow"] + [run.trace]
        until(f"traces of {run.name}", lambda: set(expected) <= self.jaeger.traces(run.service).keys())

    def logs_arrive(self, run, sink):
        expected = run.records + run.lines
        until(f"logs of {run.name} in {sink}", lambda: len(self.logs.records(run.service, sink)) >= expected)

    def bytes_arrive(self, run, signal, last):
        until(f"{signal} of {run.name}", lambda: all(text in self.sent(run, signal) for text in last))

    def sent(self, run, signal):
        """All that a Collector has sent, as it went over the wire."""
        return self.sink.got(f"/{run.name}/v1/{signal}")

    def series_arrive(self, run, selector):
        expected = len(otlp.flat(run.planted.at("metrics", "gauge")))
        until(selector, lambda: len(self.prometheus.ask(selector)) >= expected)

    def places(self, run):
        """By its name, where canaries may turn up: the text there, and the signals that go there."""
        yield "Jaeger", self.jaeger.text(run.service), ["traces"]
        for sink in SINKS:
            yield sink, self.logs.text(run.service, sink), ["logs", "pods"]
        yield "Prometheus", self.prometheus.text(), ["metrics"]
        openmetrics = "application/openmetrics-text; version=1.0.0"
        yield "the port for Prometheus", get(run.at["metrics"], accept=openmetrics), ["metrics"]
        for signal, carried in [("traces", ["traces"]), ("metrics", ["metrics"]), ("logs", ["logs", "pods"])]:
            yield f"OTLP {signal}", self.sent(run, signal), carried

    def no_secret_leaves_the_collector(self):
        own = get(self.redacted.at["own_metrics"]) + pathlib.Path(self.redacted.at["log"]).read_text()
        for where, text, _ in [*self.places(self.redacted), ("its own logs and metrics", own, [])]:
            leaks = self.redacted.planted.leaks(text, otlp.PLACES)
            assert not leaks, f"in {where}: {leaks}"

    def without_redaction_every_secret_is_found(self):
        for where, text, signals in self.places(self.plain):
            leaks = self.plain.planted.leaks(text, signals)
            for (signal, place), canaries in self.plain.planted.places.items():
                if signal in signals and (where, place) not in UNTOLD:
                    missing = set(canaries.secrets) - set(leaks.get((signal, place), []))
                    assert not missing, f"{place} of {signal} in {where}: {missing}"

    def what_is_no_secret_arrives_as_it_was(self):
        spans = self.jaeger.traces(self.redacted.service)[self.redacted.trace]
        tags = {tag["value"] for span in spans for tag in span["tags"]}
        for sink in SINKS:
            messages = [each["_msg"] for each in self.logs.records(self.redacted.service, sink)]
            for text in HARMLESS:
                assert text in tags, text
                assert messages.count(text) == 2, f"{sink}: {text}"

    def failed_and_slow_traces_are_kept_whole(self):
        kept = self.jaeger.traces(self.redacted.service)
        for kind in ["failed", "slow"]:
            for trace in self.redacted.ids[kind]:
                spans = kept.get(trace, [])
                assert len(spans) == 3, f"{kind} {trace}: {len(spans)} spans"

    def a_trace_is_printed_as_a_tree(self):
        def printed(trace):
            command = [os.environ["TRADEWIND"], "trace", trace, "--from", self.jaeger.url]
            return subprocess.run(command, capture_output=True, text=True)

        trace = self.redacted.ids["failed"][0]
        tree = printed(trace)
        assert tree.returncode == 0, tree.stderr
        _, _, *lines = tree.stdout.splitlines()
        names = [line.split(self.redacted.service)[0].rstrip() for line in lines]
        assert names == ["root", "└─ call", "   └─ query"], tree.stdout
        assert lines[2].endswith("ERROR"), tree.stdout
        none = printed("0" * 31 + "1")
        assert none.returncode == 1 and "has no trace" in none.stderr, none

    def of_the_others_a_share_is_kept(self):
        kept = self.jaeger.traces(self.redacted.service)
        share = sum(trace in kept for trace in self.redacted.ids["ordinary"]) / ORDINARY
        assert 0.2 < share < 0.3, f"{share} of the traces, and not 0.25"

    def span_metrics_count_all_spans(self):
        service = f'service_name="{self.redacted.service}"'
        spans = self.redacted.spans
        failed = sum(span["status"]["code"] == otlp.ERROR for span in spans)
        expected = [
            ("calls_total", "", len(spans)),
            ("calls_total", 'status_code="STATUS_CODE_ERROR"', failed),
            ("duration_seconds_bucket", 'le=~"1|1.0"', len(spans) - SLOW),
            ("duration_seconds_bucket", 'le="2.5"', len(spans)),
        ]
        for (name, labels, number), path in itertools.product(expected, PATHS):
            selector = f'traces_span_metrics_{name}{{{service}, path="{path}", {labels}}}'
            self.sum_becomes(selector, number)
        exemplars = self.prometheus.exemplars(f"traces_span_metrics_duration_seconds_bucket{{{service}}}")
        led_to = {each["labels"]["trace_id"] for series in exemplars for each in series["exemplars"]}
        assert led_to & set(itertools.chain(*self.redacted.ids.values())), "no exemplar names a trace"

    def sum_becomes(self, selector, number):
        until(
            f"{number} of {selector}",
            lambda: sum(count for _, count in self.prometheus.ask(selector)) == number,
        )

    def logs_have_their_trace_level_and_time(self):
        for sink in SINKS:
            records = self.logs.records(self.redacted.service, sink)
            ours = [each for each in records if each.get("trace_id") == self.redacted.trace]
            over_otlp = [each for each in ours if "target" not in each and "client" not in each]
            assert len(over_otlp) == self.redacted.records, f"{sink}: {len(over_otlp)} over OTLP"
            assert {each["severity_text"] for each in over_otlp} == {"ERROR"}, sink
            written = [each for each in ours if each.get("target") == "net"]
            assert {(each["severity_text"], each["level"]) for each in written} == LEVELS, sink
            assert {each["request.id"] for each in written} == {"r-1"}, sink
            assert {each["_time"] for each in written} == {pods.WHEN}, sink
            assert {each["k8s.namespace.name"] for each in written} == {"tradewind"}, sink
            [access] = [each for each in ours if "client" in each]
            assert access["_msg"] == "GET /v1/orders?page=2 200", access
            assert access["request.id"] == "r-1", access


def main(folder):
    checks = Checks(json.loads((pathlib.Path(folder) / "addresses.json").read_text()))
    todo = [
        checks.everything_arrives,
        checks.no_secret_leaves_the_collector,
        checks.without_redaction_every_secret_is_found,
        checks.what_is_no_secret_arrives_as_it_was,
        checks.failed_and_slow_traces_are_kept_whole,
        checks.a_trace_is_printed_as_a_tree,
        checks.of_the_others_a_share_is_kept,
        checks.span_metrics_count_all_spans,
        checks.logs_have_their_trace_level_and_time,
    ]
    failed = 0
    for name, held, remark, _ in tried(todo):
        failed += not held
        print(f"ok      {name}" if held else f"FAILED  {name}: {remark}")
    print(f"{len(todo) - failed} passed, {failed} failed")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) > 0)

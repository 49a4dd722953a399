"""Where telemetry goes, and what is found there."""

import http.server
import json
import threading
import time
import urllib.parse
import urllib.request


def get(url, **query):
    """What a server answers."""
    headers = {"accept": query.pop("accept", "*/*")}
    query = urllib.parse.urlencode(query)
    request = urllib.request.Request(f"{url}?{query}" if query else url, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as reply:
        return reply.read().decode()


class Sink:
    """Takes OTLP/JSON and keeps it as it came: all that leaves a Collector, whatever stores make of it."""

    def __init__(self, port):
        self.texts = {}
        self.lock = threading.Lock()
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                with sink.lock:
                    sink.texts.setdefault(self.path, []).append(body)
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def got(self, path):
        """Everything that came to a path."""
        with self.lock:
            return "\n".join(self.texts.get(path, []))


class Jaeger:
    def __init__(self, url):
        self.url = url

    def text(self, service):
        return get(f"{self.url}/api/traces", service=service, limit=10000, lookback="1h")

    def traces(self, service):
        return {trace["traceID"]: trace["spans"] for trace in json.loads(self.text(service))["data"]}


class Logs:
    """VictoriaLogs."""

    def __init__(self, url):
        self.url = url

    def text(self, service, sink):
        query = f'"service.name":="{service}" sink:={sink}'
        return get(f"{self.url}/select/logsql/query", query=query, limit=10000)

    def records(self, service, sink):
        return [json.loads(line) for line in self.text(service, sink).splitlines()]


class Prometheus:
    def __init__(self, url):
        self.url = url

    def ask(self, query):
        """What an expression is now: labels and numbers."""
        result = json.loads(get(f"{self.url}/api/v1/query", query=query))["data"]["result"]
        return [(each["metric"], float(each["value"][1])) for each in result]

    def exemplars(self, query):
        now = time.time()
        return json.loads(
            get(f"{self.url}/api/v1/query_exemplars", query=query, start=now - 3600, end=now + 60)
        )["data"]

    def text(self):
        """All labels of all series."""
        return get(f"{self.url}/api/v1/series", **{"match[]": '{__name__=~".+"}'})

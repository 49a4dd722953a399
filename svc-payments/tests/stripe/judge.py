"""Holds the tests' Stripe against Stripe's own: judge.py EXCHANGES SPEC

EXCHANGES are lines of JSON that svc-payments' tests write: requests with their replies, and events
with their signatures. SPEC is Stripe's OpenAPI document, which stripe-mock carries.

- Requests: stripe-mock takes them, in the version of the API that they name.
- Replies: they have the schema, no property more, and Stripe's library for Python makes of them what
  it makes of Stripe's.
- Events: Stripe's library for Python verifies their signatures, and refuses what was altered.
"""

import contextlib
import json
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import jsonschema
import stripe

KINDS = {
    "payment_intent": stripe.PaymentIntent,
    "refund": stripe.Refund,
    "dispute": stripe.Dispute,
    "list": stripe.ListObject,
}
# By the type of the error and the status.
ERRORS = {
    ("card_error", 402): stripe.CardError,
    ("invalid_request_error", 400): stripe.InvalidRequestError,
    ("invalid_request_error", 404): stripe.InvalidRequestError,
    ("invalid_request_error", 401): stripe.AuthenticationError,
    ("invalid_request_error", 429): stripe.RateLimitError,
    ("idempotency_error", 400): stripe.IdempotencyError,
    # The library has no word for it.
    ("idempotency_error", 409): stripe.APIError,
    ("api_error", 500): stripe.APIError,
}
# Each of these has to be among the exchanges: method, path without ids.
ASKED = {
    ("POST", "/v1/payment_intents"),
    ("POST", "/v1/payment_intents/ID/confirm"),
    ("POST", "/v1/payment_intents/ID/capture"),
    ("POST", "/v1/payment_intents/ID/cancel"),
    ("POST", "/v1/refunds"),
    ("GET", "/v1/payment_intents"),
    ("GET", "/v1/payment_intents/ID"),
    ("GET", "/v1/refunds"),
    ("GET", "/v1/disputes"),
}


class Recorded(stripe.HTTPClient):
    """What carries the library's requests: it answers what was answered."""

    name = "recorded"

    def __init__(self, exchange):
        super().__init__()
        self.exchange = exchange

    def request(self, method, url, headers, post_data=None, **_):
        return json.dumps(self.exchange["reply"]), self.exchange["status"], {}

    def close(self):
        pass


def strict(node):
    """A schema of OpenAPI 3.0 as one of JSON Schema that allows no property that it does not name."""
    if isinstance(node, list):
        return [strict(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {name: strict(value) for name, value in node.items()}
    if isinstance(node.get("properties"), dict) and node.get("type") == "object":
        made.setdefault("additionalProperties", False)
    if node.get("nullable") is True:
        del made["nullable"]
        made = {"anyOf": [{"type": "null"}, made]}
    return made


@contextlib.contextmanager
def stripe_mock():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = "127.0.0.1:%d" % free.getsockname()[1]
    command = ["stripe-mock", "-http-addr", address, "-strict-version-check"]
    mock = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(address.split(":"), timeout=1).close()
                break
            except OSError:
                if mock.poll() is not None or time.monotonic() > deadline:
                    sys.exit("stripe-mock does not answer")
                time.sleep(0.05)
        yield "http://" + address
    finally:
        mock.terminate()
        mock.wait()


def judge_request(mock, exchange):
    url = mock + exchange["path"] + ("?" + exchange["query"] if exchange["query"] else "")
    body = exchange["body"].encode() if exchange["method"] == "POST" else None
    headers = {
        "Authorization": "Bearer sk_test_123",
        "Content-Type": "application/x-www-form-urlencoded",
        "Stripe-Version": exchange["version"] or "none",
    }
    request = urllib.request.Request(url, body, headers, method=exchange["method"])
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(request, timeout=30).close()
    except urllib.error.HTTPError as error:
        return error.read().decode()


def judge_reply(validators, exchange):
    reply, status = exchange["reply"], exchange["status"]
    client = stripe.StripeClient("sk_test_123", http_client=Recorded(exchange), max_network_retries=0)
    try:
        read = client.deserialize(client.raw_request("get", "/v1/any"), api_mode="V1")
    except stripe.StripeError as error:
        expected = ERRORS.get((reply["error"]["type"], status))
        if type(error) is not expected:
            return f"the library takes it for {type(error)}, and it is {expected}"
        objects = [("api_errors", reply["error"])]
    else:
        if status >= 400 or type(read) is not KINDS[reply["object"]]:
            return f"the library takes it for {type(read)}"
        objects = [(one["object"], one) for one in reply.get("data", [reply])]
    for kind, value in objects:
        for error in validators[kind].iter_errors(value):
            return f"{error.json_path}: {deepest(error)}"


def deepest(error):
    while error.context:
        error = max(error.context, key=lambda one: len(one.absolute_path))
    return error.message[:300]


def judge_event(validators, line):
    body, signature, secret = line["event"], line["signature"], line["secret"]
    event = stripe.Webhook.construct_event(body, signature, secret, tolerance=None)
    subject = event["data"]["object"]
    if type(subject) is not KINDS[subject["object"]]:
        return f"it is about {type(subject)}"
    try:
        stripe.Webhook.construct_event(body + " ", signature, secret, tolerance=None)
        return "an altered one is taken"
    except stripe.SignatureVerificationError:
        pass
    event = json.loads(body)
    subject = event["data"]["object"]
    for kind, value in (("event", event), (subject["object"], subject)):
        for error in validators[kind].iter_errors(value):
            return f"{error.json_path}: {deepest(error)}"


def main():
    with open(sys.argv[1]) as file:
        lines = [json.loads(line) for line in file]
    with open(sys.argv[2]) as file:
        spec = json.load(file)
    schemas = {"components": {"schemas": strict(spec["components"]["schemas"])}}
    # What happened to which object, an event leaves open.
    schemas["components"]["schemas"]["notification_event_data"]["properties"]["object"] = {}
    validators = {
        kind: jsonschema.Draft4Validator({"$ref": f"#/components/schemas/{kind}", **schemas})
        for kind in ("payment_intent", "refund", "dispute", "event", "api_errors")
    }
    exchanges = {json.dumps(line): line for line in lines if "method" in line}.values()
    told = ("method", "path", "query", "version", "body")
    requests = {tuple(one[name] for name in told): one for one in exchanges}
    events = [line for line in lines if "event" in line]
    wrong = []

    def judge(what, line, verdict):
        if verdict:
            wrong.append(f"{what} {json.dumps(line)[:2000]}\n    {verdict}")

    with stripe_mock() as mock:
        for exchange in requests.values():
            judge("request", {**exchange, "reply": "..."}, judge_request(mock, exchange))
    for exchange in exchanges:
        judge("reply", exchange, judge_reply(validators, exchange))
    for event in events:
        judge("event", event, judge_event(validators, event))
    without_id = re.compile(r"/(pi|re)_\w+")
    asked = {(one["method"], without_id.sub("/ID", one["path"])) for one in exchanges}
    for method, path in ASKED - asked:
        wrong.append(f"nobody asked for {method} {path}")
    if not events:
        wrong.append("there are no events")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"stripe-shapes: {len(requests)} requests, {len(exchanges)} replies and {len(events)} events are Stripe's")


main()

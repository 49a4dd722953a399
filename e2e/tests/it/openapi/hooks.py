"""What no schema says: answers that are no mistakes of the document, although they look like one."""

import schemathesis
from hypothesis.strategies._internal import regex

# By the field that an answer complains of.
NOT_IN_THE_SCHEMA = {
    "pageToken": "the server's own: only those that it gave hold",
    "updateMask": "the names of the resource's fields, which a pattern would have to repeat",
    "title": "a new product has one, and a change may leave it out",
    "password": "those that are tried first are a list of thousands",
    "newPassword": "the same",
    "code": "or recoveryCode in its place",
    "roles": "of those that the caller holds",
    "expireTime": "ahead of now, by a year at most",
    "shipTo.country": "two letters that ISO 3166-1 gives to a country",
    "paymentToken": "one of the provider's, and required where orders are paid",
    "returnUrl": "https, of an origin that the shop allows",
    "expectedTotal": "has as many digits as its currency has",
    "expectedTotal.currencyCode": "three letters that ISO 4217 gives to a currency",
    "amount": "has as many digits as its currency has",
    "amount.currencyCode": "three letters that ISO 4217 gives to a currency",
    "price": "has as many digits as its currency has",
    "price.currencyCode": "three letters that ISO 4217 gives to a currency",
    "url": "https, to an address that anybody can reach",
    "eventTypes": "the names of the contract's events, which a pattern would have to repeat",
}
# The reasons of what does not fit how things are, and would at another time.
OF_STATE = {
    "ACCOUNT_INACTIVE",
    "CURRENCY_UNKNOWN",
    "EMAIL_NOT_VERIFIED",
    "INSUFFICIENT_STOCK",
    "INVALID_STATE",
    "OTHER_PROVIDER",
    "PAYMENT_DECLINED",
    "PAYMENT_LAPSED",
    "PAYMENT_NOT_STARTED",
    "PRICE_CHANGED",
    "RESERVATION_EXPIRED",
}
# Parameters whose values have names.
ENUMS = {"state"}
# Postgres stores no such text. A pattern on each field would say so, and say nothing to people.
NO_ZERO = "must not hold the character U+0000"


def once(strategy):
    """What a class of tens of thousands of characters may be takes seconds to work out: once for a pattern, not
    for each of its uses."""
    known = {}

    def of(pattern, fullmatch, *, alphabet=None, **others):
        text, flags = (pattern, 0) if isinstance(pattern, str) else (pattern.pattern, pattern.flags)
        key = (text, flags, fullmatch, repr(alphabet), repr(sorted(others.items())))
        if key not in known:
            known[key] = strategy(pattern, fullmatch, alphabet=alphabet, **others)
        return known[key]

    return of


regex.regex_strategy = once(regex.regex_strategy)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    kind = type(failure).__name__
    if kind == "RejectedPositiveData":
        # A condition that does not hold, of `If-Match` or of an `etag`, is well formed, and so is what
        # does not fit how things are.
        is_known = response.status_code == 412 or is_untimely(response)
        return not (is_known or all(map(is_beyond, complaints(response))))
    if kind == "AcceptedNegativeData":
        # In JSON of protobuf null is the same as nothing, whatever the type, and the number of an
        # enum's value is its name.
        return not has_null(case.body) and not is_by_number(case.query)
    return True


def is_by_number(query):
    return any(name in ENUMS and str(value).isdigit() for name, value in (query or {}).items())


def is_untimely(response):
    error = response.json()["error"]
    reasons = {detail["reason"] for detail in error.get("details", []) if "reason" in detail}
    return error["status"] == "FAILED_PRECONDITION" and bool(reasons) and reasons <= OF_STATE


def is_beyond(complaint):
    return complaint["field"] in NOT_IN_THE_SCHEMA or complaint["description"] == NO_ZERO


def complaints(response):
    """The violations that an answer tells, or one that nobody knows."""
    details = response.json()["error"].get("details", [])
    told = [one for detail in details for one in detail.get("fieldViolations", [])]
    return told or [{"field": "", "description": ""}]


def has_null(value):
    if isinstance(value, dict):
        return any(one is None or has_null(one) for one in value.values())
    return isinstance(value, list) and any(map(has_null, value))

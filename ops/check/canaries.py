"""Secrets to plant and to look for, in the words in which one meets them."""

import base64
import json
import random
import string
from functools import cached_property

# By their key, whatever the value is.
KEYS = [
    "http.request.header.authorization",
    "http.request.header.cookie",
    "http.response.header.set-cookie",
    "rpc.request.metadata.x-api-key",
    "db.password",
    "accessToken",
    "refresh_token",
    "token",
    "ticket",
    "STRIPE_SECRET_KEY",
    "AUDIT_SIGNING_KEY",
    "user.email",
    "card.number",
    "cardHolder",
    "cvc",
]

# By their value, wherever it stands.
TEXTS = [
    "authorization: Basic {}",
    "headers: [Cookie: theme=dark; sid={}; path=/]",
    "sent Bearer {} to the provider",
    "password={}&next=/",
    'reply: {{"refresh_token": "{}", "lifetime": 900}}',
    'body: "{{\\"apiKey\\":\\"{}\\"}}"',
    "passphrase: 'correct horse {}'",
    "GET /v1/events?ticket={}&after=7",
    "cannot reach postgres://tradewind:{}@db:5432/orders",
    "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
    "sk_live_{} is not a key of this account",
    "whsec_{} has expired",
    "twp_{} is not of this shop",
]

# What looks like it and is none: it has to arrive as it is.
HARMLESS = [
    "order 01a22a02-4111-7111-8111-411111111111 at 1790000000123456789",
    "the token has expired",
    "12 tokens were refreshed, 3 passwords changed",
    "basic authentication is not offered; bearer tokens are",
    "4111 of 5500 items @ 12.50 to orders@v2",
    "m457aTpE+if8McAGAmV9HxpqcPGgj/ZbOLe7sigULBE=",
    "http://orders:4005/tradewind.orders.v1.OrdersService/GetOrder",
]


class Canaries:
    """Those of one place; no other place has the same. `secrets` are those that somebody has planted."""

    def __init__(self, service, signal, place):
        self.place = place
        self._random = random.Random(f"{service} {signal} {place}")
        self.secrets = []

    @cached_property
    def by_key(self):
        return {key: self._secret(24) for key in KEYS}

    @cached_property
    def number(self):
        return int(self._keep(self._card("4")))

    @cached_property
    def texts(self):
        texts = [text.format(self._secret(24)) for text in TEXTS]
        texts.append(self._token())
        texts.append(f"AKIA{self._secret(16, string.ascii_uppercase + string.digits)} may not")
        texts.append(f"no mail for {self._keep(self._word(12) + '@shop.example.com')}")
        for first, separator in [("4", ""), ("4", " "), ("55", "-"), ("2221", ""), ("6011", "")]:
            digits = self._card(first)
            card = separator.join(digits[at : at + 4] for at in range(0, 16, 4))
            texts.append(f"card {self._keep(card)} was declined")
        texts.append(f"card {self._keep(self._card('37', 15))} was declined")
        return texts

    def _keep(self, secret):
        self.secrets.append(secret)
        return secret

    def _word(self, length, letters=string.ascii_lowercase + string.digits):
        return "".join(self._random.choices(letters, k=length))

    def _secret(self, length, letters=string.ascii_lowercase + string.digits):
        return self._keep(self._word(length, letters))

    def _card(self, first, length=16):
        return first + self._word(length - len(first), string.digits)

    def _token(self):
        """A JSON Web Token."""
        head, body = (
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
            for part in ({"alg": "EdDSA"}, {"sub": self._word(12)})
        )
        return f"call of {head}.{self._keep(body)}.{self._secret(43)}"

    def in_(self, text):
        """Those that stand in a text."""
        return [secret for secret in self.secrets if secret in text]

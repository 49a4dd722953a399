"""A mail server that refuses by whom a mail goes to, and prints what it took, a line of JSON each."""

import asyncio
import email
import email.policy
import json
import sys

from aiosmtpd.controller import Controller


class Post:
    def __init__(self):
        self.seen = set()
        self.taken = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        kind = address.split("-")[0]
        if kind == "nobody":
            return f"550 5.1.1 <{address}>: there is nobody of this name"
        is_first = address not in self.seen
        self.seen.add(address)
        if is_first and kind == "full":
            return "452 4.2.2 The mailbox is full"
        if is_first and kind == "silent":
            await asyncio.sleep(3600)
        if is_first and kind == "broken":
            server.transport.abort()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        told = {
            "to": envelope.rcpt_tos[0],
            "id": mail["Message-ID"],
            "subject": mail["Subject"],
            "name": mail["To"].addresses[0].display_name,
            "defects": [str(defect) for part in mail.walk() for defect in part.defects],
            "text": mail.get_body(("plain",)).get_content(),
            "html": mail.get_body(("html",)).get_content(),
        }
        print(json.dumps(told), flush=True)
        if told["to"].startswith("mute-") and told["to"] not in self.taken:
            self.taken.add(told["to"])
            await asyncio.sleep(3600)
        return "250 OK"


post = Controller(Post(), hostname="127.0.0.1", port=int(sys.argv[1]))
post.start()
print("ready", flush=True)
asyncio.new_event_loop().run_forever()

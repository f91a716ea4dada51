"""A mail server for the tests: it says its port, then each message it has taken, a line of JSON each.

    smtp.py starttls|tls|plain CERTIFICATE KEY [login]

Recipients whose names begin with `refused` are refused for good, those with `grey` the first time, as greylisting does.
"""

import asyncio
import email
import email.policy
import html.parser
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Page(html.parser.HTMLParser):
    """What a mail program would draw: elements, attributes, and the words between them."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.words = set(), set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data):
        self.words.append(data)


def read(content):
    """A mail as its reader has it."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    parts = list(message.iter_parts())
    texts = {part.get_content_type(): part.get_content() for part in parts}
    page = Page()
    page.feed(texts.get("text/html", ""))
    page.close()
    return {
        "subject": message["Subject"],
        "defects": sum(len(part.defects) for part in message.walk())
        + sum(len(value.defects) for _, value in message.items()),
        "headers": sorted(name.lower() for name in message.keys()),
        "types": [part.get_content_type() for part in parts],
        "text": texts.get("text/plain", ""),
        "html": texts.get("text/html", ""),
        "seen": "\n".join(page.words),
        "tags": sorted(page.tags),
        "attributes": sorted(page.attributes),
        "longest": max(map(len, content.split(b"\r\n"))),
    }


class Handler:
    def __init__(self):
        self.seen = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return f"550 5.1.1 <{address}>: no such user"
        if address.startswith("grey") and address not in self.seen:
            self.seen.add(address)
            return f"451 4.7.1 <{address}>: come again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        taken = {
            "to": envelope.rcpt_tos,
            "tls": server.transport.get_extra_info("ssl_object") is not None,
            "login": session.authenticated,
            "data": envelope.content.decode("utf-8", "replace"),
            **read(envelope.content),
        }
        print(json.dumps(taken), flush=True)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    is_right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"verikeep", b"canary-pw")
    return AuthResult(success=is_right, handled=is_right)


async def main():
    protection, certificate, key, *more = sys.argv[1:]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    handler = Handler()

    def session():
        return SMTP(
            handler,
            hostname="localhost",
            enable_SMTPUTF8=True,
            tls_context=context if protection == "starttls" else None,
            require_starttls=protection == "starttls",
            auth_required="login" in more,
            auth_require_tls=protection == "starttls",
            authenticator=authenticate,
        )

    protected = context if protection == "tls" else None
    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0, ssl=protected)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())

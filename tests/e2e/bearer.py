"""Tokens of an identity provider: JSON Web Tokens (RFC 7519) with HS256.

Dovecot verifies them with the provider's key, so no provider runs in the
world.
"""

import base64
import hmac
import json
import time

ISSUER = "https://idp.example.net"
KEY = b"what only the provider and Dovecot know"


def key_file():
    """The key in the form that Dovecot reads."""
    return base64.b64encode(KEY).decode()


def part(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def token(login, key=KEY, algorithm="HS256", **claims):
    """A token of the login; `claims` replace the valid ones."""
    now = int(time.time())
    said = dict({"iss": ISSUER, "sub": login, "email": login, "iat": now - 5,
                 "exp": now + 300}, **claims)
    text = b".".join(part(json.dumps(words).encode()) for words in (
        {"typ": "JWT", "alg": algorithm}, said))
    signature = b"" if algorithm == "none" else hmac.digest(
        key, text, "sha256")
    return (text + b"." + part(signature)).decode()

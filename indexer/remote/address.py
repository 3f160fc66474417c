"""An address of a photo: as it is asked for, with what may be secret in it, and as a catalog may keep it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote_plus, urlsplit

from engine.errors import SourceError

WEB: Final = ("http", "https")
STORES: Final = ("s3", "gs", "gcs", "az", "abfs", "abfss", "memory")
"""Object storage by the names that fsspec has for it; `memory` is of the process itself."""
MAX_ADDRESS: Final = 4_096
_SECRET = re.compile(
    r"x-(amz|goog|oss)-.*|awsaccesskeyid|googleaccessid|signature|key-pair-id|"
    r"(.*[_-])?(token|secret|password|passwd|credential|auth|apikey|(api|access|secret)[_-]key|sig|jwt)"
)
"""Names of what signs an address or opens it, in lower case."""
_SIGNATURES = frozenset(("sig", "signature"))
_BESIDE_SIGNATURE = frozenset((
    "expires", "policy",
    "sv", "se", "st", "sp", "sr", "spr", "sip", "srt", "ss", "skoid", "sktid", "skt", "ske", "sks", "skv", "sdd",
))  # fmt: skip
"""Besides a signature: CloudFront's and S3's, and those of Azure's shared access. Alone they may name a photo."""
_KEY = re.compile(r"[A-Za-z0-9_-]{24,}")
"""What a `key` is when it opens something, rather than names a photo."""
_UNSAFE = re.compile(r"[\0-\x1f\x7f\\\ud800-\udfff]")


@dataclass(frozen=True)
class Address:
    """Where a photo is. full: what is asked for. stored: the same without what signs it, to be kept and shown.

    protocol: in lower case, one of `WEB` or `STORES`.
    """

    full: str = field(repr=False)
    stored: str
    protocol: str

    @property
    def path(self) -> str:
        """What the protocol's file system calls it: the address itself on the web, else bucket and key."""
        return self.full if self.protocol in WEB else self.full.partition("://")[2]


def parse_address(text: str) -> Address:
    """The address that a cell, line or argument means; without its fragment, and with what needs it percent-encoded.

    Raises SourceError, which never shows what is secret in it, for one that cannot be used.
    """
    shown = without_secrets(text)[:80]
    protocol, _, rest = text.strip().partition("://")
    protocol = protocol.lower()
    if protocol not in (*WEB, *STORES):
        raise SourceError(f"{shown!r}: addresses are read by {', '.join(one for one in (*WEB, *STORES))}")
    if len(text) > MAX_ADDRESS or _UNSAFE.search(text.strip()):
        raise SourceError(f"{shown!r}: too long for an address, or with a character that none has")
    if protocol in STORES:
        bucket, _, key = rest.partition("/")
        if not bucket or (":" in bucket and "@" in bucket):
            raise SourceError(f"{shown!r}: names no bucket, or has a password in it")
        return Address(f"{protocol}://{bucket}/{key}", f"{protocol}://{bucket}/{key}", protocol)
    return _web(text.strip(), protocol, shown)


def _web(text: str, protocol: str, shown: str) -> Address:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise SourceError(f"{shown!r} is not an address") from None
    if "@" in parts.netloc:
        raise SourceError(f"{shown!r} has a user name or password in it, which a catalog would keep: leave it out")
    host = parts.hostname
    if not host or not host.isascii() or port == 0:
        raise SourceError(f"{shown!r} names no host in ASCII")
    safe = "%/:?[]@!$&'()*+,;=~-._"
    path, query = quote(parts.path or "/", safe), quote(parts.query, safe)
    home = f"{protocol}://{parts.netloc.lower()}{path}"
    open_part = _open_part(query)
    return Address(f"{home}?{query}" if query else home, f"{home}?{open_part}" if open_part else home, protocol)


def _open_part(query: str) -> str:
    """A query without what signs it."""
    pairs = [(unquote_plus(pair.partition("=")[0]).lower(), pair) for pair in query.split("&") if pair]
    signed = any(name in _SIGNATURES for name, _ in pairs)
    return "&".join(
        pair
        for name, pair in pairs
        if not (_SECRET.fullmatch(name) or (signed and name in _BESIDE_SIGNATURE) or _is_key(name, pair))
    )


def _is_key(name: str, pair: str) -> bool:
    return name == "key" and _KEY.fullmatch(pair.partition("=")[2]) is not None


def without_secrets(text: str) -> str:
    """An address, even a malformed one, as it may be shown: no user, no password, nothing that signs it."""
    protocol, there, rest = text.strip().partition("://")
    if not there:
        return text.strip()
    place, mark, query = rest.partition("?")
    authority, slash, path = place.partition("/")
    shown = f"{protocol}://{authority.rpartition('@')[2]}{slash}{path}"
    kept = _open_part(query.partition("#")[0])
    return f"{shown}{mark}{kept}" if kept else shown


def address_product(stored: str, prefix: str = "") -> str:
    """A product id from an address: what follows the prefix, or host and path, without a picture's suffix.

    Where the path has no such suffix, what follows "?" tells products apart and stays.
    """
    from indexer.sources.places import PICTURE_SUFFIXES

    rest = stored.removeprefix(prefix) if prefix and stored.startswith(prefix) else stored.partition("://")[2]
    path, _, _ = rest.partition("?")
    stem, dot, suffix = path.rpartition(".")
    return stem if stem and f"{dot}{suffix}".lower() in PICTURE_SUFFIXES else rest

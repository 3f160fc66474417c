"""One photo's bytes from where its address says, with limits of size and time, tried again where that may help."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.errors import MissingDependencyError, PictureError
from indexer.decode.limits import DecodeLimits
from indexer.file_state import FileState
from indexer.remote.address import WEB, Address
from indexer.remote.connect import file_system
from indexer.remote.guard import REFUSED
from indexer.remote.permission import Remote

_CHUNK = 2**18
_NOT_FOUND = "not found there"
_AGAIN = frozenset((408, 425, 429, 500, 502, 503, 504))
"""Answers of a web server after which it may be asked again."""
_NOWHERE = ("InvalidURL", "InvalidUrlRedirectClientError", "NonHttpUrlRedirectClientError", "TooManyRedirects")
_BROKEN = ("ClientConnectionError", "ClientPayloadError", "ServerDisconnectedError", "ClientConnectionResetError")
"""Names of aiohttp's errors, which is not imported for them: after the first, an address is not asked again."""
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0


@dataclass(frozen=True)
class RemotePhoto:
    """A photo at an address. listed: its state as a listing told it; None where nothing does but the photo itself."""

    address: Address
    remote: Remote
    listed: FileState | None = None

    def read(self, limits: DecodeLimits) -> bytes:
        """The bytes; see `fetch`."""
        if self.listed is not None:
            limits.check_bytes(self.listed.bytes)
        return fetch(self.address, self.remote, limits)


@dataclass(frozen=True)
class _Refusal:
    """Why a try failed. again: whether another may not, after so many seconds at least."""

    reason: str
    again: bool = False
    wait: float = 0.0


def fetch(address: Address, remote: Remote, limits: DecodeLimits, sleep: Callable[[float], None] = time.sleep) -> bytes:
    """The bytes at an address, never more than the limit is held.

    Tried again after 0.5 s, 1 s, 2 s, each a little less by chance, or what the server asks for, up to 30 s; only after
    what may pass (no connection, a server that is busy). Raises PictureError with a reason that holds no credentials,
    MissingDependencyError.
    """
    system = file_system(address.protocol, remote)
    for number in range(remote.tries):
        try:
            data = _read(system, address, int(limits.megabytes * 1e6))
        except (PictureError, MissingDependencyError):
            raise
        except Exception as error:  # drivers raise what they like; the reason is told, and nothing of it is lost
            why = _refusal(error, remote)
            if not why.again or number + 1 == remote.tries:
                tried = f" ({remote.tries} times)" if why.again and remote.tries > 1 else ""
                raise PictureError(f"{why.reason}{tried}") from None
            sleep(min(_LONGEST_WAIT, max(why.wait, _FIRST_WAIT * 2**number * random.uniform(0.5, 1))))
        else:
            limits.check_bytes(len(data))
            return data
    raise AssertionError("the last try returns or raises")


def _read(system: Any, address: Address, most: int) -> bytes:
    """What is there, one byte more than `most` at the longest."""
    if address.protocol not in WEB:
        return bytes(system.cat_file(address.path, start=0, end=most + 1))
    data = bytearray()
    # A size that is told spares the question for it; without blocks the answer is streamed, whatever size it has.
    with system.open(address.path, "rb", block_size=0, size=1) as stream:
        while len(data) <= most and (piece := stream.read(min(_CHUNK, most + 1 - len(data)))):
            data += piece
    return bytes(data)


def _refusal(error: Exception, remote: Remote) -> _Refusal:
    """What went wrong, without the address, which may hold a signature."""
    name = type(error).__name__
    if status := getattr(error, "status", None):
        return _of_status(int(status), error)
    if REFUSED in str(error):
        return _Refusal(str(error)[str(error).index(f"it {REFUSED}") :].partition("]")[0])
    plain = (
        (isinstance(error, FileNotFoundError), _Refusal(_NOT_FOUND)),
        (isinstance(error, PermissionError), _Refusal("no permission to read it")),
        (isinstance(error, TimeoutError), _Refusal(f"no whole answer within {remote.seconds:g} seconds", again=True)),
        (name in _NOWHERE, _Refusal(f"it leads nowhere that can be read ({name})")),
        (isinstance(error, OSError) or name in _BROKEN, _Refusal(f"the connection failed ({name})", again=True)),
    )
    return next((refusal for holds, refusal in plain if holds), _Refusal(f"cannot be read ({name})"))


def _of_status(status: int, error: Exception) -> _Refusal:
    from http import HTTPStatus

    if status == HTTPStatus.NOT_FOUND:
        return _Refusal(_NOT_FOUND)
    words = HTTPStatus(status).phrase if status in {one.value for one in HTTPStatus} else ""
    told = getattr(error, "headers", None) or {}
    after = str(told.get("Retry-After", "")).strip()
    wait = float(after) if after.isdecimal() and after.isascii() and len(after) < 6 else 0.0
    return _Refusal(f"the server says {status} {words}".strip(), status in _AGAIN, wait)

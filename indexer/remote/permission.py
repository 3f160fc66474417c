"""Whether photos at addresses may be read, and within which bounds."""

from __future__ import annotations

import os
from dataclasses import dataclass

from engine.errors import InputError

ALLOW_REMOTE = "HOUNDSTOOTH_ALLOW_REMOTE"
ALLOW_PRIVATE = "HOUNDSTOOTH_ALLOW_PRIVATE"
ASK = f"addresses are read only where asked for: houndstooth index --allow-remote, or {ALLOW_REMOTE}=1"
_YES = frozenset(("1", "yes", "true", "on"))


@dataclass(frozen=True)
class Remote:
    """The permission to read photos at addresses.

    private: also in private networks and on this machine. seconds: for one try at one web address, connecting included.
    tries: before a photo is given up that may come a second time.
    """

    private: bool = False
    seconds: float = 30
    tries: int = 4

    def __post_init__(self) -> None:
        if not (self.seconds > 0 and self.tries >= 1):
            raise InputError(f"seconds must be above 0 and tries at least 1, got {self.seconds}, {self.tries}")

    @staticmethod
    def of_environment() -> Remote | None:
        """What the environment permits: HOUNDSTOOTH_ALLOW_REMOTE=1, and HOUNDSTOOTH_ALLOW_PRIVATE=1 besides."""
        return Remote(private=_says_yes(ALLOW_PRIVATE)) if _says_yes(ALLOW_REMOTE) else None


def _says_yes(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in _YES

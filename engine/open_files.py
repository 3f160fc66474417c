"""The number of files that this process may have open: every shard that is mapped is one.

Ten million photos in five spaces lie in some 2,000 shards, and many systems allow a process 1,024 open files, or 256,
unless it asks for more.
"""

from __future__ import annotations

import os
from contextlib import suppress

MOST = 65_536
"""Asked for at most: programs that this one starts inherit the limit, and some of them walk through all of it."""


def allow_more_files(opened: int) -> None:
    """Raise the limit of this process fourfold, as far as it may, once half of it is used.

    opened: any open file's descriptor. A copy of it gets the lowest number that is free, which tells how many are open.
    """
    try:
        import resource
    except ImportError:  # Windows, where mapped files are not counted
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    copy = os.dup(opened)
    os.close(copy)
    if soft == resource.RLIM_INFINITY or copy < soft // 2:
        return
    wanted = min(4 * soft, MOST) if hard == resource.RLIM_INFINITY else min(4 * soft, MOST, hard)
    if wanted > soft:
        with suppress(ValueError, OSError):  # macOS has a limit besides, which it does not tell
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

"""The file systems of fsspec that photos are read through."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from engine.errors import MissingDependencyError
from indexer.remote.address import WEB
from indexer.remote.guard import guarded_socket
from indexer.remote.permission import Remote

CONNECT_SECONDS = 10
CONNECTIONS = 32
_DRIVERS = {"s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs"}


def file_system(protocol: str, remote: Remote) -> Any:
    """The fsspec file system of a protocol, one for each permission; web servers are contacted through the guard.

    Object storage is contacted where fsspec's own settings say, with the credentials that they or the driver find: an
    address names a bucket there, never a machine. Raises MissingDependencyError naming what to install.
    """
    return _web(remote) if protocol in WEB else _store(protocol)


@lru_cache(4)
def _web(remote: Remote) -> Any:
    try:
        import aiohttp
        from fsspec.implementations.http import HTTPFileSystem
    except ImportError as error:
        raise MissingDependencyError("photos at addresses need fsspec: pip install 'houndstooth[remote]'") from error

    async def client(loop: object = None, **options: Any) -> aiohttp.ClientSession:
        # No proxy of the environment: it would be asked in the place of the machine that the guard is to see.
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, socket_factory=guarded_socket(remote.private)),
            timeout=aiohttp.ClientTimeout(total=remote.seconds, sock_connect=min(CONNECT_SECONDS, remote.seconds)),
            trust_env=False,
            raise_for_status=True,  # frees the connection of an answer that is an error, however long its page
            **options,
        )

    return HTTPFileSystem(get_client=client, encoded=True, use_listings_cache=False, skip_instance_cache=True)


@lru_cache(8)
def _store(protocol: str) -> Any:
    try:
        import fsspec
    except ImportError as error:
        raise MissingDependencyError("object storage needs fsspec: pip install 'houndstooth[remote]'") from error
    try:
        return fsspec.filesystem(protocol, use_listings_cache=False, skip_instance_cache=True)
    except ImportError as error:
        driver = _DRIVERS.get(protocol, "a driver for fsspec")
        raise MissingDependencyError(f"{protocol}:// needs {driver}: pip install {driver}") from error

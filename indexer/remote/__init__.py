"""Photos at addresses: web servers and object storage. Nothing here runs unless it is asked for.

address.py     an address as it is asked for, and as it may be written down
guard.py       which machines may be contacted
permission.py  `Remote`: whether, and within which bounds
connect.py     the file systems of fsspec, guarded
fetch.py       one photo's bytes: limits, retries, reasons
listing.py     what lies under a prefix of a bucket
"""

from indexer.remote.address import Address, parse_address
from indexer.remote.permission import Remote
from indexer.remote.photo import RemotePhoto, fetch

__all__ = ["Address", "Remote", "RemotePhoto", "fetch", "parse_address"]

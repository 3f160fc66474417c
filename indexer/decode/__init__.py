"""Safe decoding: a file's bytes in, one `Picture` or one `PictureError` out, whatever the bytes are.

limits.py      how large a file may be, and reading it
kinds.py       which kind of file the bytes are, or what they are instead
geometry.py    EXIF orientation, boxes, and the one rule for the working size
jpeg.py        JPEG through libjpeg-turbo, at a reduced scale where the rule allows
still.py       every other kind through Pillow, one plugin a kind
profiles.py    ICC profiles and CMYK to sRGB
quiet.py       Pillow's warnings kept from the caller
picture.py     the parts put together: `decode` and `read_picture`; the coarse picture by the rule of indexer/coarse.py
"""

from indexer.decode.geometry import LARGEST_SIDE, SMALLEST_SIDE, WORKING_SIDE, Box, working_size
from indexer.decode.limits import DecodeLimits, read_file, read_with_status
from indexer.decode.picture import decode, read_picture

__all__ = [
    "LARGEST_SIDE",
    "SMALLEST_SIDE",
    "WORKING_SIDE",
    "Box",
    "DecodeLimits",
    "decode",
    "read_file",
    "read_picture",
    "read_with_status",
    "working_size",
]

"""Objects as Python's own streams: `io` objects that read and write them piece by piece.

pinned       one state of one object, read by ranges
workers      the threads of one stream
read_ahead   ranges that are on their way before they are asked for
reader       the seekable reader, and an object as a sequence of pieces
part_sizes   how large the parts of an object are whose size nobody knows; pure
upload       such an object on its way: whole, or in parts
writer       the writer over it
text         both as texts
ownership    whose a stream is: of one process, and of no pickle
"""

from __future__ import annotations

from s3dlio_core.streams.reader import ObjectStream, RawObjectStream
from s3dlio_core.streams.text import TextStream
from s3dlio_core.streams.writer import ObjectWriter

__all__ = ["ObjectStream", "ObjectWriter", "RawObjectStream", "TextStream"]

"""`direct://`: files of this machine, read and written past the page cache (O_DIRECT).

native        the calls into C
direct_file   a file whose bytes go straight between its device and the caller's buffer
file_systems  the names of file systems, for messages
shared        what the files of a store share: locks and counters
buffered_file a file that goes through the page cache, where the user allows that
opening       opening with O_DIRECT; what is done where it is refused
store         DirectStore over these
provider      DirectProvider: directories as containers
"""

from __future__ import annotations

from s3dlio_direct.provider import DirectProvider
from s3dlio_direct.shared import Counters
from s3dlio_direct.store import DirectStore

__all__ = ["Counters", "DirectProvider", "DirectStore"]

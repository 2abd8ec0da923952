"""What tests of local disks need: the page cache seen from outside, small file systems, O_DIRECT.

page_cache   how much of a file the kernel keeps in memory
candidates   a directory whose file system really does O_DIRECT
memory       memory at addresses that a test chooses
mounts       small, odd and full file systems
rights       root bound by permissions
native_calls a recorder between s3dlio_direct and its C library, which injects errors too
fixtures     these as pytest fixtures
"""

from __future__ import annotations

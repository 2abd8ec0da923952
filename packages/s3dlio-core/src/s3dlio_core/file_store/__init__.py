"""The `file://` store: directories and files of the local machine.

paths      keys ↔ path segments, directories opened below a root, errno → our errors
case       whether a directory folds case
walk       ordered listings
listing    these in pages, each going on where the last ended
data_file  an open file whose bytes are moved
reader     reading a range, noticing a source that changes
writing    temporary files, then a rename
special    devices and fifos, which are written to in place
renaming   a move within one file system
multipart  parts written in place into a temporary file, with a journal beside it
store      FileStore over these
provider   FileProvider: directories as containers
"""

from __future__ import annotations

from s3dlio_core.file_store.provider import FileProvider
from s3dlio_core.file_store.store import FileStore
from s3dlio_core.local_names import TEMPORARY_PREFIX

__all__ = ["TEMPORARY_PREFIX", "FileProvider", "FileStore"]

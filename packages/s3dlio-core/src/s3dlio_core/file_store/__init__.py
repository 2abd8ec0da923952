"""The `file://` store: directories and files of the local machine.

paths      keys ↔ path segments, directories opened below a root, errno → our errors
case       whether a directory folds case
walk       ordered listings
reader     reading a range, noticing a source that changes
writing    temporary files, then a rename
multipart  parts written in place into a temporary file, with a journal beside it
store      FileProvider and FileStore over these
"""

from __future__ import annotations

from s3dlio_core.file_store.store import FileProvider, FileStore
from s3dlio_core.local_names import TEMPORARY_PREFIX

__all__ = ["TEMPORARY_PREFIX", "FileProvider", "FileStore"]

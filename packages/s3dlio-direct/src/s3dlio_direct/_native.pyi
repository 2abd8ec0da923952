# What of the compiled module is used: ffi_build.py declares it.

from typing import Any, Protocol

from typing_extensions import Buffer

# A C value, or memory that cffi owns or refers to.
class CData(Protocol): ...

class Geometry(CData, Protocol):
    memory_bytes: int
    offset_bytes: int
    block_bytes: int
    touches_memory: int

class Counters(CData, Protocol):
    read_direct_bytes: int
    read_bounced_bytes: int
    written_direct_bytes: int
    written_bounced_bytes: int

class _FFI:
    def new(self, ctype: str) -> Any: ...
    def from_buffer(self, buffer: Buffer, require_writable: bool = ...) -> CData: ...

class _Lib:
    AT_FDCWD: int
    def s3dlio_open(
        self, dir_fd: int, path: bytes, flags: int, mode: int, geometry: Geometry, /
    ) -> int: ...
    def s3dlio_probe(
        self, fd: int, writable: int, scratch: CData, scratch_bytes: int, geometry: Geometry, /
    ) -> int: ...
    def s3dlio_read(
        self,
        fd: int,
        geometry: Geometry,
        buffer: CData,
        size_bytes: int,
        offset_bytes: int,
        bounce: CData,
        bounce_bytes: int,
        counters: Counters,
        /,
    ) -> int: ...
    def s3dlio_write(
        self,
        fd: int,
        geometry: Geometry,
        buffer: CData,
        size_bytes: int,
        offset_bytes: int,
        end_bytes: int,
        bounce: CData,
        bounce_bytes: int,
        counters: Counters,
        /,
    ) -> int: ...
    def s3dlio_reserve(self, fd: int, size_bytes: int, /) -> int: ...
    def s3dlio_cut(self, fd: int, geometry: Geometry, size_bytes: int, /) -> int: ...

ffi: _FFI
lib: _Lib

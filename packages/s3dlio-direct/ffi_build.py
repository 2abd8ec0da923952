"""Declares the functions of native/ to cffi, in API mode: the compiler checks this against them.

The contract of each stands in native/include/s3dlio_direct.h.
"""

from __future__ import annotations

from pathlib import Path

from cffi import FFI

NATIVE = Path("native")  # relative: an sdist must build elsewhere

ffi = FFI()
ffi.cdef("""
struct s3dlio_geometry {
    uint32_t memory_bytes;
    uint32_t offset_bytes;
    uint32_t block_bytes;
    uint32_t touches_memory;
};
struct s3dlio_counters {
    uint64_t read_direct_bytes;
    uint64_t read_bounced_bytes;
    uint64_t written_direct_bytes;
    uint64_t written_bounced_bytes;
};
#define AT_FDCWD ...
int s3dlio_open(int dir_fd, const char *path, int flags, unsigned mode,
                struct s3dlio_geometry *geometry);
int s3dlio_probe(int fd, int writable, void *scratch, size_t scratch_bytes,
                 struct s3dlio_geometry *geometry);
int64_t s3dlio_read(int fd, const struct s3dlio_geometry *geometry, void *buffer,
                    size_t size_bytes, int64_t offset_bytes, void *bounce, size_t bounce_bytes,
                    struct s3dlio_counters *counters);
int64_t s3dlio_write(int fd, const struct s3dlio_geometry *geometry, const void *buffer,
                     size_t size_bytes, int64_t offset_bytes, int64_t end_bytes, void *bounce,
                     size_t bounce_bytes, struct s3dlio_counters *counters);
int s3dlio_reserve(int fd, int64_t size_bytes);
int s3dlio_cut(int fd, const struct s3dlio_geometry *geometry, int64_t size_bytes);
""")
ffi.set_source(
    "s3dlio_direct._native",
    "#include <fcntl.h>\n#include <s3dlio_direct.h>",
    sources=sorted(map(str, NATIVE.glob("src/*.c"))),
    include_dirs=[str(NATIVE / "include")],
    depends=sorted(map(str, NATIVE.glob("*/*.h"))),
    define_macros=[("_GNU_SOURCE", None), ("_FILE_OFFSET_BITS", "64")],
    extra_compile_args=["-std=c11"],
)

"""Builds the C module; all else stands in pyproject.toml."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

from setuptools import setup

if sys.platform != "linux":
    raise SystemExit("s3dlio-direct: direct:// is Linux's O_DIRECT and isn't built elsewhere")
if not Path(__file__).with_name("native").joinpath("include").is_dir():
    raise SystemExit(
        "s3dlio-direct: native isn't the symbolic link to the repository's directory native/ "
        "that belongs here: check out again with core.symlinks=true, or build from the sdist."
    )

# One wheel for all Pythons; a free-threaded one has no stable ABI.
ABI3 = {} if sysconfig.get_config_var("Py_GIL_DISABLED") else {"py_limited_api": "cp310"}

setup(cffi_modules=["ffi_build.py:ffi"], options={"bdist_wheel": ABI3})

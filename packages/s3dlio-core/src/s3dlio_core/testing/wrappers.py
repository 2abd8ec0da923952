"""A check for classes that wrap a store, an upload or a provider: nothing may be left out.

A method that the contract defines with a body (`uri_of`, `close`, `expected_etag`) isn't abstract,
so Python doesn't notice when a wrapper forgets to hand it on.
"""

from __future__ import annotations

from s3dlio_core.store import MultipartUpload, ObjectReader, ObjectStore, StoreProvider

__all__ = ["check_wrapper"]

_CONTRACTS: tuple[type, ...] = (ObjectStore, MultipartUpload, ObjectReader, StoreProvider)


def check_wrapper(wrapper: type) -> None:
    """Assert that a wrapper class overrides every public method and property of its contract.

    Args:
        wrapper: a class over ObjectStore, MultipartUpload, ObjectReader or StoreProvider.
    """
    (contract,) = (base for base in _CONTRACTS if issubclass(wrapper, base))
    kinds = (classmethod, property)
    public = {
        name
        for name, value in vars(contract).items()
        if not name.startswith("_") and (callable(value) or isinstance(value, kinds))
    }
    own = {name for cls in wrapper.__mro__[: wrapper.__mro__.index(contract)] for name in vars(cls)}
    # A reader is readable whatever it wraps.
    missing = sorted(public - own - {"readable"})
    assert missing == [], f"{wrapper.__name__} doesn't hand on {', '.join(missing)}"

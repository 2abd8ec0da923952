"""Random sequences of operations, compared with a dictionary."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s3dlio_core.store import ListOrder, ObjectStore
from s3dlio_core.testing.conformance.base import (
    ConformanceBase,
    exists,
    keys_of,
    list_pages,
    prefixes_of,
    read,
)

if TYPE_CHECKING:
    from collections.abc import Callable

#: No name is another's directory, so that file systems take them; "-" < "/" < "0".
_NAMES = ("a", "a-", "a0", "ab", "b", "d-x", "d/a", "d/ab", "d/e/f", "d0")
_PREFIXES = ("", "a", "d", "d/", "d/e", "x")

_name = st.sampled_from(_NAMES)
_operation = st.one_of(
    st.tuples(st.just("put"), _name, st.binary(max_size=40)),
    st.tuples(st.just("delete"), _name),
    st.tuples(st.just("delete_many"), st.lists(_name, max_size=4)),
    st.tuples(st.just("get"), _name),
    st.tuples(
        st.just("list"),
        st.sampled_from(_PREFIXES),
        st.sampled_from(["", "/"]),
        st.integers(1, 4),
    ),
)


class ModelTests(ConformanceBase):
    """The store behaves like a dictionary, whatever comes in which order."""

    def test_store_behaves_like_a_dictionary(self, store: ObjectStore, prefix: str) -> None:
        """Puts, deletes, reads and listings in any order give what a dictionary gives."""
        numbers = itertools.count()

        @settings(
            max_examples=self.model_examples,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(st.lists(_operation, max_size=20))
        def check(operations: list[tuple[Any, ...]]) -> None:
            model: dict[str, bytes] = {}
            base = f"{prefix}{next(numbers)}/"
            for operation in operations:
                _STEPS[operation[0]](store, model, base, *operation[1:])
            assert sorted(base + name for name in model) == sorted(keys_of(list_pages(store, base)))

        check()


def _put(store: ObjectStore, model: dict[str, bytes], base: str, name: str, data: bytes) -> None:
    assert len(data) == store.put(base + name, data).size_bytes
    model[name] = data


def _delete(store: ObjectStore, model: dict[str, bytes], base: str, name: str) -> None:
    store.delete(base + name)
    model.pop(name, None)


def _delete_many(store: ObjectStore, model: dict[str, bytes], base: str, names: list[str]) -> None:
    assert list(store.delete_many([base + name for name in names])) == []
    for name in names:
        model.pop(name, None)


def _get(store: ObjectStore, model: dict[str, bytes], base: str, name: str) -> None:
    assert (name in model) == exists(store, base + name)
    if name in model:
        assert model[name] == read(store, base + name)


def _list(
    store: ObjectStore,
    model: dict[str, bytes],
    base: str,
    prefix: str,
    delimiter: str,
    page_size: int,
) -> None:
    keys: list[str] = []
    rolled_up: set[str] = set()
    for name in sorted(model):
        if name.startswith(prefix):
            rest = name[len(prefix) :]
            if delimiter and delimiter in rest:
                rolled_up.add(base + prefix + rest.partition(delimiter)[0] + delimiter)
            else:
                keys.append(base + name)
    pages = list_pages(store, base + prefix, delimiter=delimiter, page_size=page_size)
    ordered = store.capabilities.list_order is ListOrder.UTF8
    assert keys == (keys_of(pages) if ordered else sorted(keys_of(pages)))
    assert sorted(rolled_up) == (prefixes_of(pages) if ordered else sorted(prefixes_of(pages)))


_STEPS: dict[str, Callable[..., None]] = {
    "put": _put,
    "delete": _delete,
    "delete_many": _delete_many,
    "get": _get,
    "list": _list,
}

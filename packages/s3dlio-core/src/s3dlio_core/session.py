"""The providers and stores that one operation uses."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.registry import make_provider, provider_class
from s3dlio_core.retry import RetryingProvider

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterable, Mapping

    from typing_extensions import Self

    from s3dlio_core.store import ObjectStore, StoreProvider
    from s3dlio_core.transfer.events import CancelToken
    from s3dlio_core.uri import Uri

__all__ = ["Place", "Session", "refuse_shared_endpoint", "refuse_unknown"]

#: The option that says where a service is.
_ENDPOINT = "endpoint_url"


@dataclass(frozen=True, slots=True)
class Place:
    """A store, the prefix of the keys that are meant ("" or ending in "/"), its container."""

    store: ObjectStore
    prefix: str
    container: str


class Session:
    """The providers and stores of one operation, closed together. Threads may share it."""

    def __init__(
        self,
        options: Mapping[str, str] | None = None,
        cancel: CancelToken | None = None,
        defaults: Mapping[str, str] | None = None,
        *,
        reads_checksums: bool = False,
        own_options: Mapping[str, str] | None = None,
        side: str = "",
    ) -> None:
        """Begin a session.

        Args:
            options: given to each provider that knows them; see `check_options`.
            cancel: ends the waits of retries.
            defaults: of options that weren't given, for the providers that know them.
            reads_checksums: ask the stores for checksums, also those that otherwise wouldn't; but
                `options` counts for more.
            own_options: of this session alone, where `options` are shared with another; they count
                for more. An empty one isn't set.
            side: what errors call it, where another session has stores of the same names.
        """
        self._reads_checksums = reads_checksums
        self._options = dict(options or {})
        own = {name: value for name, value in (own_options or {}).items() if value}
        self._found = dict(defaults or {})
        self._own = own
        self._cancel = cancel
        self._side = side
        self._lock = threading.RLock()
        self._providers: dict[tuple[str, str], RetryingProvider] = {}
        self._stores: dict[tuple[str, str, str], ObjectStore] = {}

    def check_options(self, uris: Iterable[Uri]) -> None:
        """Check that each option is known to at least one of the stores concerned.

        Raises:
            UsageError: one isn't, or an endpoint is given for several services.
        """
        given = tuple(uris)
        refuse_unknown(self._options, given)
        refuse_shared_endpoint(self._options, given)

    def provider(self, uri: Uri) -> RetryingProvider:
        """Return the provider that serves a URI."""
        name = (uri.scheme, uri.host)
        with self._lock:
            if name not in self._providers:
                served_by = provider_class(uri.scheme)
                options = self._merged(served_by)
                if self._reads_checksums:
                    options = {**served_by.checksum_options, **options}
                try:
                    inner = make_provider(uri.scheme, options, uri.host)
                except errors.UsageError as error:
                    error.reason = f"{self._side}: {error.reason}" if self._side else error.reason
                    raise
                self._providers[name] = RetryingProvider(
                    inner, cancel=self._cancel, side=self._side
                )
            return self._providers[name]

    def _merged(self, served_by: type[StoreProvider]) -> dict[str, str]:
        """Return the options that a provider knows; later ones count for more."""
        found, own = (_with_own(layer, served_by) for layer in (self._found, self._own))
        return _merged((found, self._options, own), served_by)

    def container_name(self, uri: Uri) -> str:
        """Return what the provider calls the container that a URI names as a whole."""
        return uri.path if self.provider(uri).containers_are_paths else uri.container

    def place(self, uri: Uri, prefix: str) -> Place:
        """Open the store that a directory of a URI's container lies in.

        Args:
            uri: names provider and container.
            prefix: the directory as a key: "" or ending in "/".
        """
        if self.provider(uri).containers_are_paths:
            container, prefix = f"{uri.container}{prefix}" or ".", ""
        else:
            container = uri.container
        at = (uri.scheme, uri.host, container)
        with self._lock:
            if at not in self._stores:
                self._stores[at] = self.provider(uri).open(container)
            return Place(self._stores[at], prefix, container)

    def object(self, uri: Uri) -> tuple[Place, str]:
        """Return the place of the object that a URI names, and its name there.

        The name is the key's last segment; a key that ends in "/" has its last two.
        """
        cut = uri.key.rfind("/", 0, max(0, len(uri.key) - 1)) + 1
        return self.place(uri, uri.key[:cut]), uri.key[cut:]

    def remarks(self) -> tuple[str, ...]:
        """Return the remarks of all stores that were opened, each text once."""
        with self._lock:
            stores = tuple(self._stores.values())
        return tuple(dict.fromkeys(text for store in stores for text in store.remarks()))

    def close(self) -> None:
        """Close every store and provider, also when one of them can't be closed cleanly."""
        with contextlib.ExitStack() as stack:
            for provider in self._providers.values():
                stack.callback(provider.close)
            for store in self._stores.values():
                stack.callback(store.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: builtins.object) -> None:
        self.close()


def refuse_unknown(options: Iterable[str], uris: Iterable[Uri], whose: str = "") -> None:
    """Check that each option is known to at least one of the stores concerned.

    Args:
        options: the names that were given.
        uris: name the stores.
        whose: what the options are called, with a blank behind.

    Raises:
        UsageError: one isn't.
    """
    schemes = sorted({uri.scheme for uri in uris})
    known = {name for scheme in schemes for name in provider_class(scheme).option_names}
    unknown = sorted(set(options) - known)
    if unknown:
        raise errors.UsageError(
            f"{whose}option {', '.join(unknown)} means nothing for "
            + " and ".join(f"{scheme}://" for scheme in schemes),
            hint=f"Known here: {', '.join(sorted(known)) or 'none'}",
        )


def refuse_shared_endpoint(options: Mapping[str, str], uris: Iterable[Uri]) -> None:
    """Check that an endpoint isn't given to stores of several kinds: it is of one service.

    Args:
        options: the options that all of the stores are given.
        uris: name the stores.

    Raises:
        UsageError: it is; one service would be sent what is signed for the other.
    """
    if not options.get(_ENDPOINT):
        return
    schemes = sorted({uri.scheme for uri in uris})
    asked = [scheme for scheme in schemes if _ENDPOINT in provider_class(scheme).option_names]
    if len(asked) > 1:
        raise errors.UsageError(
            f"one endpoint URL can't be that of {' and '.join(f'{name}://' for name in asked)}",
            hint="Say whose it is: --source-endpoint-url or --dest-endpoint-url, in Python "
            "source_options or dest_options",
        )


def _with_own(layer: Mapping[str, str], served_by: type[StoreProvider]) -> dict[str, str]:
    """Return options that were given for this session alone, and what goes with them."""
    added = [more for name, more in served_by.own_side_options.items() if layer.get(name)]
    return {name: value for more in added for name, value in more.items()} | dict(layer)


def _merged(layers: Iterable[Mapping[str, str]], served_by: type[StoreProvider]) -> dict[str, str]:
    """Return the options that a provider knows; later layers count for more.

    A layer that has some of a group takes the place of all that earlier ones have of it.
    """
    merged: dict[str, str] = {}
    for layer in layers:
        for group in served_by.option_groups:
            if any(layer.get(name) for name in group):
                merged = {name: value for name, value in merged.items() if name not in group}
        merged.update({key: layer[key] for key in layer if key in served_by.option_names})
    return merged

"""Two ascending streams as one: what each of them has under a name. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from s3dlio_core.trees.order import Found

__all__ = ["Group", "merge"]

#: What the one and the other stream have of one order; one of the two may be empty.
Group: TypeAlias = "tuple[Sequence[Found], Sequence[Found]]"


def merge(one: Iterable[Found], other: Iterable[Found]) -> Iterator[Group]:
    """Merge two streams that ascend; those of equal order come together.

    Of each stream one element is read ahead, no more.
    """
    mine, theirs = iter(one), iter(other)
    my_head, their_head = next(mine, None), next(theirs, None)
    while my_head is not None or their_head is not None:
        order = min(head.order for head in (my_head, their_head) if head is not None)
        my_group, my_head = _take(my_head, mine, order)
        their_group, their_head = _take(their_head, theirs, order)
        yield my_group, their_group


def _take(
    head: Found | None, rest: Iterator[Found], order: bytes
) -> tuple[Sequence[Found], Found | None]:
    """Return those of an order, and the head that follows."""
    if head is None or head.order != order:
        return (), head
    following = next(rest, None)
    if following is None or following.order != order:
        return (head,), following
    group = [head]
    while following is not None and following.order == order:
        group.append(following)
        following = next(rest, None)
    return group, following

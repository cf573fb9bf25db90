"""Which record of one version is which of another: matched by their keys, in compiled code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Places = npt.NDArray[np.int64]

DAY, RUN = "date", "run_url"
"""What tells measurements of one configuration apart."""
LARGEST_CODE = 2**62


@dataclass(frozen=True)
class Matches:
    """Places of rows in the tables *old* and *new*, all in the order of the key.

    ``old`` and ``new`` are as long as each other: the pairs that match. ``removed`` are in the old table only,
    ``added`` in the new one only. ``repeated`` counts the keys that several rows of one table share.
    """

    old: Places
    new: Places
    removed: Places
    added: Places
    repeated: int


def match(old: pa.Table, new: pa.Table, key: Sequence[str]) -> Matches:
    """Match the rows of both tables, which have the columns of *key*; null equals null.

    A configuration that either table holds for several days is matched day by day, and a day that either holds
    several runs of, run by run: so a history is compared day by day, and in the newest rows a new day is a change.
    Rows that share a key all the same are matched by occurrence: the first with the first, in the order of
    their values, so that the order of rows does not matter.
    """
    split = old.num_rows
    codes = dense(stacked(old, new, name) for name in key)
    for name in (DAY, RUN):
        if name in old.column_names and name in new.column_names:
            codes = _told_apart(codes, split, _ranks(stacked(old, new, name)))
    codes, repeated = _by_occurrence(codes, split, old, new)
    place = np.full((2, codes.max(initial=-1) + 1), -1)
    place[0, codes[:split]] = np.arange(split)
    place[1, codes[split:]] = np.arange(new.num_rows)
    in_old, in_new = place >= 0
    return Matches(
        old=place[0, in_old & in_new],
        new=place[1, in_old & in_new],
        removed=place[0, in_old & ~in_new],
        added=place[1, in_new & ~in_old],
        repeated=repeated,
    )


def stacked(old: pa.Table, new: pa.Table, name: str) -> pa.ChunkedArray:
    """Return the column *name* of both tables, one below the other."""
    return pa.chunked_array([*old[name].chunks, *new[name].chunks], type=old.schema.field(name).type)


def dense(columns: Iterable[pa.ChunkedArray]) -> Places:
    """Return a number per row, from 0 without gaps: equal where all *columns* are equal, and in their order."""
    codes, size = np.zeros(1, dtype=np.int64), 1
    for column in columns:
        ranks = _ranks(column)
        count = int(ranks.max(initial=0)) + 1
        if size * count > LARGEST_CODE:
            codes = _compact(codes)
            size = int(codes.max(initial=0)) + 1
        codes, size = codes * count + ranks, size * count
    return _compact(codes)


def equal(old: pa.Table, new: pa.Table, matches: Matches, name: str) -> npt.NDArray[np.bool_]:
    """Tell for each of the pairs whether both have the same value in the column *name*; null equals null."""
    encoded = stacked(old, new, name).combine_chunks().dictionary_encode(null_encoding="encode")
    codes = np.asarray(encoded.indices)
    same: npt.NDArray[np.bool_] = codes[matches.old] == codes[old.num_rows + matches.new]
    return same


def _ranks(column: pa.ChunkedArray) -> Places:
    """Return the rank of each value in *column*, from 0 without gaps, null as the highest."""
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    ranks = np.asarray(pc.rank(encoded.dictionary), dtype=np.int64) - 1
    ranked: Places = ranks[np.asarray(encoded.indices)]
    return ranked


def _compact(codes: Places) -> Places:
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)


def _told_apart(codes: Places, split: int, by: Places) -> Places:
    """Return *codes* that also tell apart what differs in *by*, of those that have several such rows in one table."""
    several = np.zeros(codes.max(initial=-1) + 1, dtype=np.bool_)
    count = by.max(initial=0) + 1
    for side in (slice(None, split), slice(split, None)):
        different = np.unique(codes[side] * count + by[side]) // count
        several |= np.bincount(different, minlength=len(several)) > 1
    return _compact(codes * count + np.where(several[codes], by, 0))


def _by_occurrence(codes: Places, split: int, old: pa.Table, new: pa.Table) -> tuple[Places, int]:
    """Return *codes* that no two rows of one table share, and how many were shared."""
    sided = codes * 2 + (np.arange(len(codes)) >= split)
    shared = np.bincount(sided)[sided] > 1
    if not shared.any():
        return codes, 0
    places = np.flatnonzero(shared)
    names = sorted({*old.column_names} & {*new.column_names}, key=lambda name: (name not in {DAY, RUN}, name))
    values = dense(stacked(old, new, name).take(places) for name in names)
    occurrence = np.zeros(len(codes), dtype=np.int64)
    occurrence[places] = _positions(sided[places], values)
    repeated = len(np.unique(codes[places]))
    return _compact(codes * (occurrence.max() + 1) + occurrence), repeated


def _positions(groups: Places, values: Places) -> Places:
    """Return the position of each row within its group, in the order of *values*."""
    order = np.lexsort((values, groups))
    ordered = groups[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    positions = np.empty_like(groups)
    positions[order] = np.arange(len(groups)) - np.repeat(starts, np.diff(np.append(starts, len(groups))))
    return positions

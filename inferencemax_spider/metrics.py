"""The metrics that the dashboard derives in the browser: per MW, per dollar, and the Pareto front (``roof``)."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Number = TypeVar("Number", float, Floats)


def tp_per_mw(y: Number, power_kw: Number | float) -> Number:
    """Return the throughput per provisioned MW, in tok/s/MW.

    *y* is in tok/s/GPU (a number, or an array of them), *power_kw* in kW per GPU.
    """
    return y * 1000 / power_kw


def cost_per_million(y: Number, price: Number | float) -> Number:
    """Return the cost of a million tokens, in US$.

    *y* is in tok/s/GPU (a number, or an array of them) and above zero, *price* in US$ per GPU-hour.

    Raises:
        ZeroDivisionError: *y* is the number 0.
    """
    return price / (y * 3600 / 1e6)


def pareto_front(x: npt.ArrayLike, y: npt.ArrayLike, *, smaller_x: bool, larger_y: bool) -> npt.NDArray[np.bool_]:
    """Tell for each point whether it lies on the Pareto front, as an array of the same length, in O(n log n).

    A point is off the front when another is at least as good on both axes and better on one; equal points stand or
    fall together. A point with a NaN is missing: never on the front, and no rival to others. *smaller_x* and
    *larger_y* say which way is better: for e2e small x, for interactivity large x, for a cost small y.

    The site flags unrounded values: costs rounded to three decimals tie where the real ones do not.

    Raises:
        ValueError: *x* and *y* differ in length, or are not one-dimensional.
    """
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"x and y must be one-dimensional and equally long, not {a.shape} and {b.shape}")
    front = ~(np.isnan(a) | np.isnan(b))
    front[front] = _minimal(a[front] if smaller_x else -a[front], -b[front] if larger_y else b[front])
    return front


def _minimal(a: Floats, b: Floats) -> npt.NDArray[np.bool_]:
    """Tell for each point (a, b), both better when small and none NaN, whether no other dominates it."""
    order = np.lexsort((b, a))
    a, b = a[order], b[order]
    first = np.ones(len(a), dtype=np.bool_)
    first[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1])
    lowest = np.ones(len(a), dtype=np.bool_)
    lowest[1:] = b[1:] < np.minimum.accumulate(b)[:-1]
    minimal = np.empty_like(lowest)
    # Equal points are neighbours now; each takes the verdict of the first of them.
    minimal[order] = lowest[first][np.cumsum(first) - 1]
    return minimal


def pareto_fronts(
    groups: npt.ArrayLike, x: npt.ArrayLike, y: npt.ArrayLike, *, smaller_x: bool, larger_y: bool
) -> npt.NDArray[np.bool_]:
    """Tell for each point whether it lies on the Pareto front of its group, as :func:`pareto_front` does for one.

    *groups* are integers, one per point. Points of different groups are no rivals: the groups are laid side by side
    on the second axis, each in a band of ranks of its own, better than all bands before it.
    """
    group, a, b = np.asarray(groups), np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    front = ~(np.isnan(a) | np.isnan(b))
    group, a, b = group[front], a[front] if smaller_x else -a[front], -b[front] if larger_y else b[front]
    _, ranks = np.unique(b, return_inverse=True)
    order = np.lexsort((a, group))
    places = np.empty(len(order), dtype=np.float64)
    places[order] = _dense(group[order], a[order])
    front[front] = _minimal(places, ranks - group * (len(ranks) + 1.0))
    return front


def _dense(group: npt.NDArray[Any], a: Floats) -> Floats:
    """Return increasing places for sorted points: the same for points of one group that are equal in *a*."""
    new = np.ones(len(a), dtype=np.bool_)
    new[1:] = (group[1:] != group[:-1]) | (a[1:] != a[:-1])
    return np.cumsum(new).astype(np.float64)

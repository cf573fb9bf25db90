"""A measured figure and the bound that it is held to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """What was measured, in words, and whether it ``holds`` its bound."""

    name: str
    measured: str
    bound: str
    holds: bool


def at_least(name: str, value: float, bound: float, unit: str = "×") -> Figure:
    """Return a figure that must not be smaller than *bound*."""
    return Figure(name, f"{value:,.2f} {unit}", f"at least {bound:,g} {unit}", value >= bound)


def at_most(name: str, value: float, bound: float, unit: str = "×") -> Figure:
    """Return a figure that must not be larger than *bound*."""
    return Figure(name, f"{value:,.2f} {unit}", f"at most {bound:,g} {unit}", value <= bound)

"""Which of two results is better: complete, then fewer curves lacking, then more points, then the primary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from inferencemax_spider.collecting.choice import Candidate, choose, named
from inferencemax_spider.summary import EXIT_STATUS, RunStatus
from inferencemax_spider.versions.stored import StoredVersion
from tests.commands.stored import demo
from tests.quality.versions import Edit, Store, halved, without

ASKED = (("models", "gpt-oss"),)
TRT: dict[str, str | int] = {"sequence_length": "1k-1k", "hwKey": "b200_trt"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a version of each generation, of one model and sequence."""
    output = tmp_path_factory.mktemp("choice") / "output"
    only = ("-a", "models=gpt-oss-120b", "-a", "sequences=1k1k")
    return {spider: demo(output, spider, *only) for spider in ("inferencemax", "inferencex")}


@pytest.fixture
def candidate(made: dict[str, Path], tmp_path: Path) -> Any:
    """Return a function that makes a candidate: a version of a *spider* with changes."""

    def one(spider: str, status: RunStatus = "complete", edit: Edit | None = None, **changes: Any) -> Candidate:
        folder = Store(tmp_path / spider, made[spider], names=["x"] * len(list(tmp_path.rglob("summary.json")))).add(
            edit
        )
        fields = {"version": StoredVersion(folder), "asked": ASKED, **changes}
        return Candidate(spider, status, EXIT_STATUS[status], **fields)

    return one


@pytest.mark.parametrize(
    ("primary", "fallback", "best"),
    [
        ("complete", "incomplete", "inferencex"),
        ("incomplete", "complete", "inferencemax"),
        ("incomplete", "failed", "inferencex"),
        ("failed", "incomplete", "inferencemax"),
        ("failed", "failed", None),
        ("cancelled", "failed", None),
    ],
)
def test_what_is_more_complete_is_better(
    primary: RunStatus, fallback: RunStatus, best: str | None, candidate: Any
) -> None:
    # The fallback always has more of it: that does not count here.
    one = candidate("inferencex", primary, halved(sequence_length="1k-1k"), findings=("a reason",))
    other = candidate("inferencemax", fallback, findings=("another",))
    choice = choose([one, other])
    assert (choice.best.spider if choice.best else None) == best
    assert f"inferencex {primary}" in choice.why.replace("is ", "").replace("was ", "")
    assert ("(a reason)" in choice.why) == (primary in {"failed", "cancelled"})


def test_of_two_incomplete_ones_that_is_better_which_lacks_fewer_curves(candidate: Any) -> None:
    one = candidate("inferencemax", "incomplete", without(**TRT))
    other = candidate("inferencemax", "incomplete", halved(sequence_length="1k-1k"))
    choice = choose([one, other])
    assert choice.best == other
    assert [len(lacking) for lacking in choice.lacking] == [1, 0]
    assert choice.lacking[0] == [("gpt-oss-120b", "1k-1k", "b200_trt")]
    assert f"has {len(other.curves)} curves, inferencemax {len(one.curves)}" in choice.why
    assert one.points > other.points


def test_with_as_many_curves_the_points_decide(candidate: Any) -> None:
    one = candidate("inferencemax", "incomplete", halved(**TRT))
    other = candidate("inferencemax", "incomplete")
    choice = choose([one, other])
    assert choice.best == other
    assert f"has {other.points} points, inferencemax {one.points}" in choice.why


def test_of_equals_the_primary_is_published(candidate: Any) -> None:
    one, other = candidate("inferencemax", "incomplete"), candidate("inferencemax", "incomplete")
    choice = choose([one, other])
    assert choice.best is one
    assert "both have as much, and inferencemax is the primary" in choice.why


def test_points_of_both_generations_are_counted_alike(candidate: Any) -> None:
    static, live = candidate("inferencemax"), candidate("inferencex")
    assert static.points == static.version.summary["records"]
    assert live.points == 2 * live.version.summary["records"]
    assert {model for model, _, _ in static.curves} == {model for model, _, _ in live.curves} == {"gpt-oss-120b"}
    assert {sequence for _, sequence, _ in static.curves} == {sequence for _, sequence, _ in live.curves} == {"1k-1k"}


def test_what_the_better_one_lacks_of_the_other_is_said(candidate: Any) -> None:
    choice = choose([candidate("inferencemax", "incomplete"), candidate("inferencemax", edit=without(**TRT))])
    assert choice.why.endswith("; it lacks 1 curves of inferencemax: gpt-oss-120b 1k-1k b200_trt")


def test_curves_that_were_published_before_are_missed(candidate: Any) -> None:
    before = candidate("inferencemax").version
    before.summary["candidates"] = [{"spider": "inferencemax", "asked": dict(ASKED)}]
    now = candidate("inferencemax", edit=without(**TRT))
    choice = choose([now], before)
    assert choice.lost == choice.lacking[0] == [("gpt-oss-120b", "1k-1k", "b200_trt")]
    before.summary["candidates"][0]["asked"] = {"models": "llama"}
    assert choose([now], before).lost == []


def test_a_version_without_benchmarks_has_no_curves_and_may_be_complete(candidate: Any) -> None:
    one = candidate("inferencemax")
    (one.version.folder / "benchmarks.parquet").unlink()
    assert choose([one]).best == one
    assert one.curves == {}


def test_the_summary_names_both(candidate: Any) -> None:
    one = candidate("inferencemax", "incomplete", without(**TRT), findings=tuple(map(str, range(30))))
    choice = choose([one, Candidate("barred", "failed", None, ("not here",))])
    noted = choice.summarised()
    assert (noted["collected_by"], noted["why"]) == ("inferencemax", choice.why)
    first, second = noted["candidates"]
    assert (first["spider"], first["version"], first["exit_status"]) == ("inferencemax", one.version.name, 3)
    assert len(first["findings"]) == 20
    assert (second["spider"], second["version"], second["findings"]) == ("barred", None, ["not here"])


def test_many_curves_are_not_all_named() -> None:
    text = named([("m", "s", str(number)) for number in range(30)])
    assert text.endswith("m s 19, and 10 more")

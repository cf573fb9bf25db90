"""``scrapy crosscheck``: what two spiders collected, compared in what both were asked for."""

from __future__ import annotations

import csv
import io
import json
import shlex
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from inferencemax_spider.versions import store
from tests.commands.stored import command, demo
from tests.crawl import runs
from tests.quality.versions import Edit, Store, both, emptied, scaled, without

WITNESS = "witness"
"""A second source of the same generation: its versions are copies of a real one, with known differences."""
TRT: dict[str, str | int] = {"model_name": "gpt-oss 120B", "sequence_length": "1k-1k", "hwKey": "b200_trt"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with a version of each generation."""
    output = tmp_path_factory.mktemp("crosscheck") / "output"
    demo(output, "inferencemax", "-a", "models=gpt-oss,llama")
    demo(output, "inferencex")
    return output


def latest(output: Path, spider: str) -> Path:
    return (output / spider / "latest").resolve()


def records(output: Path, spider: str) -> pd.DataFrame:
    return pd.read_parquet(latest(output, spider) / "benchmarks.parquet")


@pytest.fixture
def witness(made: Path, tmp_path: Path) -> Any:
    """Return a function that adds a version of the witness to a copy of the store, and returns that."""

    def added(edit: Edit | None = None, **summary: Any) -> Path:
        output = tmp_path / "output"
        output.mkdir()
        (output / "inferencemax").symlink_to(made / "inferencemax")
        folder = Store(output / WITNESS, latest(made, "inferencemax")).add(edit, **summary)
        assert store.point_latest(folder)
        return output

    return added


def facts(output: Path, *args: str, status: int) -> dict[str, Any]:
    """Return what the cross-check of the static spider and its witness finds."""
    run = command(output, "crosscheck", "inferencemax", WITNESS, "--format", "json", *args)
    assert run.status == status, run.output
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_the_same_data_agree(witness: Any) -> None:
    output = witness()
    found = facts(output, status=0)
    total = len(records(output, "inferencemax"))
    assert found["records"] == {"agree": total, "differ": 0, "only_first": 0, "only_second": 0, "compared": total}
    assert found["verdict"] == f"AGREE: all {total:,} records of what both were asked for"
    assert found["coverage"]["models"]["both"] == ["Llama 3.3 70B Instruct", "gpt-oss 120B"]
    assert len(found["coverage"]["curves"]["both"]) == len(found["curves"])
    assert found["metrics"]["tpPerGpu_y"]["compared"] == total
    assert found["metrics"]["tpPerGpu_y"]["largest"] == 0


def test_what_is_on_one_side_or_differs_is_counted_by_curve_and_named(witness: Any) -> None:
    slower = {"model_name": "gpt-oss 120B", "sequence_length": "1k-8k", "hwKey": "h200"}
    output = witness(both(without(**TRT), scaled("tpPerGpu_y", 0.7, **slower)))
    table = records(output, "inferencemax")
    lost = int((table[list(TRT)] == pd.Series(TRT)).all(axis=1).sum())
    changed = int((table[list(slower)] == pd.Series(slower)).all(axis=1).sum())
    found = facts(output, status=3)
    agree = len(table) - lost - changed
    assert found["records"] == {
        "agree": agree,
        "differ": changed,
        "only_first": lost,
        "only_second": 0,
        "compared": len(table),
    }
    assert found["shares"]["agree"] == pytest.approx(agree / len(table))
    curves = {(curve["model"], curve["sequence"], curve["hwKey"]): curve for curve in found["curves"]}
    assert curves["gpt-oss 120B", "1k-1k", "b200_trt"]["only_first"] == lost
    assert curves["gpt-oss 120B", "1k-8k", "h200"]["differ"] == changed
    assert curves["gpt-oss 120B", "1k-8k", "h200"]["metrics"]["tpPerGpu_y"]["median"] == pytest.approx(-0.3)
    assert sum(curve["agree"] for curve in found["curves"]) == agree
    assert found["coverage"]["curves"]["only_first"] == ["gpt-oss 120B 1k-1k b200_trt"]
    assert found["coverage"]["hwKeys"]["only_first"] == []
    metric = found["metrics"]["tpPerGpu_y"]
    assert (metric["compared"], metric["differ"], metric["largest"]) == (len(table) - lost, changed, -0.3)
    assert metric["median"] == 0
    assert found["verdict"].startswith("DIFFER: ")
    assert f"of {len(table):,} records agree" in found["verdict"]
    assert f"the most in gpt-oss 120B 1k-1k b200_trt ({lost})" in found["verdict"]


def test_differences_below_the_threshold_agree(witness: Any) -> None:
    output = witness(scaled("costh_y", 1.02, **TRT))
    assert facts(output, "--threshold", "1", status=3)["records"]["differ"] > 0
    found = facts(output, "--threshold", "3", status=0)
    assert found["records"]["differ"] == 0
    assert found["verdict"].endswith("asked for to within 3%")
    assert found["metrics"]["costh_y"]["largest"] == pytest.approx(0.02)


def test_a_metric_that_one_side_lacks_is_counted(witness: Any) -> None:
    found = facts(witness(emptied("costr_y", hwKey="b200_trt")), status=3)
    metric = found["metrics"]["costr_y"]
    assert metric["only_second"] == 0
    assert metric["only_first"] == found["records"]["differ"] > 0


def test_the_last_thousandth_is_not_rounded_away(witness: Any) -> None:
    table = scaled("y", 2, conc=4, tp=1, data_type="e2e", hwKey="b200", precision="fp4", sequence_length="1k-1k")
    found = facts(witness(table), status=3)
    assert 0 < found["records"]["differ"] <= 2
    assert ">99.9% of" in found["verdict"]
    assert "<0.1% differ" in found["verdict"]


def test_what_only_one_of_them_was_asked_for_is_named_and_not_compared(witness: Any) -> None:
    def narrower(summary: dict[str, Any]) -> None:
        summary["coverage"] = [row for row in summary["coverage"] if row["model"].startswith("Llama")]

    output = witness(without(model_name="gpt-oss 120B"), changed=narrower)
    table = records(output, "inferencemax")
    outside = table[table.model_name == "gpt-oss 120B"]
    found = facts(output, status=0)
    assert found["records"]["compared"] == len(table) - len(outside)
    assert sum(found["outside"]["only_first"].values()) == len(outside)
    assert set(found["outside"]["only_first"]) == {f"gpt-oss-120b {name}" for name in outside.sequence_length.unique()}
    assert f"; {len(outside)} that only one of them was asked for were not compared" in found["verdict"]


def test_a_model_that_brought_nothing_is_lost_where_both_were_asked_for_it(witness: Any) -> None:
    found = facts(witness(without(model_name="gpt-oss 120B")), status=3)
    assert found["coverage"]["models"]["only_first"] == ["gpt-oss 120B"]
    assert found["outside"]["only_first"] == {}


def test_a_model_that_nobody_else_was_asked_for_and_that_brought_nothing_is_named(witness: Any) -> None:
    def wider(summary: dict[str, Any]) -> None:
        summary["coverage"].append({"model": "Brand new 7B", "sequence": "1k-1k", "data_type": "e2e"})

    assert facts(witness(changed=wider), status=0)["outside"]["only_second"] == {"Brand new 7B": 0}


def test_sources_without_anything_in_common_do_not_agree(witness: Any) -> None:
    found = facts(witness(coverage=[]), status=3)
    assert found["verdict"].startswith("NOTHING TO COMPARE: ")
    assert found["shares"]["agree"] is None


def test_generations_are_compared_point_by_point_in_what_both_have(made: Path) -> None:
    run = command(made, "crosscheck", "inferencemax", "inferencex", "--format", "json")
    found = json.loads(run.stdout)
    static, live = records(made, "inferencemax"), records(made, "inferencex")
    inside = live[
        live.model_name.isin(["gpt-oss-120b", "Llama-3.3-70B-Instruct-FP8"])
        & (live.sequence_length != "agentic-traces")
    ]
    counts = found["records"]
    assert run.status == 3
    assert counts["agree"] + counts["differ"] + counts["only_first"] == len(static)
    assert counts["agree"] + counts["differ"] + counts["only_second"] == 2 * len(inside)
    assert sum(found["outside"]["only_second"].values()) == 2 * (len(live) - len(inside))
    assert found["outside"]["only_first"] == {}
    assert "median_ttft" in found["metrics_of_one"]["only_second"]
    assert found["seconds_apart"] > 0


def test_sequences_that_only_one_was_given_are_left_out(made: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"
    demo(output, "inferencex", "-a", "sequences=1k/1k,8k/1k", "-a", "models=DeepSeek-R1-0528")
    one = latest(output, "inferencex")
    other = Store(output / WITNESS, latest(made, "inferencex")).add()
    store.point_latest(other)
    run = command(output, "crosscheck", "inferencex", WITNESS, "--format", "json")
    found = json.loads(run.stdout)
    assert run.status == 0, run.output
    assert found["records"]["compared"] == len(pd.read_parquet(one / "benchmarks.parquet"))
    assert found["coverage"]["sequences"]["both"] == ["1k-1k", "8k-1k"]
    assert "DeepSeek-R1-0528 1k-8k" in found["outside"]["only_second"]


def test_the_page_says_all_of_it(made: Path) -> None:
    run = command(made, "crosscheck", "inferencemax", "inferencex")
    lines = run.stdout.splitlines()
    assert lines[0].startswith("inferencemax: ")
    assert any(line.startswith("Collected: inferencex ") and line.endswith(" after inferencemax") for line in lines)
    assert any(line.startswith("Models: 2 on both sides") for line in lines)
    assert any(line.startswith("Not compared, since only inferencex was asked for it: ") for line in lines)
    assert any(line.split()[:1] == ["tpPerGpu_y"] for line in lines)
    assert lines[-1].startswith("DIFFER: ")
    tables = [line for line in lines if line.startswith((" ", "Metrics, ", "Curves that"))]
    assert max(map(len, tables)) <= 120


def test_markdown_has_all_curves_and_csv_too(witness: Any) -> None:
    output = witness(without(**TRT))
    page = command(output, "crosscheck", "inferencemax", WITNESS, "--format", "md").stdout
    rows = list(
        csv.DictReader(io.StringIO(command(output, "crosscheck", "inferencemax", WITNESS, "--format", "csv").stdout))
    )
    expected = records(output, "inferencemax")[list(TRT)].drop_duplicates()
    assert page.startswith("**DIFFER: ")
    assert len(rows) == len(expected)
    assert sum(line.startswith(("| gpt-oss", "| Llama")) for line in page.splitlines()) == len(expected)
    (lost,) = [row for row in rows if int(row["only_first"])]
    assert (lost["model"], lost["sequence"], lost["hwKey"], lost["agree"]) == (*TRT.values(), "0")


def test_another_version_than_the_latest_may_be_named(witness: Any) -> None:
    output = witness()
    name = latest(output, "inferencemax").name
    run = command(output, "crosscheck", f"inferencemax/{name}", f"{WITNESS}/latest")
    assert (run.status, run.stdout.splitlines()[-1][:5]) == (0, "AGREE")


@pytest.mark.parametrize(
    ("args", "status", "line"),
    [
        (("inferencemax", "nope"), 2, "error: there is no spider 'nope'; valid: dashboard, inferencemax, inferencex"),
        (("inferencemax", "inferencemax"), 2, "error: inferencemax and inferencemax are one version; name two"),
        (("inferencemax",), 2, "name two spiders, such as: inferencex dashboard; given: inferencemax"),
        (("inferencemax", "inferencex", "--threshold", "x"), 2, "'x' is no percentage from 0 up"),
        (("inferencemax", "inferencex/20010101T000000Z"), 1, "no version is called 'inferencex/20010101T000000Z'"),
    ],
)
def test_what_cannot_be_compared_is_told(made: Path, args: tuple[str, ...], status: int, line: str) -> None:
    run = command(made, "crosscheck", *args)
    assert run.status == status
    assert line in run.output


def test_a_spider_without_versions_and_one_that_cannot_be_read_are_told(witness: Any) -> None:
    output = witness()
    run = command(output, "crosscheck", "inferencemax", "inferencex")
    assert run.status == 1
    none = "no version is called 'inferencex/latest'; there are none of 'inferencex'; "
    hint = "scrapy crawl makes one, scrapy versions lists those of all spiders"
    assert run.stderr == f"scrapy crosscheck: error: {none}{hint}\n"
    (latest(output, WITNESS) / "benchmarks.parquet").write_bytes(b"")
    run = command(output, "crosscheck", "inferencemax", WITNESS)
    assert run.status == 1
    assert "cannot read" in run.stderr


def test_a_version_of_an_older_release_is_told(witness: Any) -> None:
    def older(summary: dict[str, Any]) -> None:
        del summary["coverage"]

    run = command(witness(changed=older), "crosscheck", "inferencemax", WITNESS)
    assert run.status == 1
    assert "does not say what its run was asked for" in run.stderr


def test_nobody_needs_to_read_to_the_end(made: Path) -> None:
    line = shlex.join(runs.scrapy("crosscheck", "inferencemax", "inferencex", "-s", f"OUTPUT_DIR={made}"))
    process = runs.begin(["sh", "-c", f"{line} | head -1"])
    stdout, stderr = process.communicate(timeout=runs.TIMEOUT)
    assert (len(stdout.splitlines()), stderr) == (1, "")

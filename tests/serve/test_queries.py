"""DuckDB, as the service has it: it reads below one folder, within bounds, and what goes away is told as such."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferencemax_spider.serve.history import Histories
from inferencemax_spider.serve.problems import GoneError, ProblemError
from inferencemax_spider.serve.queries import Condition, Database, File, Selection, quoted
from inferencemax_spider.serve.source import Source, reading
from inferencemax_spider.versions.series import Wanted
from inferencemax_spider.versions.stored import StoredVersion
from tests.commands import stored


@pytest.fixture(scope="module")
def database(output: Path) -> Iterator[Database]:
    made = Database(output.resolve(), seconds=0.2)
    yield made
    made.close()


@pytest.fixture
def store(output: Path, tmp_path: Path) -> Source:
    return Source(stored.copied(output, tmp_path / "output"))


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('/*')",
        "COPY (SELECT 1) TO 'out.csv'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "ATTACH 'elsewhere.db'",
        "SET enable_external_access = true",
        "SET memory_limit = '1TB'",
    ],
)
def test_what_it_may_do_is_locked(database: Database, query: str) -> None:
    with database.cursor() as cursor, pytest.raises(duckdb.Error):
        cursor.execute(query)


def test_a_query_that_takes_too_long_is_ended(database: Database) -> None:
    with pytest.raises(ProblemError, match=r"took longer than 0\.2 s") as caught, database.cursor() as cursor:
        cursor.sql(
            "SELECT count(*) FROM range(10_000_000) a, range(1_000_000) b WHERE hash(a.range + b.range) = 1"
        ).show()
    assert caught.value.status == 503


def test_a_query_that_needs_too_much_memory_is_ended(output: Path) -> None:
    database = Database(output.resolve())
    with pytest.raises(ProblemError, match="more memory") as caught, database.cursor() as cursor:
        cursor.sql("SELECT list(range) FROM range(1_000_000_000)").fetchall()
    assert caught.value.status == 503
    database.close()


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_a_quoted_name_is_that_name(name: str) -> None:
    with duckdb.connect(":memory:") as connection:
        assert connection.sql(f"SELECT 1 AS {quoted(name)}").columns == [name]


def test_no_value_chooses_no_row(database: Database, output: Path) -> None:
    file = File((output / "inferencemax" / "latest").resolve() / "benchmarks.parquet", "")
    nothing = (Condition("hwKey", "in", ()),)
    assert database.count(file, nothing) == 0
    assert database.rows(file, Selection(nothing, ("hwKey",), (), 10, 0)).num_rows == 0


def test_a_version_that_goes_meanwhile_is_gone_at_every_step(store: Source, database: Database) -> None:
    version = store.find("inferencex", "latest")
    file = File(store.records(version), store.digest(version))
    shutil.rmtree(version.folder)
    steps = (
        lambda: store.digest(version),
        lambda: store.records(version),
        lambda: store.opened(version, "benchmarks.parquet"),
        lambda: database.count(file, ()),
        lambda: StoredVersion(version.folder).summary,
    )
    for step in steps:
        with pytest.raises(GoneError, match=f"version {version.name} of inferencex was removed"), reading(version):
            step()
    assert [row.version for row in store.rows("inferencex")] == [
        store.find("inferencex", store.versions("inferencex")[0].name).name
    ]


def test_a_history_that_takes_too_long_is_ended(store: Source) -> None:
    histories = Histories(store, seconds=1e-9)
    with pytest.raises(ProblemError, match="the history takes longer than") as caught:
        histories.collected(histories.states("inferencex"), Wanted())
    assert caught.value.status == 503


def test_a_version_that_goes_before_a_history_has_it_is_not_left_out(store: Source) -> None:
    histories = Histories(store, seconds=60)
    states = histories.states("inferencex")
    whole, _ = histories.collected(states, Wanted())
    shutil.rmtree(states[0][0].folder)
    with pytest.raises(GoneError):
        histories.collected(states, Wanted(metric="costh_y"))
    rest, passed_over = histories.collected(histories.states("inferencex"), Wanted())
    assert (passed_over, 0 < rest.num_rows < whole.num_rows) == ([], True)

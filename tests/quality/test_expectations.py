"""The file of expectations: which section wins, and what is said of one that is not as it must be."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.quality.checks import Severity
from inferencemax_spider.quality.expectations import RunLimits, Severities, load
from inferencemax_spider.quality.suite import MONITORS

BOOK = """
[defaults]
record_drop_max = 0.3
shift_max = 0.5
[defaults.severity]
retries = "error"
stale_data = "error"

[models."gpt-oss 120B"]
record_drop_max = 0.4
records_min = { total = 10, "1k-1k" = 5 }

[models.other]
stale_days = 7

[spiders.inferencemax]
record_drop_max = 0.1
[spiders.inferencemax.severity]
stale_data = "off"

[spiders.inferencemax.models."gpt-oss 120B"]
shift_max = 1.0
records_min = { total = 20 }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "expectations.toml"


def test_the_nearest_section_wins(file: Path) -> None:
    file.write_text(BOOK)
    book = load(file)
    static, live = book.of("inferencemax"), book.of("inferencex")
    assert (static.run.record_drop_max, live.run.record_drop_max) == (0.1, 0.3)
    assert (static.of("other").record_drop_max, live.of("other").record_drop_max) == (0.1, 0.3)
    assert (static.of("gpt-oss 120B").record_drop_max, live.of("gpt-oss 120B").record_drop_max) == (0.4, 0.4)
    assert (static.of("gpt-oss 120B").shift_max, live.of("gpt-oss 120B").shift_max) == (1.0, 0.5)
    assert (static.of("other").stale_days, static.of("unnamed").stale_days) == (7, 30)


def test_tables_are_laid_over_each_other_key_by_key(file: Path) -> None:
    file.write_text(BOOK)
    static = load(file).of("inferencemax")
    assert static.of("gpt-oss 120B").records_min == {"total": 20, "1k-1k": 5}
    severity = static.run.severity
    assert (severity.stale_data, severity.retries, severity.duplicates) == ("off", "error", "warning")


def test_without_a_file_the_defaults_hold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    expectations = load().of("inferencemax")
    assert expectations.run.record_drop_max == 0.2
    assert expectations.of("gpt-oss 120B") == expectations.run


def test_the_file_in_the_working_folder_is_read_unless_another_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    file.write_text("[defaults]\nretries_max = 0.1")
    (tmp_path / "other.toml").write_text("")
    assert load().of("inferencex").run.retries_max == 0.1
    assert load("other.toml").of("inferencex").run.retries_max == 0.5


def test_the_setting_is_the_default_of_the_rejected_share(file: Path) -> None:
    file.write_text("[spiders.inferencemax]\nrejected_share_max = 0.4")
    book = load(file, 0.2)
    assert [book.of(spider).run.rejected_share_max for spider in ("inferencemax", "inferencex")] == [0.4, 0.2]
    file.write_text("[defaults]\nrejected_share_max = 0.3")
    assert load(file, 0.2).of("inferencex").run.rejected_share_max == 0.3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[defaults", "is not valid TOML: "),
        ("\x80", "is not valid TOML: "),
        ("[default]\n", ": default"),
        ("[defaults]\nrecord_drop = 0.1", ": defaults.record_drop"),
        ("[defaults]\nrecord_drop_max = '0.1'", ": defaults.record_drop_max='0.1'"),
        ("[defaults]\nrecord_drop_max = 1.1", ": defaults.record_drop_max=1.1"),
        ("[defaults]\nstale_days = 1.5", ": defaults.stale_days=1.5"),
        ("[defaults.severity]\nnothing = 'off'", ": defaults.severity.nothing"),
        ("[defaults.severity]\nretries = 'loud'", ": defaults.severity.retries='loud'"),
        ("[models.A]\nretries_max = 0.1", ": models.A.retries_max"),
        ("[models.A.records_min]\ntotal = 0", ": models.A.records_min.total=0"),
        ("[models]\nA = 1", ": models.A=1"),
        ("[spiders.inferencex.models.A]\nseverity = {}", ": spiders.inferencex.models.A.severity"),
    ],
)
def test_a_file_that_is_not_as_it_must_be_is_named_with_the_key(file: Path, text: str, said: str) -> None:
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(ArgumentError) as caught:
        load(file)
    assert f"{file}{said}".replace(f"{file}is", f"{file} is") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"cannot read the expectations in .*nowhere\.toml: No such file"):
        load(tmp_path / "nowhere.toml")


def test_every_monitor_has_a_severity() -> None:
    assert {*Severities.model_fields} == {monitor.options.name for monitor in MONITORS}
    severities: tuple[Severity, ...] = ("error", "warning")
    assert {getattr(Severities(), name) for name in Severities.model_fields} == {*severities}


def test_expectations_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        RunLimits().shift_max = 3  # type: ignore[misc]

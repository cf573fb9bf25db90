"""``scrapy check-run``, as a user runs it; and the end of a run, which says the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from inferencemax_spider.quality.suite import MONITORS
from tests.crawl import runs
from tests.crawl.runs import Run

DAMAGE = (
    "missing_hwkey=mi325x_vllm@*model=gpt-oss*",
    "drop=2@*model=Llama*",
    "scale=h200_sglang,factor=1.3@*model=DeepSeek*",
    "rename=image,name=container_image",
)
FINDINGS = {
    "hwkeys_gone": "gpt-oss-120b: hwKey mi325x_vllm is gone; {} had 30 records",
    "record_counts": "Llama-3.3-70B-Instruct-FP8: 119 records where {} had 238 (−50 %)",
    "fields_gone": "field image is gone: ",
    "fields_new": "field container_image is new: ",
    "distribution_shift": "DeepSeek-R1-0528: h200_sglang has moved since {}: throughput per GPU +30 % in ",
}
SPIDER = "inferencex"


def crawled(output: Path, *faults: str) -> Run:
    before = {*(output / SPIDER).glob("2*Z*")}
    process = runs.begin(runs.scrapy("demo", SPIDER, f"-sOUTPUT_DIR={output}", *(f"--fault={spec}" for spec in faults)))
    return runs.end(process, lambda: next(iter({*(output / SPIDER).glob("2*Z*")} - before)))


def check_run(output: Path, *args: str, **settings: object) -> Run:
    options = [f"-s{name}={value}" for name, value in {"OUTPUT_DIR": output, **settings}.items()]
    run = runs.end(runs.begin(runs.scrapy("check-run", *args, *options)), lambda: None)
    assert "Traceback" not in run.output
    return run


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of three runs: a healthy one, one with five things wrong, and a healthy one again."""
    return tmp_path_factory.mktemp("three")


@pytest.fixture(scope="module")
def three(output: Path) -> list[Run]:
    return [crawled(output), crawled(output, *DAMAGE), crawled(output)]


def found(checks: list[dict[str, Any]]) -> dict[str, list[str]]:
    return {check["name"]: check["findings"] for check in checks if check["findings"]}


def test_five_things_wrong_are_five_findings_and_the_next_healthy_run_has_none(three: list[Run]) -> None:
    assert [run.status for run in three] == [0, 3, 0]
    findings = [found(run.summary["checks"]) for run in three]
    assert findings[0] == findings[2] == {}
    assert {name: len(lines) for name, lines in findings[1].items()} == dict.fromkeys(FINDINGS, 1)
    for name, beginning in FINDINGS.items():
        (line,) = findings[1][name]
        assert line.startswith(beginning.format(three[0].place.name))
        assert line in three[1].stdout
        assert line in three[1].stderr


def test_a_stored_version_is_judged_as_its_run_was_and_not_changed(three: list[Run], output: Path) -> None:
    for run in three:
        before = runs.snapshot(run.place)
        checked = check_run(output, f"{SPIDER}/{run.place.name}", "--format=json")
        assert checked.status == run.status
        assert json.loads(checked.stdout)["checks"] == run.summary["checks"]
        assert runs.snapshot(run.place) == before


def test_the_latest_version_is_the_default(three: list[Run], output: Path) -> None:
    document = json.loads(check_run(output, "--format=json").stdout)
    assert document["version"] == three[2].place.name
    assert document["previous"] == three[1].place.name


def test_the_table_has_every_monitor_and_every_finding(three: list[Run], output: Path) -> None:
    shown = check_run(output, f"{SPIDER}/previous")
    assert shown.status == 3
    assert [monitor.options.name for monitor in MONITORS if f"│ {monitor.options.name} " not in shown.stdout] == []
    for name, lines in found(three[1].summary["checks"]).items():
        mark = "!" if name == "fields_new" else "✗"
        assert [line for line in lines if f"{mark} {line}\n" not in shown.stdout] == []


def test_expectations_decide_what_a_version_is_told(three: list[Run], output: Path, tmp_path: Path) -> None:
    file = tmp_path / "mild.toml"
    severities = "\n".join(f'{name} = "warning"' for name in FINDINGS)
    file.write_text(f"[spiders.{SPIDER}.severity]\n{severities}\n")
    assert check_run(output, three[1].place.as_posix(), EXPECTATIONS_FILE=file).status == 0


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (["nope"], 2, "scrapy check-run: error: no version is called 'nope'; the newest are: inferencex/2"),
        (["a", "b"], 2, "name one version, or none for the latest; given: a b"),
        (["--format=xml"], 2, "invalid choice: 'xml'"),
        (
            ["-sEXPECTATIONS_FILE=/nowhere.toml"],
            2,
            "error: cannot read the expectations in /nowhere.toml: No such file",
        ),
    ],
)
@pytest.mark.usefixtures("three")
def test_wrong_usage_is_told_in_one_line(args: list[str], status: int, said: str, output: Path) -> None:
    process = runs.begin(runs.scrapy("check-run", *args, f"-sOUTPUT_DIR={output}"))
    _, stderr = process.communicate(timeout=runs.TIMEOUT)
    assert process.returncode == status
    assert said in stderr
    assert "Traceback" not in stderr


@pytest.mark.parametrize(
    ("name", "content"),
    [("summary.json", b"{"), ("summary.json", b'{"version": null}'), ("benchmarks.parquet", b"{")],
)
def test_a_version_that_cannot_be_read_is_told(three: list[Run], tmp_path: Path, name: str, content: bytes) -> None:
    copy = tmp_path / SPIDER / three[0].place.name
    copy.mkdir(parents=True)
    for kept in ("summary.json", "benchmarks.parquet"):
        (copy / kept).write_bytes(three[0].read(kept) if kept != name else content)
    process = runs.begin(runs.scrapy("check-run", str(copy), f"-sOUTPUT_DIR={tmp_path}"))
    _, stderr = process.communicate(timeout=runs.TIMEOUT)
    assert process.returncode == 1
    assert "scrapy check-run: error: " in stderr
    assert name in stderr
    assert "Traceback" not in stderr

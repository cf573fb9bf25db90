"""A store that fails, a listing that lags, a run that is killed: nothing is lost, and nobody sees half a version."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable

import pytest

from inferencemax_spider.demo import Content, DemoSite
from inferencemax_spider.storage import objects
from inferencemax_spider.storage.objects import Objects, StorageError
from tests.commands import stored
from tests.crawl.runs import SMALL, SPIDER, Run, until
from tests.storage.outputs import ELSEWHERE, NEW, Output
from tests.storage.server import FOREVER, KEYS

TOKEN = "a-token-that-nobody-may-see"  # noqa: S105 - it opens nothing
SCARCE = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}


def errors(run: Run) -> list[str]:
    """Return the lines that say what is wrong."""
    return [line for line in run.output.splitlines() if "error:" in line or line.startswith("✗")]


@pytest.mark.parametrize("kind", ["status", "reset"])
def test_a_put_that_fails_for_a_while_costs_nothing(output: Output, kind: str) -> None:
    with output.server.fault("PUT", "benchmarks.parquet", kind, times=2) as fault:
        version = output.crawl()
    assert fault.times == 0
    assert output.whole() == [version]


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this process wait a second for a file where it would a minute, and for all else where it would ten."""
    monkeypatch.setattr(objects, "WITHIN", 1.0)
    monkeypatch.setattr(objects, "ANSWERED", 1.0)
    monkeypatch.setattr(objects, "SLOWEST", float("inf"))


@pytest.mark.usefixtures("environment", "hurried")
@pytest.mark.parametrize("kind", ["hold", "deaf"])
def test_a_store_that_does_not_take_a_file_is_left_and_asked_again(output: Output, kind: str) -> None:
    file = output.folder / "large"
    file.write_bytes(b"0123456789abcdef" * 1_000_000)  # more than the buffers on the way take
    there = Objects(output.url)
    with output.server.fault("PUT", "/large", kind, times=1) as fault:
        there.send(file, "large")
        assert fault.reached.is_set()
        assert there.read("large") == file.read_bytes()


@pytest.mark.usefixtures("environment", "hurried")
def test_a_store_that_never_takes_a_file_is_told_of(output: Output) -> None:
    file = output.folder / "large"
    file.write_bytes(b"0123456789abcdef" * 1_000_000)
    with output.server.fault("PUT", "/large", "deaf") as fault, pytest.raises(StorageError) as raised:
        Objects(output.url).send(file, "large")
    assert FOREVER - fault.times == objects.TIMES
    assert str(raised.value) == (
        f"cannot write {output.url}/large: 16000000 bytes have not gone over within 1 s, 2 times; "
        "see whether the endpoint is right and can be reached"
    )


@pytest.mark.usefixtures("environment", "hurried")
def test_a_file_that_trickles_is_left_and_asked_for_again(output: Output) -> None:
    file, there = output.folder / "file", Objects(output.url)
    there.create("large", b"0123456789abcdef" * 100)
    with output.server.fault("GET", "/large", "trickle", times=1) as fault:
        there.get("large", file)
        assert fault.reached.is_set()
    assert file.read_bytes() == there.read("large")
    with output.server.fault("GET", "/large", "trickle") as fault, pytest.raises(StorageError) as raised:
        there.get("large", file)
    assert FOREVER - fault.times == objects.TIMES
    assert str(raised.value) == (
        f"cannot read {output.url}/large: 1600 bytes have not gone over within 1 s, 2 times; "
        "see whether the endpoint is right and can be reached"
    )


@pytest.mark.usefixtures("environment", "hurried")
@pytest.mark.parametrize(
    ("text", "ask", "told"),
    [
        ("/pointer", lambda there: there.read("pointer"), "cannot read {}/pointer"),
        ("", lambda there: there.found(), "cannot list {}"),
        ("", lambda there: there.children(), "cannot list {}"),
    ],
    ids=["read", "found", "children"],
)
def test_an_answer_that_trickles_is_not_waited_for(
    output: Output, text: str, ask: Callable[[Objects], object], told: str
) -> None:
    there = Objects(output.url)
    there.create("pointer", b"0123456789abcdef" * 100)
    with output.server.fault("GET", text, "trickle") as fault, pytest.raises(StorageError) as raised:
        ask(there)
    assert fault.reached.is_set()
    remedy = "see whether the endpoint is right and can be reached"
    assert str(raised.value) == f"{told.format(output.url)}: no whole answer in time; {remedy}"


def test_a_put_that_keeps_failing_fails_the_run_and_what_was_collected_stays(output: Output) -> None:
    first = output.crawl()
    before = output.objects(first)
    with output.server.fault("PUT", "benchmarks.parquet"):
        run = output.command(*output.crawling())
    assert run.status == 1
    (line,) = errors(run)
    assert "benchmarks.parquet: " in line
    assert line.endswith("; try again; nothing that was published is changed")
    assert (output.latest(), output.visible(), output.objects(first)) == (first, [first], before)
    (folder,) = output.unfinished()
    assert f"what was collected is in {folder}" in run.stdout
    again = output.command("crawl", SPIDER, *SMALL, "-a", f"replay={folder}")
    assert again.status == 0, again.output
    after = output.objects(output.latest())
    assert [after[name] for name in stored.CSVS] == [before[name] for name in stored.CSVS]
    assert len(output.visible()) == 2


def test_a_manifest_whose_answer_was_lost_is_published_once(output: Output) -> None:
    with output.server.fault("PUT", "/summary.json", "lost", times=1) as fault:
        version = output.crawl()
    assert fault.times == 0
    assert output.visible() == [version]


@pytest.mark.parametrize("held", ["/benchmarks.parquet", "/summary.json", "/latest"])
def test_a_run_that_is_killed_while_it_uploads_is_not_seen_by_halves(output: Output, held: str) -> None:
    first = output.crawl()
    with output.server.fault("PUT", held, "hold") as fault:
        process = output.begin(*output.crawling())
        fault.wait()
        (half,) = {key.split("/")[-2] for key in output.fs.glob(f"{output.place}/{SPIDER}/*/.claim")} - {first}
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        seen = output.command("versions", "--format", "csv", machine=NEW).stdout
        assert (half in seen) == (held == "/latest")
        assert output.latest() == first
    third = output.crawl()
    assert third > half
    assert output.latest() == third
    assert {first, third} <= set(output.whole())


def test_what_a_killed_run_had_collected_is_taken_up_by_a_replay(output: Output) -> None:
    with output.server.fault("PUT", "/summary.json", "hold") as fault:
        process = output.begin(*output.crawling())
        fault.wait()
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        fault.kind = "status"
        (folder,) = output.unfinished()
        kept = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    run = output.command("crawl", SPIDER, *SMALL, "-a", f"replay={folder}")
    assert run.status == 0, run.output
    assert str(folder) in run.stderr
    after = output.objects(output.latest())
    assert [after[name] for name in stored.CSVS] == [kept[name] for name in stored.CSVS]


def test_a_run_that_was_published_after_all_is_replayed_from_where_it_is(output: Output) -> None:
    with output.server.fault("PUT", "/summary.json", "hold") as fault:
        process = output.begin(*output.crawling())
        fault.wait()
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        (folder,) = output.unfinished()
    until(lambda: len(output.visible()) == 1, "the summary is there")  # it was sent before the process was killed
    run = output.command("crawl", SPIDER, *SMALL, "-a", f"replay={folder}")
    assert run.status == 0, run.output
    assert len(output.whole()) == 2
    assert output.unfinished() == []


def test_versions_that_the_listing_does_not_have_yet_are_there(output: Output) -> None:
    first = output.crawl()
    with output.server.frozen_listings():
        second = output.crawl(machine=ELSEWHERE)
        listed = output.command("versions", "--format", "csv", machine=NEW)
        assert [first, second] == [line.split(",")[1] for line in listed.stdout.splitlines()[1:]]
        assert output.command("diff", "previous", "latest", machine=NEW).status == 0
        third = output.crawl(machine=NEW)
        # A machine that knows a version by itself does not need the listing.
        assert second in output.command("versions", machine=ELSEWHERE).stdout
    assert output.visible() == [first, second, third]
    assert output.summary(third)["changes"]["since"] == second


def test_a_first_version_is_there_before_any_listing_has_it(output: Output) -> None:
    with output.server.frozen_listings():
        version = output.crawl()
        assert version in output.command("versions", machine=NEW).stdout
        assert output.command("check-run", "latest", machine=NEW).status == 0


def test_two_runs_at_once_are_both_published(output: Output) -> None:
    processes = [output.begin(*output.crawling(), machine=machine) for machine in (ELSEWHERE, NEW)]
    told = [process.communicate()[0].splitlines()[-1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], told
    versions = sorted(line.rpartition("/")[2] for line in told)
    assert output.whole() == versions
    assert output.latest() == versions[-1]


def test_a_version_pruned_meanwhile_is_told_in_one_line(output: Output) -> None:
    first = output.crawl()
    output.crawl()
    with output.server.fault("GET", f"{first}/benchmarks.parquet", "hold") as fault:
        process = output.begin("diff", first, "latest", machine=NEW)
        fault.wait()
        output.fs.rm(f"{output.place}/{SPIDER}/{first}", recursive=True)
    stderr = process.communicate()[1]
    assert process.returncode == 1
    url = f"{output.url}/{SPIDER}/{first}"
    assert stderr.splitlines() == [f"scrapy diff: error: {url} was pruned meanwhile; choose another version"]


def test_a_damaged_object_is_refused_and_named(output: Output) -> None:
    version = output.crawl()
    output.fs.pipe_file(f"{output.place}/{SPIDER}/{version}/benchmarks.parquet", b"PAR1 something else PAR1")
    run = output.command("diff", "latest", "latest", machine=NEW)
    assert run.status == 1
    assert "benchmarks.parquet is missing, or not what its summary says" in run.stderr
    verified = output.command("versions", "verify", "latest", machine=NEW)
    assert verified.status == 3
    assert "benchmarks.parquet: changed" in verified.stdout


UNUSABLE = {
    "bucket": ("s3://there-is-no-such-bucket/x", {}, "there is no bucket 'there-is-no-such-bucket'"),
    "endpoint": ("{output}", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "see whether the endpoint is right"),
    "credentials": ("{output}", SCARCE, "give the credentials in the environment, see docs/storage.md"),
}


@pytest.mark.parametrize("why", UNUSABLE)
@pytest.mark.parametrize("command", ["crawl", "versions"])
def test_a_store_that_cannot_be_used_is_told_before_the_first_request(
    output: Output, content: Content, why: str, command: str
) -> None:
    url, env, told = UNUSABLE[why]
    with DemoSite(content) as site:
        args = ("crawl", SPIDER, "-a", f"base_url={site.base_url}") if command == "crawl" else (command,)
        run = output.command(*args, "-s", f"OUTPUT_DIR={url.format(output=output.url)}", **env)
        assert run.status == 1
        line = run.stderr.splitlines()[-1]
        assert line.startswith(f"scrapy {command}: error: ")
        assert told in line
        assert site.requests == []


def test_without_the_extra_one_line_says_what_to_install(output: Output) -> None:
    blocked = output.folder / "blocked"
    blocked.mkdir()
    (blocked / "s3fs.py").write_text("raise ModuleNotFoundError(\"No module named 's3fs'\", name='s3fs')\n")
    run = output.command(*output.crawling(), PYTHONPATH=str(blocked))
    assert run.status == 1
    assert run.stderr.endswith("pip install 'inferencemax-spider[cloud]'\n")
    assert len(errors(run)) == 1


@pytest.mark.parametrize(
    "url",
    [
        "s3://AKIA0SECRET:hush@bucket/x",
        "s3://AKIA0SECRET:hu/sh@bucket/x",
        "s3://AKIA0SECRET@bucket/x",
        "abfs://c@account.dfs.core.windows.net/x?sig=AKIA0SECRET",
        "gs://bucket/x#AKIA0SECRET",
    ],
)
@pytest.mark.parametrize("args", [("crawl", SPIDER), ("versions",), ("diff", "previous", "latest")], ids=" ".join)
def test_secrets_in_a_url_are_refused_and_not_repeated(output: Output, url: str, args: tuple[str, ...]) -> None:
    run = output.command(*args, "-s", f"OUTPUT_DIR={url}", "-L", "DEBUG")
    assert run.status == 2
    assert "setting OUTPUT_DIR" in run.stderr
    assert "credentials and the endpoint come from the environment" in run.stderr
    assert "AKIA0SECRET" not in run.output
    assert "hu" not in run.output.replace("shut", "")


def test_no_secret_is_logged_at_any_level(output: Output) -> None:
    process = output.begin(*output.crawling(), "-L", "DEBUG", AWS_SESSION_TOKEN=TOKEN)
    told = "".join(process.communicate())
    assert process.returncode == 0
    assert "DEBUG" in told
    assert [secret for secret in (*KEYS.values(), TOKEN) if secret in told] == []


def test_a_mirror_that_cannot_be_written_is_told(output: Output) -> None:
    (output.folder / "file").write_text("no folder")
    run = output.command(*output.crawling(), machine="file")
    assert run.status == 1
    assert run.stderr.rstrip().endswith("Not a directory; make it writable or set MIRROR_DIR")


def test_a_mirror_that_was_lost_is_made_anew(output: Output) -> None:
    first = output.crawl()
    shutil.rmtree(output.mirror())
    second = output.crawl()
    assert output.summary(second)["changes"]["since"] == first

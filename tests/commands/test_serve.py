"""``scrapy serve`` as a user starts and ends it."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import closing
from pathlib import Path

import pytest

from inferencemax_spider.commands import serve
from tests.commands.stored import command
from tests.crawl import runs
from tests.demo import client
from tests.serve.services import serving
from tests.versions import stores


@pytest.fixture
def output(tmp_path: Path) -> Path:
    stores.version(tmp_path / "output" / "inferencex", 0, latest=True)
    return tmp_path / "output"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well(output: Path, number: signal.Signals) -> None:
    with serving(output) as service:
        assert service.url.startswith("http://127.0.0.1:")
        with closing(client.connect(service.url)) as connection:
            assert client.ask(connection, "/healthz").status == 200
            service.process.send_signal(number)  # with a connection that is kept
            stdout, stderr = service.process.communicate(timeout=runs.TIMEOUT)
        assert (service.process.returncode, stdout, stderr) == (0, "", "")


def test_it_says_where_it_is_once_it_answers(output: Path) -> None:
    for _ in range(3):
        with serving(output) as service:
            assert service.json("/healthz")["status"] == "ok"


def test_a_port_that_is_taken_is_told(output: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        run = command(output, "serve", "--port", str(port))
    assert (run.status, run.stdout) == (1, "")
    said = f"scrapy serve: error: cannot listen on 127.0.0.1, port {port}: Address already in use; "
    assert run.stderr == f"{said}--port 0 takes a free one\n"


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (("--port", "70000"), 2, "'70000' is no port from 0 to 65535"),
        (("--port", "http"), 2, "'http' is no port"),
        (("latest",), 2, "scrapy serve: error: takes only options; given: latest\n"),
        (("--host", "192.0.2.1"), 1, "assign requested address; --host takes an address of this machine\n"),
        (("-s", "VERSIONS_KEEP=0"), 2, "scrapy serve: error: setting VERSIONS_KEEP"),
        (
            ("--host", "no.such.host.invalid"),
            1,
            "scrapy serve: error: cannot listen on no.such.host.invalid, port 8080: ",
        ),
    ],
)
def test_what_is_wrong_is_told(output: Path, args: tuple[str, ...], status: int, said: str) -> None:
    run = command(output, "serve", *args)
    assert (run.status, run.stdout) == (status, "")
    assert said in run.stderr


def test_it_is_for_this_machine_unless_it_is_told_otherwise(output: Path) -> None:
    assert serve.HOST == "127.0.0.1"
    process = runs.begin(runs.scrapy("serve", "--host", "0.0.0.0", "--port", "0", "-s", f"OUTPUT_DIR={output}"))  # noqa: S104 - as a user may
    assert process.stdout
    url = process.stdout.readline().strip()
    assert url.startswith("http://0.0.0.0:")
    process.terminate()
    _, stderr = process.communicate(timeout=runs.TIMEOUT)
    said = "listening at 0.0.0.0, without authentication: whoever can reach it can read all versions"
    assert (process.returncode, stderr) == (0, f"scrapy serve: warning: {said}\n")


def test_a_store_without_versions_is_served_with_a_warning(tmp_path: Path) -> None:
    process = runs.begin(runs.scrapy("serve", "--port", "0", "-s", f"OUTPUT_DIR={tmp_path / 'nowhere'}"))
    assert process.stdout
    url = process.stdout.readline().strip()
    assert client.get(f"{url}/v1/spiders").json() == {"spiders": []}
    process.terminate()
    _, stderr = process.communicate(timeout=runs.TIMEOUT)
    said = f"there are no versions in {tmp_path / 'nowhere'} yet; scrapy crawl makes one"
    assert (process.returncode, stderr) == (0, f"scrapy serve: warning: {said}\n")


@pytest.mark.parametrize("name", ["duckdb", "fastapi", "uvicorn"])
def test_a_missing_extra_is_told_with_the_remedy(output: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.py").write_text(f"raise ModuleNotFoundError('No module named {name}')", encoding="utf-8")
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    process = runs.begin(runs.scrapy("serve", "-s", f"OUTPUT_DIR={output}"), {"PYTHONPATH": path})
    stdout, stderr = process.communicate(timeout=runs.TIMEOUT)
    said = f"scrapy serve: error: No module named {name}; pip install 'inferencemax-spider[serve]'\n"
    assert (process.returncode, stdout, stderr) == (1, "", said)


def test_other_commands_do_not_load_the_extra() -> None:
    code = (
        "import sys\nfrom scrapy.cmdline import execute\n"
        "try: execute(['scrapy', 'versions', '-h'])\n"
        "except SystemExit: print(sorted(sys.modules.keys() & {'duckdb', 'fastapi', 'uvicorn', 'starlette'}))"
    )
    process = runs.begin([runs.scrapy()[0], "-c", code])
    stdout, stderr = process.communicate(timeout=runs.TIMEOUT)
    assert stdout.endswith("\n[]\n"), stderr

"""A store with versions of both spiders, and a service over it that all tests share and none changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import stored
from tests.serve.services import Service, serving

QUIET = ("-s", "LOG_LEVEL=ERROR")
MODELS = ("-a", "models=gpt-oss-120b,dsr1")


@pytest.fixture(scope="session")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # What DuckDB would take for a pattern, or for a partition, is an ordinary name of a folder.
    output = tmp_path_factory.mktemp("store") / "day=1" / "[a]*? 'b'"
    stored.demo(output, *QUIET)
    stored.demo(output, "inferencex", *MODELS, "-a", "mode=history", *QUIET)
    stored.demo(output, "inferencex", *MODELS, *QUIET)
    return output


@pytest.fixture(scope="session")
def service(output: Path) -> Iterator[Service]:
    with serving(output) as started:
        yield started

"""The service survives the fuzzing of its own OpenAPI document, and answers as that says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.serve.services import Service

SEED = 20251025
EXAMPLES = 8
SECONDS = 900
"""After which it is taken for hung; no test waits for it to pass."""


@pytest.mark.timeout(SECONDS + 30)
def test_schemathesis_finds_nothing(service: Service, tmp_path: Path) -> None:
    config = Path(__file__).with_name("schemathesis.toml")
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"]
    # Which columns, models and sequences there are depends on the version: a text that the schema allows may name none.
    checks = ["--checks", "all", "--exclude-checks", "positive_data_acceptance"]
    bounds = ["--seed", str(SEED), "--max-examples", str(EXAMPLES), "--continue-on-failure"]
    ended = subprocess.run(
        [*command, f"{service.url}/openapi.json", *checks, *bounds],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert ended.returncode == 0, ended.stdout[-20_000:] + ended.stderr
    operations = len(service.json("/openapi.json")["paths"])
    assert f"Selected: {operations}/{operations}" in ended.stdout
    assert f"Tested: {operations}" in ended.stdout
    assert service.json("/healthz")

"""Where an output may live, and where its mirror is."""

from __future__ import annotations

from pathlib import Path

import pytest
from scrapy.settings import Settings

from inferencemax_spider.storage import place


@pytest.mark.parametrize(
    "text",
    [
        "output",
        "/srv/a b",
        "s3://bucket",
        "s3://bucket/a/b",
        "gs://bucket/x",
        "abfs://c@account.dfs.core.windows.net/x",
    ],
)
def test_folders_and_places_in_object_stores_are_taken(text: str) -> None:
    assert place.checked(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "http://bucket/x",
        "file:///srv/output",
        "s3://",
        "s3:///x",
        "s3://user:word@bucket/x",
        "s3://word@bucket/x",
        "s3://bucket/x?versionId=word",
        "gs://bucket#word",
        "abfs://c:word@account.dfs.core.windows.net/x",
        "abfs://c@account.dfs.core.windows.net/x?sig=word",
        "s3://host:9000/bucket",
    ],
)
def test_others_are_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no folder|must not carry") as raised:
        place.checked(text)
    assert "word" not in str(raised.value).replace("password", "")


def test_each_place_and_endpoint_has_a_mirror_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = Settings({"MIRROR_DIR": str(tmp_path)})
    first = place.mirror_folder(settings, "s3://bucket/a")
    assert first.parent == tmp_path
    assert first == place.mirror_folder(settings, "s3://bucket/a")
    assert first != place.mirror_folder(settings, "s3://bucket/b")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000")
    assert first != place.mirror_folder(settings, "s3://bucket/a")


def test_by_default_it_is_in_the_cache_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert place.mirror_folder(Settings(), "s3://bucket/a").parent == tmp_path / "inferencemax-spider"


def test_a_version_in_a_folder_has_no_mirror(tmp_path: Path) -> None:
    version = tmp_path / "output" / "inferencex" / "20261125T010000Z"
    version.mkdir(parents=True)
    assert place.mirror_of(version.parent) is None
    assert place.there(version, "benchmarks.parquet") == version / "benchmarks.parquet"
    assert place.shown(version) == str(version)

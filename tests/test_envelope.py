"""Raw files: the body comes back byte for byte, and the file is JSON whatever the body was."""

from __future__ import annotations

import gzip
import json
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inferencemax_spider import envelope

METADATA: dict[str, Any] = {"model": "Ünïcode\u2028", "data": {"data": [1]}, "lines": ',\n"data": ', "nothing": None}
JSON_BODIES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=8,
).flatmap(
    lambda value: st.sampled_from([None, 1]).map(
        lambda indent: (json.dumps(value, ensure_ascii=False, indent=indent) + "\n").encode()
    )
)
BODIES = st.one_of(st.binary(), st.text().map(str.encode), JSON_BODIES)


def strict(text: str) -> Any:
    """Read *text* as JSON, without the constants that Python allows and JSON does not."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(constant)

    return json.loads(text, parse_constant=refuse)


def stored(body: bytes, *, known_json: bool = False) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Return the raw file of *body* as JSON, and what is read back from it."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "raw.json")
        envelope.write(path, METADATA, body, envelope.encoding_of(body, known_json=known_json))
        return strict(path.read_text("utf-8")), *envelope.read(path)


@given(BODIES)
@example(b"")
@example(b"NaN")
@example(b'[{"x": NaN}, {"x": -Infinity}]')
@example(b"\xef\xbb\xbf[]")
@example(b"\xff\xfe[\x00]\x00")
@example(b'{"a": 1}\n}\n')
@example(b',\n"data": []}\n')
@example(b'{"a": 1,\n"data": {"a": 1,\n"data": []}\n}\n')
@example(b'"\\ud800"')
@example(b"[" * 5000 + b"]" * 5000)
@example(b"1" * 5000)
@example(b"1e999")
@example(b"<html>\r\n</html>")
def test_any_body_comes_back_byte_for_byte_from_a_file_that_is_json(body: bytes) -> None:
    file, metadata, read = stored(body)
    assert read == body
    assert sha256(read).digest() == sha256(body).digest()
    assert list(file) == ["metadata", "data"]
    assert metadata == file["metadata"] == METADATA | {"data_encoding": metadata["data_encoding"]}


@given(st.lists(st.dictionaries(st.text(), st.one_of(st.floats(), st.text(), st.integers()))))
def test_a_body_that_was_read_before_is_json_even_with_constants_that_json_lacks(rows: list[dict[str, Any]]) -> None:
    body = json.dumps(rows).encode()
    _, metadata, read = stored(body, known_json=True)
    assert read == body
    assert metadata["data_encoding"] in {"json", "text"}


def test_a_json_body_stands_in_the_file_as_itself() -> None:
    body = b'[{"x": 1.50, "y" :2E1}]\r\n'
    file, metadata, _ = stored(body)
    assert metadata["data_encoding"] == "json"
    assert file["data"] == [{"x": 1.5, "y": 20.0}]


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"[]", "json"),
        (b"null", "json"),
        (b'["NaN"]', "json"),
        (b"[NaN]", "text"),
        (b"<html>", "text"),
        (b"", "text"),
        (b"\xff", "base64"),
    ],
)
@pytest.mark.parametrize("known_json", [False, True])
def test_the_encoding_says_how_the_body_stands(body: bytes, encoding: str, *, known_json: bool) -> None:
    known = known_json and encoding == "json"
    assert envelope.encoding_of(body, known_json=known) == encoding


def test_a_body_with_a_constant_that_json_lacks_is_text_though_it_was_read() -> None:
    assert envelope.encoding_of(b"[NaN]", known_json=True) == "text"


@given(st.integers(0, 10_000))
def test_a_raw_file_that_was_cut_off_is_refused(cut: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "raw.json")
        envelope.write(path, METADATA, b'[{"x": 1}, {"x": 2}]', "json")
        whole = path.read_bytes()
        path.write_bytes(whole[: cut % len(whole)])
        with pytest.raises(ValueError, match=r"raw\.json is not a raw file of this project, or was cut off"):
            envelope.read(path)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"metadata": {}}', b'x,\n"data": []}\n', b'{"a": 1,\n"data": []}\n'])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.json"
    path.write_bytes(content)
    with pytest.raises((ValueError, KeyError)):
        envelope.read(path)


def packed(folder: Path, body: bytes = b"[1]") -> tuple[Path, bytes]:
    """Store *body* in *folder*, compressed; return the path that it is read under, and the bytes of its raw file."""
    path = folder / "raw.json"
    envelope.write(path, METADATA, body, "json")
    whole = path.read_bytes()
    envelope.compressed(path).write_bytes(gzip.compress(whole))
    path.unlink()
    return path, whole


def test_a_compressed_raw_file_is_read_under_its_own_name(tmp_path: Path) -> None:
    path, whole = packed(tmp_path, b'[{"x": 1.50}]')
    assert envelope.content(path) == whole
    assert envelope.read(path)[1] == b'[{"x": 1.50}]'
    assert envelope.metadata_of(path) == METADATA | {"data_encoding": "json"}


def test_the_file_as_it_is_comes_before_the_compressed_one(tmp_path: Path) -> None:
    path, _ = packed(tmp_path, b"[1]")
    envelope.write(path, METADATA, b"[2]", "json")
    assert envelope.read(path)[1] == b"[2]"


def test_raw_files_are_listed_once_each_compressed_or_not(tmp_path: Path) -> None:
    packed(tmp_path)
    for name in ("raw.json", "a.json", "b.json.gz", ".c.json.gz.partial", "d.csv", "e.gz"):
        (tmp_path / name).touch()
    assert envelope.names(tmp_path) == ["a.json", "b.json", "raw.json"]


def test_a_raw_file_that_is_not_there_is_missed_under_its_own_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"raw\.json'"):
        envelope.content(tmp_path / "raw.json")


@pytest.mark.parametrize("damage", ["cut", "changed", "longer", "no gzip", "empty"])
def test_a_damaged_compressed_file_is_refused(tmp_path: Path, damage: str) -> None:
    path, _ = packed(tmp_path, b'"' + b"abc" * 1000 + b'"')
    file = envelope.compressed(path)
    content = file.read_bytes()
    damaged = {
        "cut": content[: len(content) // 2],
        "changed": content[:-8] + b"1234" + content[-4:],
        "longer": content + b"behind",
        "no gzip": b"[]",
        "empty": b"",
    }
    file.write_bytes(damaged[damage])
    with pytest.raises(ValueError, match=r"raw\.json\.gz is damaged: "):
        envelope.content(path)
    assert envelope.metadata_of(path) is None


def test_a_file_that_expands_beyond_all_bounds_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, whole = packed(tmp_path, b'"' + b"0" * 1_000_000 + b'"')
    assert envelope.compressed(path).stat().st_size < len(whole) / 100
    monkeypatch.setattr(envelope, "LARGEST", len(whole) + 1)
    assert envelope.content(path) == whole
    monkeypatch.setattr(envelope, "LARGEST", len(whole))
    with pytest.raises(ValueError, match=rf"raw\.json\.gz expands to {len(whole)} bytes or more"):
        envelope.content(path)

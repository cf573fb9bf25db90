"""Faults of the answer, as a client gets them."""

from __future__ import annotations

import gzip
import json
import math
import re
import time
import zlib
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Any

import pytest

from inferencemax_spider.catalog import MODELS, SEQUENCES
from inferencemax_spider.demo import Dataset
from inferencemax_spider.demo.damage import DAMAGE
from inferencemax_spider.demo.record_damage import MALFORMED_HWKEYS
from inferencemax_spider.hardware import HWKEY_PATTERN

from .client import Reply, get
from .conftest import Start

PATH = "/data/inference-performance/gpt-oss-120b-1k_1k-e2e.json"
GZIP = {"Accept-Encoding": "gzip"}

Records = list[dict[str, Any]]


@pytest.fixture(scope="module")
def body(dataset: Dataset) -> bytes:
    return dataset.body(MODELS[1], SEQUENCES[0], "e2e")


@pytest.fixture(scope="module")
def sound(body: bytes) -> Records:
    records: Records = json.loads(body)
    return records


def reply(start: Start, spec: str, **headers: str) -> Reply:
    return get(start(spec).url(PATH), headers)


def changes(sound: Records, damaged: Records) -> dict[int, Any]:
    """Return by index of the record the fields that differ from the sound one: their damaged value, None if gone."""
    pairs = enumerate(zip(sound, damaged, strict=True))
    return {
        index: {key: new.get(key) for key in old | new if old.get(key) != new.get(key) or key not in new}
        for index, (old, new) in pairs
        if old != new
    }


def test_status(start: Start) -> None:
    answer = reply(start, "status=404")
    assert (answer.status, answer.headers["content-type"]) == (404, "application/json")
    assert answer.json() == {"error": "Not Found"}


def test_status_without_a_name(start: Start) -> None:
    answer = reply(start, "status=599")
    assert (answer.status, answer.json()) == (599, {"error": "Unknown status"})


@pytest.mark.parametrize(("text", "kind"), [("<p>down</p>", "text/html; charset=utf-8"), ("[1]", "application/json")])
def test_status_with_a_body(start: Start, text: str, kind: str) -> None:
    answer = reply(start, f"status,body={text}")
    assert (answer.status, answer.headers["content-type"], answer.body.decode()) == (500, kind, text)


def test_retry_after_in_seconds(start: Start) -> None:
    answer = reply(start, "retry_after=1.2,code=429")
    assert (answer.status, answer.headers["retry-after"]) == (429, "2")


def test_retry_after_as_a_date(start: Start) -> None:
    answer = reply(start, "retry_after=3600,http_date=yes")
    assert answer.status == 503
    assert parsedate_to_datetime(answer.headers["retry-after"]).timestamp() > time.time()


def test_redirect(start: Start) -> None:
    answer = reply(start, "redirect", **GZIP)
    assert "content-encoding" not in answer.headers
    assert (answer.status, answer.headers["location"], answer.body) == (302, "http://127.0.0.2:9/", b"")
    answer = reply(start, "redirect=/elsewhere,code=308")
    assert (answer.status, answer.headers["location"]) == (308, "/elsewhere")


def test_html(start: Start) -> None:
    answer = reply(start, "html")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.body.startswith(b"<!DOCTYPE html>")


def test_empty(start: Start) -> None:
    answer = reply(start, "empty")
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "application/json", b"[]")


def test_half_array(start: Start, body: bytes) -> None:
    answer = reply(start, "half_array")
    assert answer.body == body[: len(body) // 2]
    assert answer.headers["content-length"] == str(len(answer.body))


def test_not_utf8(start: Start) -> None:
    with pytest.raises(UnicodeDecodeError):
        reply(start, "not_utf8").body.decode()


def test_oversize(start: Start, sound: Records) -> None:
    answer = reply(start, "oversize=100000")
    assert len(answer.body) == 100_000
    assert answer.json() == sound


def test_broken_gzip(start: Start) -> None:
    answer = reply(start, "broken_gzip", **GZIP)
    assert answer.headers["content-encoding"] == "gzip"
    with pytest.raises(zlib.error):
        gzip.decompress(answer.body)


def test_truncated_gzip(start: Start, body: bytes) -> None:
    answer = reply(start, "truncated_gzip", **GZIP)
    assert answer.headers["content-encoding"] == "gzip"
    with pytest.raises(EOFError):
        gzip.decompress(answer.body)
    decoded = zlib.decompressobj(wbits=31).decompress(answer.body)
    assert decoded
    assert body.startswith(decoded)


def test_envelope(start: Start, sound: Records) -> None:
    gpus = ["b200", "b200_trt", "h100", "h200", "h200_trt", "mi300x", "mi325x", "mi355x"]
    assert reply(start, "envelope").json() == {"data": sound, "gpus": gpus}


def test_pre(start: Start, sound: Records) -> None:
    answer = reply(start, "pre")
    found = re.fullmatch("<html><head></head><body><pre>(.*)</pre></body></html>", answer.body.decode())
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert found
    assert json.loads(unescape(found[1])) == sound


def test_wrong_types(start: Start, sound: Records) -> None:
    damaged = changes(sound, reply(start, "wrong_types=30").json())
    assert damaged == {
        0: {"conc": str(sound[0]["conc"])},
        30: {"y": None},
        60: {"hwKey": 5},
        90: {"tp": None},
        120: {"tpPerGpu": {**sound[120]["tpPerGpu"], "roof": "yes"}},
    }


def test_wrong_types_loses_a_field(start: Start) -> None:
    assert "tp" not in reply(start, "wrong_types=30").json()[90]


def test_nan(start: Start, sound: Records) -> None:
    answer = reply(start, "nan=40")
    damaged = changes(sound, answer.json())
    assert math.isnan(damaged[0].pop("x"))
    assert damaged == {0: {}, 40: {"y": math.inf}, 80: {"x": math.inf}, 120: {"y": -math.inf}}
    assert [answer.body.count(text) for text in (b":NaN,", b":Infinity,", b":1e999,", b":-Infinity,")] == [1, 1, 1, 1]


def test_non_positive(start: Start, sound: Records) -> None:
    damaged = changes(sound, reply(start, "non_positive=40").json())
    assert damaged == {0: {"x": 0}, 40: {"y": -1.5}, 80: {"conc": 0}, 120: {"tp": -1}}


def test_y_mismatch(start: Start, sound: Records) -> None:
    damaged = reply(start, "y_mismatch=50").json()
    assert sorted(changes(sound, damaged)) == [0, 50, 100]
    assert [row["y"] for row in damaged] == [row["y"] for row in sound]
    assert [index for index, row in enumerate(damaged) if row["tpPerGpu"]["y"] != row["y"]] == [0, 50, 100]


def test_malformed_hwkey(start: Start, sound: Records) -> None:
    damaged = changes(sound, reply(start, "malformed_hwkey=20").json())
    assert [fields["hwKey"] for fields in damaged.values()] == [*MALFORMED_HWKEYS, ""]
    assert not any(re.fullmatch(HWKEY_PATTERN, hwkey) for hwkey in MALFORMED_HWKEYS)


def test_missing_hwkey(start: Start, sound: Records) -> None:
    damaged = reply(start, "missing_hwkey=h200_trt").json()
    assert damaged == [row for row in sound if row["hwKey"] != "h200_trt"]
    assert len(damaged) == len(sound) - 20


def test_drop(start: Start, sound: Records) -> None:
    assert reply(start, "drop=2").json() == sound[1::2]


def test_scale(start: Start, sound: Records) -> None:
    damaged = changes(sound, reply(start, "scale=h200_trt,factor=2").json())
    assert sorted(damaged) == [index for index, row in enumerate(sound) if row["hwKey"] == "h200_trt"]
    for index, fields in damaged.items():
        assert fields["y"] == fields["tpPerGpu"]["y"] == 2 * sound[index]["y"]
        assert fields["costn"] == {**sound[index]["costn"], "y": sound[index]["costn"]["y"] / 2}


def test_rename(start: Start, sound: Records) -> None:
    damaged = reply(start, "rename=precision,name=dtype").json()
    assert [list(row)[list(old).index("precision")] for old, row in zip(sound, damaged, strict=True)] == ["dtype"] * 150
    assert [row.pop("dtype") for row in damaged] == [row["precision"] for row in sound]


def test_duplicate(start: Start, sound: Records) -> None:
    damaged = reply(start, "duplicate=100").json()
    assert damaged == [sound[0], *sound[:101], *sound[100:]]


def test_unknown_field(start: Start, sound: Records) -> None:
    damaged = changes(sound, reply(start, "unknown_field=75").json())
    assert sorted(damaged) == [0, 75]
    assert damaged[0] == {"image": "vllm:0.11", "power": {"watts": 700, "source": "meter"}}
    assert damaged[75] == {"tpPerGpu": {**sound[75]["tpPerGpu"], "unit": "tok/s/GPU"}}


def test_faults_add_up_in_their_order(start: Start, sound: Records) -> None:
    body = get(start("envelope", "missing_hwkey=b200", "oversize=90000").url(PATH)).body
    assert len(body) == 90_000
    assert json.loads(body)["data"] == [row for row in sound if row["hwKey"] != "b200"]


def test_a_damaged_body_is_compressed_like_a_sound_one(start: Start) -> None:
    answer = reply(start, "oversize=100000", **GZIP)
    assert len(answer.body) < 100_000
    assert len(gzip.decompress(answer.body)) == 100_000


@pytest.mark.parametrize("kind", [*(kind for kind in DAMAGE if kind.endswith(("hwkey", "_types"))), "nan", "envelope"])
def test_a_body_without_records_passes(start: Start, kind: str) -> None:
    answer = get(start(kind).url("/nowhere"))
    assert answer.status == 404
    assert answer.body == get(start().url("/nowhere")).body

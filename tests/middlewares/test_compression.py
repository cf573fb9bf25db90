"""Decompression: a whole body is decoded, a damaged one is passed on as it came and never taken for whole."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response, TextResponse

from inferencemax_spider.middlewares.compression import UNDECODABLE, StrictCompressionMiddleware
from tests.factories import body, crawler, rows

URL = "http://127.0.0.1/data/a.json"
CONTENT = body(*rows(20))
MIDDLEWARE = StrictCompressionMiddleware.from_crawler(crawler())
BODIES = st.one_of(st.binary(), st.binary(min_size=1).map(lambda some: some * 500))


def received(content: bytes, encoding: str = "gzip", middleware: Any = MIDDLEWARE, **fields: Any) -> Response:
    headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
    response = middleware.process_response(Request(URL), TextResponse(URL, body=content, headers=headers, **fields))
    assert isinstance(response, Response)
    return response


@given(st.lists(BODIES, min_size=1, max_size=3))
def test_a_whole_body_is_decoded_also_when_it_has_several_members(parts: list[bytes]) -> None:
    response = received(b"".join(map(gzip.compress, parts)))
    assert response.body == b"".join(parts)
    assert response.flags == []
    assert "Content-Encoding" not in response.headers


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", " gzip ", "x-gzip"])
def test_the_encoding_is_known_however_it_is_written(encoding: str) -> None:
    assert received(gzip.compress(CONTENT), encoding).body == CONTENT


@given(BODIES, st.data())
def test_a_body_that_was_cut_off_is_passed_on_as_it_came(content: bytes, data: st.DataObject) -> None:
    whole = gzip.compress(content)
    cut = whole[: data.draw(st.integers(1, len(whole) - 1))]
    response = received(cut)
    assert response.body == cut
    assert response.flags == [UNDECODABLE]


@pytest.mark.parametrize("encoding", ["GZIP", " gzip ", "x-gzip"])
def test_a_body_that_was_cut_off_is_noticed_however_the_encoding_is_written(encoding: str) -> None:
    assert received(gzip.compress(CONTENT)[:-9], encoding).flags == [UNDECODABLE]


@given(st.binary(min_size=1, max_size=200), st.data())
def test_a_damaged_byte_is_never_taken_for_the_content(content: bytes, data: st.DataObject) -> None:
    whole = bytearray(gzip.compress(content, mtime=0))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    response = received(bytes(whole))
    if UNDECODABLE in response.flags:
        assert response.body == bytes(whole)
    else:
        assert response.body == content  # the damage was in what does not matter, such as the time of the header


@pytest.mark.parametrize(
    "content",
    [b"[]", b"<html></html>", gzip.compress(CONTENT) + b"more", gzip.compress(CONTENT) + gzip.compress(CONTENT)[:30]],
)
def test_what_is_not_gzip_throughout_is_passed_on_as_it_came(content: bytes) -> None:
    response = received(content)
    assert response.body == content
    assert response.flags == [UNDECODABLE]
    assert response.headers["Content-Encoding"] == b"gzip"


def test_what_arrived_stays_as_it_was_with_its_flags() -> None:
    response = received(b"[]", flags=["dataloss"], status=503)
    assert (response.status, response.flags) == (503, ["dataloss", UNDECODABLE])


def test_a_body_without_an_encoding_is_left_alone() -> None:
    response = Response(URL, body=CONTENT)
    decoded = MIDDLEWARE.process_response(Request(URL), response)
    assert isinstance(decoded, Response)
    assert (decoded.body, decoded.flags) == (CONTENT, [])


def test_the_other_encoding_of_http_is_decoded_too() -> None:
    response = received(zlib.compress(CONTENT), "deflate")
    assert (response.body, response.flags) == (CONTENT, [])


@pytest.mark.parametrize("surplus", [0, 1])
def test_a_body_is_bounded_by_what_it_decompresses_to(surplus: int) -> None:
    limit = 100_000
    bounded = StrictCompressionMiddleware.from_crawler(crawler(DOWNLOAD_MAXSIZE=limit))
    bomb = gzip.compress(b" " * (limit + surplus))
    assert len(bomb) < limit
    if surplus:
        with pytest.raises(IgnoreRequest, match="DOWNLOAD_MAXSIZE"):
            received(bomb, middleware=bounded)
    else:
        assert len(received(bomb, middleware=bounded).body) == limit


def test_gzip_is_asked_for_unless_the_request_asks_otherwise() -> None:
    plain, own = Request(URL), Request(URL, headers={"Accept-Encoding": "identity"})
    for request in (plain, own):
        MIDDLEWARE.process_request(request)
    assert (plain.headers["Accept-Encoding"], own.headers["Accept-Encoding"]) == (b"gzip", b"identity")


@given(BODIES)
def test_what_is_decoded_does_not_change_what_was_received(content: bytes) -> None:
    assume(content)
    compressed = gzip.compress(content)
    before = Response(URL, body=compressed, headers={"Content-Encoding": "gzip"})
    MIDDLEWARE.process_response(Request(URL), before)
    assert (before.body, before.headers["Content-Encoding"]) == (compressed, b"gzip")

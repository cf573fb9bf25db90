"""Messages arrive where they should, in time, and secrets stay secret."""

from __future__ import annotations

import logging
import socket
from pathlib import Path

import pytest

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.notify.channels import NOT_DELIVERED, NOT_KNOWN, VARIABLE, configured, deliver
from inferencemax_spider.notify.message import Message
from tests.notify.receivers import PASSWORD, mail_server, web_server

MESSAGE = Message("inferencemax-spider: inferencex INCOMPLETE", "GLM-5: empty – ü 漢字\nVersion 1")


def test_channels_are_named_by_number_and_scheme_only(tmp_path: Path) -> None:
    file = tmp_path / "urls"
    file.write_text("# who to tell\n\n  slack://token-a/token-b/token-c  \nnonsense\n")
    known = configured({VARIABLE: "mailto://me:secret@example.org\njson://host/a,b"}, str(file))
    assert [channel.name for channel in known] == [
        "channel 1 (mailto)",
        "channel 2 (json)",
        "channel 3 (slack)",
        "channel 4 (no URL)",
    ]
    assert known[1].url == "json://host/a,b"
    assert "secret" not in repr(known)


def test_without_configuration_there_is_nobody_to_tell() -> None:
    assert configured({}) == []


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"cannot read the channels in .*: No such file or directory"):
        configured({}, str(tmp_path / "none"))
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ArgumentError, match=r"cannot read the channels in .*: it is not text"):
        configured({}, str(tmp_path / "binary"))


def test_a_mail_and_a_webhook_say_the_same() -> None:
    with mail_server() as mail, web_server() as web:
        deliveries = deliver(MESSAGE, configured({VARIABLE: f"{mail.url} {web.url}"}), 20)
    assert [delivery.ok for delivery in deliveries] == [True, True]
    (sent,), (post,) = mail.mails, web.posts
    assert (sent["Subject"], post["title"]) == (MESSAGE.title, MESSAGE.title)
    assert (sent["From"].addresses[0].addr_spec, sent["To"]) == ("collector@example.org", "owner@example.org")
    body = sent.get_body(("plain",))
    assert body is not None
    assert body.get_content().strip().splitlines() == MESSAGE.body.splitlines() == post["message"].splitlines()


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")  # all of it is on loopback
def test_a_mail_server_with_a_password_gets_it_and_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with mail_server(secret=True) as mail:
        channels = configured({VARIABLE: f"{mail.url} {mail.url.replace(PASSWORD, 'wrong-pass')}"})
        good, bad = deliver(MESSAGE, channels, 20)
    assert good.ok
    assert bad.reason == NOT_DELIVERED
    assert len(mail.mails) == 1
    logged = [record.getMessage() for record in caplog.records if record.name != "mail.log"]  # the server's own
    said = f"{logged} {good} {bad} {channels}"
    assert PASSWORD not in said
    assert "wrong-pass" not in said


def test_what_fails_is_told_for_its_channel_and_costs_the_others_nothing() -> None:
    with socket.socket() as closed, web_server(500) as broken, web_server() as web:
        closed.bind(("127.0.0.1", 0))
        refused = f"json://127.0.0.1:{closed.getsockname()[1]}/"
        urls = f"{broken.url} {refused} nonsense no://such {web.url}"
        deliveries = deliver(MESSAGE, configured({VARIABLE: urls}), 20)
    assert [delivery.reason for delivery in deliveries] == [NOT_DELIVERED, NOT_DELIVERED, NOT_KNOWN, NOT_KNOWN, ""]
    assert [post["title"] for post in web.posts] == [MESSAGE.title]


def test_a_channel_that_never_answers_is_given_up() -> None:
    with web_server(None) as silent, web_server() as web:
        deliveries = deliver(MESSAGE, configured({VARIABLE: f"{silent.url} {web.url}"}), 1.0)
    assert deliveries[0].reason in {"no answer within 1 s", NOT_DELIVERED}
    assert deliveries[1].ok

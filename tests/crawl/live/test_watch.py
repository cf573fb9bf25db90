"""A collector that watches: what went wrong with the data is named, exactly, and reaches its owner."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from inferencemax_spider.demo import DemoSite
from inferencemax_spider.notify.channels import VARIABLE
from tests.crawl import runs
from tests.crawl.runs import Run
from tests.notify.receivers import MailServer, WebServer, mail_server, web_server

Start = Callable[..., DemoSite]

DAMAGED = (
    "missing_hwkey=mi325x_vllm@*model=gpt-oss-120b",
    "drop=2@*model=GLM-5",
    "scale=b200_trt,factor=1.3@*model=DeepSeek-R1-0528",
    "rename=image,name=container@*model=Llama-3.3-70B-Instruct-FP8",
)


def crawled(site: DemoSite, output: Path, mail: MailServer, web: WebServer, *args: str) -> Run:
    """Crawl *site* into *output* as somebody who wants mail and a webhook."""
    root = output / "inferencex"
    before = set(root.glob("2*"))
    command = runs.scrapy("crawl", "inferencex", "-a", f"base_url={site.base_url}", *args, f"-sOUTPUT_DIR={output}")
    process = runs.begin(command, {VARIABLE: f"{mail.url}\n{web.url}"})
    return runs.end(process, lambda: next(iter(set(root.glob("2*")) - before), None))


def test_what_went_wrong_is_named_and_reaches_its_owner_and_so_does_the_recovery(start: Start, tmp_path: Path) -> None:
    with mail_server() as mail, web_server() as web:
        healthy = crawled(start(), tmp_path, mail, web)
        assert (healthy.status, web.posts) == (0, [])
        damaged = crawled(start(*DAMAGED), tmp_path, mail, web)
        again = crawled(start(), tmp_path, mail, web)
    failed = {check["name"]: check["findings"] for check in damaged.summary["checks"] if check["status"] == "fail"}
    assert failed.keys() == {"hwkeys_gone", "record_counts", "fields_gone", "fields_new", "distribution_shift"}
    assert [len(findings) for findings in failed.values()] == [1] * 5
    assert "gpt-oss-120b: hwKey mi325x_vllm is gone" in failed["hwkeys_gone"][0]
    assert "GLM-5" in failed["record_counts"][0]
    assert "image" in failed["fields_gone"][0]
    assert "container" in failed["fields_new"][0]
    assert "b200_trt" in failed["distribution_shift"][0]
    assert (damaged.status, again.status) == (3, 0)
    titles = ["inferencemax-spider: inferencex INCOMPLETE", "inferencemax-spider: inferencex complete again"]
    assert [post["title"] for post in web.posts] == [mail["Subject"] for mail in mail.mails] == titles
    said = web.posts[0]["message"].splitlines()
    decisive = [line for name, findings in failed.items() if name != "fields_new" for line in findings]
    assert [line.removeprefix("- ")[:200] for line in said[3:7]] == [line[:200] for line in decisive]
    assert f"Version {damaged.place.name}: {damaged.place}" in said[-1]
    assert damaged.output.count("Notified channel") == 2


def test_a_channel_that_fails_is_reported_and_fails_nothing(start: Start, tmp_path: Path) -> None:
    with mail_server() as mail, web_server(500) as web:
        run = crawled(start(), tmp_path, mail, web, "-a", "models=dsr1", "-sNOTIFY_ON=always")
    assert run.status == 0
    assert "Notified channel 1 (mailto)" in run.stderr
    assert "Could not notify channel 2 (json): it did not take the message" in run.stderr
    assert str(web.url) not in run.output
    assert len(mail.mails) == 1


def test_wrong_rules_and_a_missing_file_are_refused_before_the_first_request(start: Start, tmp_path: Path) -> None:
    site = start()
    for setting, message in (
        ("NOTIFY_ON=sometimes", "setting NOTIFY_ON: unknown rule 'sometimes'; valid: failure, incomplete"),
        (f"NOTIFY_FILE={tmp_path}/none", "setting NOTIFY_FILE: cannot read the channels in"),
        (f"EXPECTATIONS_FILE={tmp_path}/none.toml", "setting EXPECTATIONS_FILE: cannot read the expectations in"),
    ):
        command = runs.scrapy("crawl", "inferencex", "-a", f"base_url={site.base_url}", "-s", setting)
        run = runs.end(runs.begin([*command, f"-sOUTPUT_DIR={tmp_path / 'output'}"]), lambda: None)
        assert run.status == 2
        assert message in run.stderr
    assert site.requests == []
    assert not (tmp_path / "output").exists()

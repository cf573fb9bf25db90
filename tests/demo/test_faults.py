"""The text form of faults, what they hit, and how often."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferencemax_spider.demo import faults
from inferencemax_spider.demo.damage import DAMAGE
from inferencemax_spider.demo.faults import KINDS, Fault, FaultPlan
from inferencemax_spider.demo.transport import SENDERS

PATH = "/data/inference-performance/gpt-oss-120b-1k_1k-e2e.json"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("stall", Fault(kind="stall")),
        ("status=503", Fault(kind="status", code=503)),
        ("status=404,body=<p>no</p>@*.json", Fault(kind="status", code=404, body="<p>no</p>", path="*.json")),
        ("status,times=2@x", Fault(kind="status", times=2, path="x")),
        ("retry_after=1.5,code=429,http_date=true", Fault(kind="retry_after", seconds=1.5, code=429, http_date=True)),
        ("missing_hwkey=b200@*-e2e.json", Fault(kind="missing_hwkey", hwkey="b200", path="*-e2e.json")),
        ("redirect=http://a@b/?c=d@*", Fault(kind="redirect", to="http://a@b/?c=d")),
        ("nan,every=3", Fault(kind="nan", every=3)),
    ],
)
def test_the_text_form_says_it_all(text: str, fault: Fault) -> None:
    assert Fault.parse(text) == fault


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unknown fault ''; valid: status, retry_after"),
        ("stal", "unknown fault 'stal'; valid: .*stall.*close"),
        ("stall=3", "value"),
        ("latency=soon", "seconds: .*number"),
        ("latency=-1", "seconds: .*greater"),
        ("latency=inf", "seconds: .*finite"),
        ("latency=1,hwkey=b200", "has no hwkey; it takes: seconds, times"),
        ("latency,2", "write name=value"),
        ("latency,path=x", "write name=value"),
        ("status=99", "code: "),
        ("nan=0", "every: "),
        ("html,times=-1", "times: "),
    ],
)
def test_nonsense_is_answered_in_one_line(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        Fault.parse(text)
    assert "\n" not in str(caught.value)


@given(st.text())
def test_any_text_is_a_fault_or_a_value_error(text: str) -> None:
    try:
        fault = Fault.parse(text)
    except ValueError:
        return
    assert fault.kind in KINDS


def test_every_example_of_the_documentation_is_a_fault() -> None:
    examples = re.findall(r"^    (\S+) {2,}\S", faults.__doc__ or "", re.MULTILINE)
    assert len(examples) == 6
    assert all(Fault.parse(example) for example in examples)


def test_every_kind_does_something_in_one_place() -> None:
    assert sorted([*DAMAGE, *SENDERS, "latency"]) == sorted(KINDS)


@pytest.mark.parametrize("glob", ["*", PATH, "gpt-oss-*", "*-e2e.json", "/data/*"])
def test_a_glob_matches_the_path_or_its_last_part(glob: str) -> None:
    assert Fault(kind="empty", path=glob).matches(PATH)


@pytest.mark.parametrize("glob", ["llama-*", "data/*", "*-interactivity.json", "GPT*"])
def test_a_glob_does_not_match_more(glob: str) -> None:
    assert not Fault(kind="empty", path=glob).matches(PATH)


def test_a_glob_may_look_at_the_query() -> None:
    fault = Fault(kind="empty", path="*model=gpt-oss-120b*")
    assert fault.matches("/api/v1/benchmarks?model=gpt-oss-120b&exact=true")
    assert not fault.matches("/api/v1/benchmarks?model=GLM-5")


def test_the_rules_for_robots_are_hit_by_name_only() -> None:
    globs = ("*", "*.txt", "robots.txt", "*/robots.txt")
    assert [Fault(kind="empty", path=glob).matches("/robots.txt") for glob in globs] == [False, False, True, True]


def test_times_are_counted_for_each_path() -> None:
    plan = FaultPlan([Fault(kind="empty", times=2)])
    assert [len(plan.due(path)) for path in ("/a", "/a", "/b", "/a", "/b", "/b")] == [1, 1, 1, 0, 1, 0]


def test_equal_faults_are_counted_apart() -> None:
    plan = FaultPlan([Fault(kind="empty", times=1)])
    plan.add(Fault(kind="empty", times=1))
    assert [len(plan.due("/a")) for _ in range(2)] == [2, 0]


def test_many_threads_get_no_more_than_the_times() -> None:
    plan = FaultPlan([Fault(kind="empty", times=100)])
    with ThreadPoolExecutor(16) as pool:
        assert sum(len(due) for due in pool.map(lambda _: plan.due("/a"), range(1000))) == 100

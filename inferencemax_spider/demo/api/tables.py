"""Which models the demo's live API has, how they are deployed, and on which dates they were measured.

The shapes follow the site of spring 2026 (vocabularies, frameworks, parallelisms), the numbers are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from inferencemax_spider.demo.api.shapes import (
    ApiModel,
    Deployment,
    Side,
    Suite,
    Variant,
    Workload,
    one_node,
    split,
    spread,
)
from inferencemax_spider.demo.sweeps import EFFORTS, SPEED, Effort, powers

DATES: Final = ("2025-11-14", "2025-12-05", "2025-12-19", "2026-03-25", "2026-04-22", "2026-05-05")
IMAGES_SINCE: Final = "2025-12-08"
"""Rows of earlier dates have no image."""
NEWER_SINCE: Final = "2026-03-01"
"""Rows from this date on have the newer fields and percentiles, and there are agentic traces."""

SHORT: Final = Workload(1024, 1024)
LONG_OUT: Final = Workload(1024, 8192)
LONG_IN: Final = Workload(8192, 1024)
AGENTIC: Final = (Workload(None, None), Workload(None, None, "on"))
SINGLE: Final = (SHORT, LONG_OUT, LONG_IN)

FASTER: Final[Mapping[str, float]] = {
    **SPEED,
    "b300": 2.4,
    "gb300": 2.9,
    "trtllm": 1.25,
    "dynamo-trt": 1.2,
    "dynamo-trtllm": 1.2,
    "sglang": 1.1,
    "dynamo-sglang": 1.1,
    "mori-sglang": 1.15,
    "sglang-disagg": 1.15,
    "int4": 1.2,
    "bf16": 0.7,
}
"""How many times as fast as an H100 at fp8 a base GPU is, and by how much a framework, method or precision helps."""

IMAGES: Final[Mapping[str, str]] = {
    "vllm": "vllm/vllm-openai:v0.{}.0",
    "dynamo-vllm": "nvcr.io/nvidia/ai-dynamo/vllm-runtime:0.{}.0",
    "trt": "nvcr.io/nvidia/tensorrt-llm/release:1.{}.0rc6",
    "trtllm": "nvcr.io/nvidia/tensorrt-llm/release:1.{}.0",
    "dynamo-trt": "nvcr.io/nvidia/ai-dynamo/tensorrtllm-runtime:0.{}.0",
    "dynamo-trtllm": "nvcr.io/nvidia/ai-dynamo/tensorrtllm-runtime:0.{}.0.post1",
    "atom": "rocm/atom:rocm7.{}.0-ubuntu24.04",
}
"""The image of a framework, with a place for what grows from date to date."""
OTHER_IMAGE: Final = "lmsysorg/sglang:v0.5.{}"

RACK: Final = Deployment("gb200", "dynamo-trt", "fp4", "none", Side(36), Side(36), powers(4, 256), disagg=True)
"""Disaggregated rows of the first kind: no workers, and the same number of GPUs (all of them) on both sides."""

DEEPSEEK: Final = (
    Suite(
        SINGLE,
        (
            *one_node(
                "b200/sglang/fp8 b200/trt/fp8 h200/sglang/fp8 h200/trt/fp8 mi355x/sglang/fp8", (8,), powers(4, 64)
            ),
            *one_node("b200/sglang/fp4 b200/trt/fp4 mi355x/atom/fp4", (4, 8), powers(4, 128)),
            *one_node("mi300x/sglang/fp8 mi325x/sglang/fp8", (8,), powers(4, 64)),
            *one_node("b200/trt/fp8", (8,), powers(16, 256), ep=True, spec="none mtp"),
            RACK,
            *split("gb200/dynamo-trt/fp4", spread(4, 4, 1), (Side(8, 8, 4), spread(16, 16, 1)), (4, 36, 333)),
            *split("gb300/dynamo-sglang/fp8", Side(8, 1, 2), (spread(8, 8, 3),), (24, 512, 2253)),
            *split("mi355x/mori-sglang/fp8", Side(8, 1, 1), (Side(8, 1, 1),), powers(1, 32)),
        ),
    ),
    Suite(AGENTIC, one_node("b300/sglang/fp4", (4,), powers(1, 8))),
)

GPT_OSS: Final = (
    Suite(
        SINGLE,
        (
            *one_node("b200/vllm/fp4 b200/trtllm/fp4 h200/vllm/fp4 mi355x/vllm/fp4", (1, 4, 8), powers(4, 64)),
            *one_node("h100/vllm/fp4 mi300x/vllm/fp4 mi325x/vllm/fp4", (2, 8), powers(4, 64)),
            *split("gb200/dynamo-trtllm/fp4", Side(1, 1, 2), (spread(4, 4, 1),), (16, 256, 1024), "none"),
        ),
    ),
)

LLAMA: Final = (
    Suite(
        SINGLE,
        (
            *one_node("b200/trt/fp4 b200/trt/fp8 b200/vllm/fp4 b200/vllm/fp8", (1, 8), powers(4, 64)),
            *one_node("h100/vllm/fp8 h200/trt/fp8 mi300x/vllm/fp8 mi355x/vllm/fp4", (2, 8), powers(4, 64)),
        ),
    ),
)

GLM: Final = (
    Suite(
        (SHORT, LONG_IN),
        (
            *one_node("b200/sglang/fp8 b200-dgxc/sglang/fp8 h200/sglang/fp8", (8,), powers(4, 64), spec="none mtp"),
            *one_node("b300/sglang/fp4 mi355x/atom/fp8", (4, 8), powers(4, 64)),
            *split("gb300/dynamo-sglang/fp4", spread(4, 4, 1), (spread(8, 8, 2),), (8, 64, 512)),
        ),
    ),
)

KIMI: Final = (
    Suite(
        AGENTIC,
        (
            *one_node("b200/vllm/fp4 b300/vllm/fp4 b200/sglang/int4", (4, 8), powers(1, 64)),
            *one_node("h200/vllm/int4 mi355x/sglang/fp4", (8,), powers(1, 32), spec="none mtp"),
            *split("gb200/dynamo-vllm/fp4", Side(4, 1, 2), (spread(8, 8, 2),), powers(8, 128), "none"),
            *split("mi355x/sglang-disagg/fp4", Side(8, 1, 1), (Side(8, 1, 2),), powers(4, 32), "none"),
        ),
    ),
    Suite((LONG_IN,), one_node("b200/vllm/fp4 mi355x/vllm/int4", (8,), powers(4, 64))),
)

QWEN: Final = (
    Suite(
        (SHORT, LONG_IN),
        (
            *one_node("b200/sglang/bf16 b200/sglang/fp8 h200/sglang/fp8 mi325x/sglang/fp8", (8,), powers(4, 64)),
            *one_node("h100/sglang/fp8 mi355x/atom/fp8", (8,), powers(4, 64), spec="none mtp"),
            *split("mi355x/atom-disagg/fp8", Side(8, 1, 1), (Side(8, 1, 2),), powers(4, 64), "none"),
        ),
    ),
    Suite(AGENTIC, one_node("b200/sglang/fp8", (8,), powers(1, 16))),
)

DEEPSEEK_EFFORT: Final = EFFORTS["deepseek-r1-0528"]
HALF: Final = Effort(step_s=0.026, batch_s=0.0006, prefill_s=0.00007)

MODELS: Final = (
    ApiModel("DeepSeek-R1-0528", (Variant("dsr1"),), DEEPSEEK_EFFORT, DEEPSEEK),
    ApiModel("gpt-oss-120b", (Variant("gptoss120b"),), EFFORTS["gpt-oss-120b"], GPT_OSS),
    ApiModel(
        "Llama-3.3-70B-Instruct-FP8",
        (Variant("llama70b", until="2026-01-31"),),
        EFFORTS["llama-3_3-70b-instruct-fp8"],
        LLAMA,
    ),
    ApiModel("GLM-5", (Variant("glm5", until="2026-04-30"), Variant("glm5.1", since=NEWER_SINCE)), HALF, GLM),
    ApiModel("Kimi-K2.5", (Variant("kimik2.5", since="2025-12-08"),), DEEPSEEK_EFFORT, KIMI),
    ApiModel("Qwen-3.5-397B-A17B", (Variant("qwen3.5", since="2025-12-08"),), HALF, QWEN),
)
"""The models of the site, in the order in which its documentation lists them."""


def models(count: int) -> tuple[ApiModel, ...]:
    """Return *count* models: those of the site, and as many like GLM-5 as are missing."""
    more = (f"Demo-{number:03}B" for number in range(len(MODELS) + 1, count + 1))
    return (*MODELS[:count], *(ApiModel(name, (Variant(name.lower()),), HALF, GLM) for name in more))

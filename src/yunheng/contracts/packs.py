"""What ships with the program, read without Django: contract packs by name, and the processes a contract is held to."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from ruamel.yaml import YAML

from yunheng.logic.flow import Process, parse_process

PACKS: Final = Path(__file__).resolve().parent.parent / "packs"
PREFIX: Final = "pack:"

#: What each scheme that ships is about, as contracts write labels.
SCHEME_TITLES: Final[Mapping[str, Mapping[str, str]]] = {
    "a": {"zh-Hans": "100 分起扣，年度取各季平均", "en": "100 points, faults deduct, the year is the mean"},
    "b": {"zh-Hans": "只扣分，逾期工单按工作日扣", "en": "Deductions only, late tickets by working days"},
    "c": {
        "zh-Hans": "100 分取整，四个等级，有加分",
        "en": "100 points in whole numbers, four grades, a bonus",
    },
    "d": {"zh-Hans": "按内容分配分值，各自扣各自的", "en": "Points by subject, each deducting from its own"},
    "e": {"zh-Hans": "九项服务各 100 分，双方评分", "en": "Nine services, assessed by two sides"},
    "f": {"zh-Hans": "0–5 分人工评分乘以权重", "en": "People's marks from 0 to 5, times a weight"},
    "g": {"zh-Hans": "分档扣分设上限，一票否决，系数结算", "en": "Steps with limits, vetoes, coefficients"},
}


def contract_packs() -> list[str]:
    """Names of the contracts that ship, in alphabetical order."""
    return sorted(path.stem for path in (PACKS / "contracts").glob("*.yaml"))


def contract_pack(name: str) -> bytes:
    """The document of a pack. Raises LookupError for a name that is none."""
    if name not in contract_packs():
        raise LookupError(name)
    return (PACKS / "contracts" / f"{name}.yaml").read_bytes()


def scheme_packs() -> list[str]:
    """Names of the scoring schemes that ship, in alphabetical order."""
    return sorted(path.stem for path in (PACKS / "schemes").glob("*.yaml"))


def scheme_pack(name: str) -> bytes:
    """The document of a scheme: the section `scoring`, to be put into a contract. Raises LookupError for no name."""
    if name not in scheme_packs():
        raise LookupError(name)
    return (PACKS / "schemes" / f"{name}.yaml").read_bytes()


@cache
def newest_processes() -> Mapping[str, Process]:
    """The newest version of each process whose subjects have clocks, by key: those that contracts speak of."""
    newest: dict[str, Process] = {}
    for path in sorted((PACKS / "processes").glob("*.yaml")):
        process = parse_process(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")))
        if not process.has_clocks:
            continue
        if process.key not in newest or newest[process.key].version < process.version:
            newest[process.key] = process
    return newest

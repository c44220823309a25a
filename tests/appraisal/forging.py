"""What an operator with database and signing key could do to a pack: rewrite the record, and sign all of it anew."""

import hashlib
import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.appraisal.proof_world import with_manifest

from yunheng.logic.canonical import canonical
from yunheng.logic.leaf import leaf_hash
from yunheng.logic.merkle import root
from yunheng.logic.score import (
    plain,
    results_from_plain,
    results_plain,
    scheme_of,
    score,
    score_plain,
    settle,
    text_of,
)
from yunheng.verify.verify import SIGNED

Members = dict[str, bytes]
Sign = Callable[[bytes], bytes]


def lines_of(members: Members, name: str = "log/leaves-00000.jsonl") -> list[dict[str, Any]]:
    """The documents of a member, one a line."""
    return [json.loads(line) for line in members[name].splitlines()]


def joined(lines: list[dict[str, Any]]) -> bytes:
    return b"".join(canonical(line) + b"\n" for line in lines)


def statement_of(members: Members) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(members["statement.json"])
    return found


def with_statement(members: Members, statement: Mapping[str, Any]) -> Members:
    """The pack with another statement, and everything that follows from it made to fit."""
    frozen = canonical(statement)
    signatures = json.loads(members["signatures.json"]) | {"digest": hashlib.sha256(frozen).hexdigest()}
    changed = members | {"statement.json": frozen, "signatures.json": canonical(signatures)}
    for place, one in enumerate(statement["measurements"]):
        changed[f"measurements/{place:03d}.json"] = canonical(one)
    return with_manifest(changed)


def with_leaves(members: Members, lines: list[dict[str, Any]], sign: Sign) -> Members:
    """The pack with other leaves under heads that are signed anew, and a statement that names the last of them."""
    hashes = [leaf_hash(line["header"]) for line in lines]
    heads: list[dict[str, Any]] = []
    for old in json.loads(members["log/heads.json"])["heads"]:
        size = min(old["size"], len(lines))
        head = old | {"size": size, "root": root(hashes[:size]).hex()}
        head["signature"] = sign(canonical({name: head[name] for name in SIGNED})).hex()
        heads = [one for one in heads if one["size"] < size] + [head]  # of two of one size the newer one
    changed = members | {
        "log/leaves-00000.jsonl": joined(lines),
        "log/heads.json": canonical({"heads": heads}),
    }
    statement = statement_of(members)
    last = heads[-1]
    statement["position"] = last["size"]
    statement["head"] = statement["head"] | {"size": last["size"], "root": last["root"]}
    return with_statement(changed, statement)


def without_tickets(members: Members, gone: set[str], sign: Sign) -> Members:
    """The pack as if these tickets had never been: no leaf, no clock, no figure of them, and all of it signed."""
    kept = [line for line in lines_of(members) if line["header"]["subject"] not in gone]
    places = {line["index"]: place for place, line in enumerate(kept)}
    changed = dict(members)
    for name in members:
        if name.startswith("clocks/"):
            clocks = [clock for clock in lines_of(members, name) if clock["ticket"] not in gone]
            for clock in clocks:
                for segment in clock["segments"]:
                    segment["leaf"] = None if segment["leaf"] is None else places[segment["leaf"]]
            changed[name] = joined(clocks)
    for place, line in enumerate(kept):
        line["index"] = place
    statement = statement_of(members)
    for one in statement["measurements"]:
        _without(one, gone)
        result = statement["results"]["measured"][one["reads"]]
        value = Fraction((100 if one["unit"] == "percent" else 1) * one["numerator"], one["denominator"])
        result |= {
            "value": text_of(value),
            "numerator": str(one["numerator"]),
            "denominator": str(one["denominator"]),
        }
        one["value"] = text_of(value)
    statement["results"]["events"] = [
        event for event in statement["results"]["events"] if event["subject"] not in gone
    ]
    return with_leaves(with_statement(changed, rescored(statement)), kept, sign)


def _without(one: dict[str, Any], gone: set[str]) -> None:
    is_kept = [item.split("/")[0] not in gone for item in one["hits"]]
    for name in ("hits", "seconds"):
        if name in one:
            one[name] = [it for it, keep in zip(one[name], is_kept, strict=True) if keep]
    one["misses"] = [item for item in one["misses"] if item.split("/")[0] not in gone]
    one["waiting"] = [item for item in one["waiting"] if item not in gone]
    one["excluded"] = [item for item in one["excluded"] if item["ticket"] not in gone]
    one["numerator"] = sum(one["seconds"]) if "seconds" in one else len(one["hits"])
    one["denominator"] = len(one["hits"]) + len(one["misses"])


def rescored(statement: dict[str, Any]) -> dict[str, Any]:
    """The statement with the score and the money that follow from its results."""
    scheme, results = scheme_of(statement["rules"]["scheme"]), results_from_plain(statement["results"])
    found = score(scheme, results)
    settled = settle(scheme, found.value, Decimal(statement["settlement"]["fee"]))
    money = statement["settlement"] | {"payable": f"{settled.payable:f}", "tree": plain(settled.tree)}
    told = score_plain(found, None if statement["v"] == 1 else results)
    return statement | {"results": results_plain(results), "score": told, "settlement": money}


def in_format_1(statement: Mapping[str, Any]) -> dict[str, Any]:
    """The statement as it was frozen before the tree named events by their place in the results."""
    found: dict[str, Any] = deepcopy(dict(statement)) | {"v": 1}
    nodes = [found["score"]["tree"]]
    while nodes:
        node = nodes.pop()
        if "event" in node:
            node["event"] = dict(found["results"]["events"][node["event"]])
        nodes += node.get("parts", ())
    return found

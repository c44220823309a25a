"""Verifies an evidence pack of Yunheng, offline and without Yunheng. One file: Python 3.11 and `cryptography`.

    python verify.py PACK.zip [--head HEAD.json]... [--previous EARLIER.zip] [--lang zh|en]

Status 0: everything holds. 1: something does not, and is named. 2: something cannot be checked. Format: ADR 0018;
leaves: ADR 0001; trees: RFC 9162; canonical JSON: RFC 8785; signatures: RFC 8032, Web Authentication Level 2.
"""
# fmt: off

import argparse
import base64
import hashlib
import json
import os
import re
import sys
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    CAN_SIGN = True
except ImportError:  # then signatures are not checked, and the report says so
    CAN_SIGN = False

Document = dict[str, Any]
Members = Mapping[str, bytes]
Pair = tuple[str, str]  # ticket and clock

TEXTS = """
log|the log is complete: {0} leaves give the roots of all {1} signed heads|日志完整：{0} 片叶子与全部 {1} 个日志头一致 ; root|head at {0}: the first {0} leaves do not give its root|日志头 {0}：前 {0} 片叶子算不出它的根 ; previous|is not the statement before that this one names|不是本考核单所指的上一份 ; unreadable|cannot be read ({0})|无法读取（{0}） ; holds|Everything that can be checked holds.|凡能核验的，全部成立。 ; fails|NOT verified: {0} point(s) do not hold.|核验不通过：{0} 处不成立。 ; undecided|Not decided: {0} point(s) cannot be checked.|未能定论：{0} 处无法核验。 ; hostile|{0}: there twice, of a strange name, far too large, or encrypted|{0}：重复、名称异常、过大或被加密 ; stray|belongs to no pack of this statement|不属于这份考核单的证据包 ; members|{0} members are those of the manifest|{0} 个成员与清单一致 ; missing|is missing|缺失 ; unlisted|does not list {0}, or lists what is missing|未列出 {0}，或所列缺失 ; changed|is not what manifest.json says: one of the two was changed|与 manifest.json 所列不符：两者之一被改动 ; uncanonical|is not in canonical form|不是规范格式
contract|contract and calendars are as the log recorded them ({0} versions)|合同与日历同日志所载（{0} 版） ; manifest|is not the manifest of an evidence pack of this statement|不是这份考核单的证据包清单 ; key_lost|key {0}: the one before was lost and has not endorsed it: ask, or verify with a head that it signed|密钥 {0}：前一把遗失，未能背书：请询问，或用它签署的日志头核验 ; key|{0}: not named by its digest, not next in the chain, or not endorsed|{0}：标识、次序或背书不对 ; head|head at {0}: out of order, of another log, or of an unknown key|日志头 {0}：次序、日志或密钥不对 ; head_leaves|its head is not that of the leaves in this pack|所载日志头与包中叶子不符 ; undisclosed|leaf {0} ({1}): not disclosed, and no erasure is recorded|叶子 {0}（{1}）：未公开，也没有删除记录 ; place|leaf {0} stands where {1} should, or is of another log ({2})|叶子 {0} 占了 {1} 的位置，或属于别的日志（{2}） ; data|leaf {0} ({1}): the data is not what was recorded|叶子 {0}（{1}）：内容不是当时记录的 ; signature|head at {0}: its signature is not valid|日志头 {0}：签名无效
unsigned|signatures are not checked: the package `cryptography` is missing|签名未核验：缺少 cryptography 包 ; other_head|the head that you hold is of another log, or not signed|您保存的日志头属于别的日志，或签名无效 ; later|your head has {0} leaves, this pack {1}: ask for a newer one|您的日志头有 {0} 片，本包 {1} 片：请索取更新的包 ; rewritten|THE RECORD WAS REWRITTEN: not the {0} leaves of your head ({1})|记录被改写：不是您日志头的 {0} 片叶子（{1}） ; grown|the log has grown from your head of {0} leaves ({1})|日志由您 {0} 片叶子的日志头（{1}）增长而来 ; terms|is not the text that the log recorded|不是日志所载的文本 ; rules|its rules are not those of contract version {0}|所用规则不是合同第 {0} 版的规则 ; no_version|the log has no record of contract version {0}|日志中没有合同第 {0} 版的记录 ; withheld|an indicator counts clocks that are withheld: not checked here|有指标计入不公开的时限：此处不核 ; measured|{0} measurements equal the items behind them|{0} 项测量与其明细一致 ; frozen|is not a measurement that the statement froze|不是考核单冻结的测量
sums|{0}: {1} of {2} is not what its items give, or one is there twice|{0}：{1}/{2} 与明细不符，或有重复 ; decided|{0}: the value was set by the arbitration, not measured|{0}：数值由仲裁裁定，并非测得 ; scored|{0}: {1} is scored instead of {2}|{0}：计分用了 {1}，应为 {2} ; clocks|{0} clocks add up; all that settled in the period are counted|{0} 个时限逐段相符；本期结算的全部计入 ; lacking|{0}: clock {1} was at work in the period, the pack lacks it|{0}：时限 {1} 本期在运行，包中没有 ; astray|{0}: {1} ({2}) is left out, invented or turned round|{0}：{1}（{2}）被漏掉、凭空多出或颠倒 ; unfounded|{0}, {1}: {2} is not in the record of this ticket|{0} 的 {1}：{2} 不在本工单的记录中 ; segments|{0}, {1}: segments leave a gap, or do not make {2} s|{0} 的 {1}：各段有缺口，或不等于 {2} 秒 ; judged|{0}, {1}: {2} s against {3} s is judged or settled wrongly|{0} 的 {1}：{2} 秒对 {3} 秒，判定或结算有误 ; score|score {0}: every number in its explanation is the sum of its parts|得分 {0}：说明中的每个数都等于各部分之和 ; tree|{0}: “{1}” is not the sum of its parts|{0}：“{1}”不等于其各部分之和
event|the score counts an event that is not among the results ({0})|得分计入了结果中没有的事件（{0}） ; another|is of another statement|属于另一份考核单 ; not_signed|not signed by the {0} yet|{0} 方尚未签署 ; passkey|{0} signed exactly this text with a passkey of {1}|{0} 用 {1} 的通行密钥签署了这份内容 ; signed_other|{0} has not signed this text, or the signature is not valid|{0} 签的不是这份内容，或签名无效 ; scan|{0} signed on paper: look at the scan with SHA-256 {1}|{0} 在纸上签署：请核对 SHA-256 为 {1} 的扫描件 ; confirmed|{0} confirmed, signed in anew: the operator's word, no signature|{0} 重新登录后确认：运营方的记录，非签名 ; recorded|leaf {0}: the {1} side signed the digest {2}|叶子 {0}：{1} 方签署了摘要 {2} ; unrecorded|the lock is sealed, and no entry of {0} signing this digest with this proof|锁定已存证，却没有 {0} 方以此凭据签署此摘要的记录 ; follows|it follows {0}, whose pack you gave|它接在您给出的 {0} 之后 ; number|“{0}” is no number of a statement|“{0}”不是考核单中的数
stranger|your head at {0} is signed with a key that does not stand in its place here: not the record of who signed yours|您的日志头 {0} 由本包该处没有的密钥签署：不是同一签署者的记录 ; head_told|its head, the instant of its evaluation or its position is not that of a head in this pack|所载日志头、评估时刻或位置与包中相应的日志头不符 ; erased|leaf {0} ({1}) was erased on record: what it told of clocks cannot be checked|叶子 {0}（{1}）依记录删除：其中与时限有关的事实无法核验 ; enrolled|the log tells that the key of {0} was enrolled for {1}|日志载明 {0} 的密钥为 {1} 登记 ; not_enrolled|the log up to this head does not tell of the key of {0}: ask when it was enrolled|截至本日志头，日志未载 {0} 的密钥：请询问何时登记
"""  # noqa: E501 - what is said, by code, in English and in Chinese
WORDS = {code: texts for code, *texts in (line.split("|") for line in re.split(" ; |\n", TEXTS.strip()))}

MOST_BYTES, MOST_RATIO, MOST_NAMED, PLAIN = 4 << 30, 400, 50, ((0, 0), (8, 0))  # stored, deflated; not encrypted
SIGNED = ("v", "kind", "log", "size", "root", "at")  # of a head
HEADER = {"v", "log", "subject", "type", "occurred_at", "recorded_at", "actor", "source", "shared", "internal"}
ENDORSED, KEY = {"v": 1, "kind": "signing_key"}, ("v", "kind", "public_key", "previous", "at")
VERSIONS = ("contract.applied", "contract.calendar_refreshed")
#: Indicators that count clocks, and the clocks' kind where the contract names none.
TIMELINESS = {"response_timeliness": "respond", "resolution_timeliness": "resolve", "sla_attainment": "*"}
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode

class EvidenceError(Exception):
    """The evidence is not what it says: a code of TEXTS with its values."""

def canonical(value: object) -> bytes:  # RFC 8785 of what Yunheng hashes: no fractions, keys within the BMP
    return _encode(value).encode()

def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()

def unhex(digits: str) -> bytes:  # of one form: small letters without spaces
    if (data := bytes.fromhex(digits)).hex() != digits:
        raise ValueError(digits[:60])
    return data

def printable(text: str) -> str:  # names in a pack may hold anything: no line, no colour of their own
    return "".join(it if it.isprintable() else ascii(it)[1:-1] for it in text)

class Report:
    """What holds (+), what does not (-), what cannot be told (?), and what is to be known besides."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str, str, tuple[object, ...]]] = []  # mark, member, code, values
        self.count = {"-": 0, "?": 0}

    def add(self, mark: str, member: str, code: str, *values: object) -> None:
        for of in (mark, code):
            self.count[of] = self.count.get(of, 0) + 1
        if self.count[code] <= MOST_NAMED:
            self.said.append((mark, member, code, values))

    def fails(self, member: str, code: str, *values: object) -> None:
        self.add("-", member, code, *values)

    @property
    def status(self) -> int:  # 0, 1 or 2, as the program ends
        return 1 if self.count["-"] else 2 if self.count["?"] else 0

    @contextmanager
    def reading(self, member: str) -> Iterator[None]:  # whatever cannot be read inside is said of the member
        try:
            yield
        except Exception as error:
            what = error.args if isinstance(error, EvidenceError) else ("unreadable", f"{error!r}"[:160])
            self.fails(member, *what)

    def lines(self, language: str) -> Iterator[str]:  # the report in words, then the verdict
        verdict = ("", "", ("holds", "fails", "undecided")[self.status], (self.count["-"] or self.count["?"],))
        for mark, member, code, values in [*self.said, verdict]:
            words = WORDS[code][language == "zh"].format(*values)
            yield printable(f"{mark} {member + ': ' if member else ''}{words}".lstrip())

def members_of(path: Path) -> Members:  # what no honest pack contains is refused before it is unpacked
    members: dict[str, bytes] = {}
    with zipfile.ZipFile(path) as pack:
        total, found, rest = 0, pack.infolist(), path.stat().st_size
        for info in found:
            name, size, total = info.orig_filename, info.file_size, total + info.file_size
            is_name = re.fullmatch(r"[\w.-]{1,100}(/[\w.-]{1,100}){0,3}", name, re.ASCII) and ".." not in name
            is_bomb = max(total, len(found) << 16) > MOST_BYTES or size > MOST_RATIO * info.compress_size + 65_536
            rest, how = rest - info.compress_size, (info.compress_type, info.flag_bits & 1)
            if name in members or not is_name or is_bomb or rest < 0 or how not in PLAIN:
                raise EvidenceError("hostile", repr(name))
            with pack.open(info) as file:
                members[name] = file.read(size)  # what the directory does not announce is not unpacked
    return members

class Tree(list[bytes]):
    """The Merkle tree of RFC 9162 §2.1, grown leaf by leaf: the complete subtrees that it consists of."""

    size = 0

    def grow(self, leaf: bytes) -> None:
        count = self.size
        while count & 1:
            leaf, count = hashlib.sha256(b"\x01" + self.pop() + leaf).digest(), count >> 1
        self.append(leaf)
        self.size += 1

    def root(self) -> str:
        node = self[-1] if self else sha256()
        for left in reversed(self[:-1]):
            node = sha256(b"\x01", left, node)
        return node.hex()

def is_signed(public_key: str, signature: str, document: Document, names: tuple[str, ...] = SIGNED) -> bool:
    """Whether the key signs these parts of it; true where nothing can be checked, which the report says."""
    try:
        key, proof = unhex(public_key), unhex(signature)
        if CAN_SIGN:
            signed = canonical({name: document[name] for name in names})
            ed25519.Ed25519PublicKey.from_public_bytes(key).verify(proof, signed)
    except (InvalidSignature, ValueError):
        return False
    return True

class Verifier:
    """Reads a pack from the manifest to the signatures. What it has read, the recomputation goes on from."""

    def __init__(self, members: Members, report: Report) -> None:
        self.members, self.report, self.untaken = members, report, set(members)
        self.digest, self.evaluated_at, self.keys, self.held = "", 0, list[str](), list[Document]()
        self.manifest, self.statement = dict[str, str](), dict[str, Any]()
        self.roots = {0: sha256().hex()}  # at the sizes that somebody signed or kept
        self.versions, self.terms = dict[int, Document](), dict[int, Document]()  # of the contract, as the log tells
        self.subjects: list[str] = []  # of each leaf
        self.facts: dict[str, list[Document]] = defaultdict(list)  # of each subject, as disclosed
        self.redacted: dict[str, list[str]] = defaultdict(list)
        self.telling, self.erased = set[str](), set[str]()  # types that tell facts; subjects that lack some
        self.passkeys: dict[str, str] = {}  # the organisation for which a key was enrolled
        self.undisclosed, self.clocks = dict[str, tuple[str, int, str]](), dict[Pair, Document]()
        self.way: list[tuple[int, str, Document]] = []  # entries of the statement itself, after its head

    def run(self, held: list[Document], previous: Members | None = None, more: Any = None) -> Report:
        """All steps; each says what is wrong, or what holds. `more` goes on where this ends: yunheng-verify.pyz."""
        self.held = held
        steps: list[tuple[str, Callable[[], Any]]] = [
            ("manifest.json", self._manifest), ("statement.json", self._statement), ("keys.json", self._keys),
            ("log/heads.json", self._log), ("statement.json", self._contract), ("statement.json", self._measurements),
            ("statement.json", self._clocks), ("statement.json", self._score), ("signatures.json", self._signatures),
            ("previous.json", lambda: self._previous(previous)), ("manifest.json", self._rest),
            ("statement.json", lambda: more(self) if more else None),
        ]
        for member, step in steps:
            with self.report.reading(member):
                failed = self.report.count["-"]
                said = step()
                if said and failed == self.report.count["-"]:
                    self.report.add("+", "", *said)
        return self.report

    def _statement(self) -> Any:
        self.statement, self.digest = self._json("statement.json"), sha256(self.members["statement.json"]).hex()
        self.evaluated_at = epoch(self.statement["evaluated_at"])

    def _rest(self) -> Any:
        for name in sorted(self.untaken):
            with self.report.reading(name):
                self.take(name)
            if not name.startswith(("README.txt", "processes/")):
                self.report.fails(name, "stray")
        return "members", len(self.manifest)

    def take(self, name: str) -> bytes:  # the bytes of a member, held against the manifest
        self.untaken.discard(name)
        if name not in self.members:
            raise EvidenceError("missing")
        data = self.members[name]
        if name not in self.manifest:
            self.report.fails("manifest.json", "unlisted", name)
        elif sha256(data).hex() != self.manifest[name]:
            self.report.fails(name, "changed")
        return data

    def _json(self, name: str, line: bytes | None = None) -> Any:  # of one form: nothing stands in it twice or unseen
        data = self.take(name) if line is None else line
        if canonical(value := json.loads(data)) != data:
            self.report.fails(name, "uncanonical")
        return value

    def _manifest(self) -> Any:
        self.untaken.discard("manifest.json")
        manifest = self._json("manifest.json", self.members["manifest.json"])
        self.manifest = dict(manifest["members"])
        for name in sorted(self.manifest.keys() - set(self.members)):
            self.report.fails("manifest.json", "unlisted", name)
        with self.report.reading("statement.json"):
            statement = json.loads(self.members["statement.json"])
            wanted = {"v": 1, "kind": "evidence_pack", "members": manifest["members"]}
            if manifest != wanted | {name: statement[name] for name in ("statement", "contract")}:
                self.report.fails("manifest.json", "manifest")

    def _keys(self) -> Any:
        before: Document | None = None
        for key in self._json("keys.json")["keys"]:
            name, last = key["key_id"], before["key_id"] if before else None
            self.keys.append(key["public_key"])
            is_right = sha256(unhex(key["public_key"])).hex() == name and key["previous"] == last
            if before and key["endorsement"] is None:
                is_known = key["public_key"] in [head["key"] for head in self.held]
                self.report.add(" " if is_known else "?", "keys.json", "key_lost", name[:16])
            elif before:
                is_right &= is_signed(before["public_key"], key["endorsement"], ENDORSED | key, KEY)
            if not is_right:
                self.report.fails("keys.json", "key", name[:16])
            before = key

    def _log(self) -> Any:
        tree, heads = Tree(), self._json("log/heads.json")["heads"]
        wanted = {int(head["size"]) for head in [*heads, *self.held]}
        for number, name in enumerate(sorted(name for name in self.members if name.startswith("log/leaves-"))):
            with self.report.reading(name):
                if name != f"log/leaves-{number:05d}.jsonl":
                    raise EvidenceError("missing")
                self._leaves(name, tree, wanted)
        self._heads(heads)
        top, head = (tree.size, tree.root()), self.statement["head"]
        if self.roots.get(head["size"]) != head["root"] or (heads[-1]["size"], heads[-1]["root"]) != top:
            self.report.fails("statement.json", "head_leaves")
        told = [(one["size"], one["at"], sha256(unhex(one["key"])).hex(), epoch(one["at"])) for one in heads]
        if (self.statement["position"], head["signed_at"], head["key_id"], self.evaluated_at) not in told:
            self.report.fails("statement.json", "head_told")
        for leaf, (name, index, kind) in self.undisclosed.items():
            if "shared" not in self.redacted[leaf]:
                self.report.add("?", name, "undisclosed", index, self.subjects[index])
            elif kind in self.telling and index < head["size"]:
                self.erased.add(self.subjects[index])
                self.report.add("?", name, "erased", index, self.subjects[index])
        for head in self.held:
            self._held(head, tree.size, [one["key"] for one in heads if one["size"] >= head["size"]])
        return "log", tree.size, len(heads)

    def _leaves(self, name: str, tree: Tree, wanted: set[int]) -> None:
        for line in self.take(name).splitlines(keepends=True):
            index, leaf = tree.size, json.loads(line)
            header, shared, salt = leaf["header"], leaf["shared"], unhex(leaf["salt"] or "")
            head, body, own = _encode(header), _encode(shared), f',"id":{leaf["id"]:d}' if "id" in leaf else ""
            whole = f'{{"header":{head}{own},"index":{index},"salt":{_encode(leaf["salt"])},"shared":{body}}}\n'
            if whole.encode() != line:
                self.report.fails(name, "uncanonical")
            digest = hashlib.sha256(b"\x00" + head.encode()).digest()
            tree.grow(digest)
            if tree.size in wanted:
                self.roots[tree.size] = tree.root()
            self.subjects.append(header["subject"])
            is_placed = leaf["index"] == index and header["log"] == self.statement["contract"]
            if not is_placed or header.keys() != HEADER | {"personal"}:
                self.report.fails(name, "place", leaf["index"], index, header["log"])
            if shared is not None:
                if hashlib.sha256(salt + body.encode()).hexdigest() != header["shared"]:
                    self.report.fails(name, "data", index, header["subject"])
                self._note(index, leaf.get("id"), header, shared)
            elif header["shared"] is not None:
                self.undisclosed[digest.hex()] = (name, index, header["type"])

    def _note(self, index: int, number: int | None, header: Document, shared: Document) -> None:
        """Keep what later steps ask of an entry: figures rest on those below the statement's head."""
        if header["type"] == "entry.redacted":
            self.redacted[shared["leaf"]] += shared["classes"]
        elif header["type"] == "person.passkey_added":
            self.passkeys[shared["key"]] = shared["organisation"]
        elif index >= self.statement["head"]["size"]:
            self.way += [(index, header["type"], shared)] * (header["subject"] == self.statement["statement"])
            return
        if "facts" in shared or "supersedes" in shared:
            told = {"index": index, "id": number, "facts": shared.get("facts", ()), "old": shared.get("old")}
            self.facts[header["subject"]].append(told | {"gone": shared.get("supersedes", ())})
            self.telling.add(header["type"])
        if header["type"] in VERSIONS:
            self.versions[shared["version"]] = shared | {"recorded_at": header["recorded_at"]}

    def _heads(self, heads: list[Document]) -> None:
        last, age, member = 0, 0, "log/heads.json"
        for head in heads:
            at, log = head["size"], self.statement["contract"]
            place = self.keys.index(head["key"]) if head["key"] in self.keys else -1
            if at <= last or head["log"] != log or place < age:
                self.report.fails(member, "head", at)
            elif self.roots.get(at) != head["root"]:
                self.report.fails(member, "root", at)
            elif not is_signed(head["key"], head["signature"], head):
                self.report.fails(member, "signature", at)
            last, age = at, max(age, place)
        if not CAN_SIGN:
            self.report.add("?", member, "unsigned")

    def _held(self, head: Document, size: int, after: list[str]) -> None:
        """A head that the client kept: the pack must say what it fixes, by the signer of those `after` it."""
        at, member = head["size"], "log/heads.json"
        if head["log"] != self.statement["contract"] or not is_signed(head["key"], head["signature"], head):
            self.report.fails(member, "other_head")
        elif at > size:
            self.report.add("?", member, "later", at, size)
        elif self.roots.get(at) != head["root"]:
            self.report.fails(member, "rewritten", at, head["at"])
        elif head["key"] not in self.keys[: self.keys.index(after[0]) + 1]:
            self.report.fails(member, "stranger", at)
        else:
            self.report.add("+", "", "grown", at, head["at"])

    def _contract(self) -> Any:
        for number, told in sorted(self.versions.items()):
            texts = {f"contract/version-{number}.json": told["client_terms_sha256"]}
            for key, calendar in told["calendars"].items():
                texts[f"calendars/version-{number}-{key}.json"] = calendar["sha256"]
            for name, digest in texts.items():
                with self.report.reading(name):
                    data = self.take(name)
                    if name.startswith("contract/"):
                        self.terms[number] = json.loads(data)
                    if sha256(data).hex() != digest:
                        self.report.fails(name, "terms")
        rules = self.statement["rules"]
        if (number := rules["contract_version"]) not in self.terms:
            raise EvidenceError("no_version", number)
        told, terms = self.versions[number], self.terms[number]
        calendars = {key: one["sha256"] for key, one in told["calendars"].items()}
        its = [told["client_terms_sha256"], calendars, *map(terms.get, ("scoring", "appraisal"))]
        if [rules.get(it) for it in ("contract_digest", "calendars", "scheme", "appraisal")] != its:
            self.report.fails("statement.json", "rules", number)
        if any("counts_more" in indicator for indicator in terms["indicators"]):
            self.report.add(" ", "", "withheld")
        return "contract", len(self.versions)

    def _measurements(self) -> Any:
        results = (self.statement["results"] or {"measured": {}})["measured"]
        for place, one in enumerate(self.statement["measurements"]):
            name = f"measurements/{place:03d}.json"
            with self.report.reading(name):
                if self.take(name) != canonical(one):
                    self.report.fails(name, "frozen")
            self._measurement(one, results.get(one["reads"]))
        return "measured", len(self.statement["measurements"])

    def _measurement(self, one: Document, result: Document | None) -> None:  # sums of the items, and what is scored
        reads, hits, seconds = one["reads"], len(one["hits"]), one.get("seconds")
        items = [*one["hits"], *one["misses"], *(out["ticket"] for out in one["excluded"])]
        if (numerator := one["numerator"]) is None:
            return  # a value that people entered
        denominator = one["denominator"]
        given = (hits, hits) if seconds is None else (sum(seconds), len(seconds))
        is_sum = (numerator, denominator, hits) == (given[0], hits + len(one["misses"]), given[1])
        if not is_sum or len(set(items)) != len(items):
            self.report.fails("statement.json", "sums", reads, numerator, denominator)
        wanted = exact(numerator) if one["unit"] == "number" else None
        if one["unit"] != "number" and denominator:
            wanted = (100 if one["unit"] == "percent" else 1) * exact(numerator) / exact(denominator)
        value = None if result is None or result["value"] is None else exact(result["value"])
        if one["is_decided"]:
            self.report.add(" ", "", "decided", reads)
        elif result is None or value != wanted:
            self.report.fails("statement.json", "scored", reads, value, wanted)

    def _clocks(self) -> Any:
        for name in sorted(name for name in self.members if name.startswith("clocks/")):
            with self.report.reading(name):
                for line in self.take(name).splitlines(keepends=True):
                    clock = self._json(name, line[:-1])
                    pair = clock["ticket"], clock["clock"]
                    self.clocks[pair] = clock
                    for code, *values in [*clock_faults(clock), *self._unfounded(clock)]:
                        self.report.fails(name, code, *pair, *values)
        begin, end = period_of(self.statement)
        for key in sorted(counted_clocks(self.statement, self.terms)):
            policies = [one for terms in self.terms.values() for one in terms["clocks"] if one["key"] == key]
            starts = {kind for policy in policies for kind in policy["start"]}
            ends = {kind for policy in policies for kind in (*policy["stop"], *policy["cancel"])}
            for ticket in self.facts.keys() - {ticket for ticket, clock in self.clocks if clock == key}:
                if may_settle(self.standing(ticket), starts, ends, begin, end):
                    self.report.fails("statement.json", "lacking", ticket, key)
        for one in self.statement["measurements"]:
            for pair in self._astray(one):
                self.report.fails("statement.json", "astray", one["reads"], *pair)
        return "clocks", len(self.clocks)

    def _unfounded(self, clock: Document) -> Iterator[tuple[Any, ...]]:
        """What a clock says of the log that the log does not say."""
        known = {None, *(fact["at"] for fact in self.standing(clock["ticket"]))}
        known |= {clock["started_at"], clock["stopped_at"]} if clock["ticket"] in self.erased else set()
        yield from (("unfounded", it) for it in ("started_at", "stopped_at") if clock[it] not in known)
        leaves = {segment["leaf"] for segment in clock["segments"]} - {None}
        yield from (("unfounded", it) for it in leaves if self.subjects[it : it + 1] != [clock["ticket"]])

    def standing(self, ticket: str) -> list[Document]:  # facts up to the evaluation, without those corrected
        told = self.facts.get(ticket, ())
        gone = {seq for entry in told for seq in entry["gone"]}
        facts = [(entry, place, fact) for entry in told for place, fact in enumerate(entry["facts"])]
        return [
            fact | {"index": entry["index"], "id": entry["id"], "ordinal": place} for entry, place, fact in facts
            if fact["at"] <= self.evaluated_at and (entry["id"] is None or entry["id"] * 8 + place not in gone)
        ]

    def _astray(self, one: Document) -> list[Pair]:
        """Clocks that settled in the period and are no hit, miss or exclusion as they should be, and others."""
        if one["indicator"] not in TIMELINESS:
            return []
        begin, end = period_of(self.statement)
        counted = {number: clocks_of(terms, one["indicator"]) for number, terms in self.terms.items()}
        out = {it["ticket"] for it in one["excluded"]}
        group = slice(0, 1) if one["by"] == "service" else slice(1, 2)  # of a profile "service|priority"
        wanted = {
            pair: clock["met"]
            for pair, clock in self.clocks.items()
            if clock["met"] is not None and begin <= clock["settled_at"] < end and pair[0] not in out
            if pair[1] in counted.get(clock["version"], ())
            if (not one["by"] or clock["profile"].split("|")[group] == [one["group"]])
        }
        shown = {clock["key"] for terms in self.terms.values() for clock in terms["clocks"]}
        told = [(*item.split("/"), what == "hits") for what in ("hits", "misses") for item in one[what]]
        found = {(ticket, clock): is_hit for ticket, clock, is_hit in told if clock in shown}
        wrong = {pair for pair in wanted.keys() | found.keys() if wanted.get(pair) is not found.get(pair)}
        approved = {it for it in out if "left_out" in [fact["fact"] for fact in self.standing(it)]} | self.erased
        return sorted(wrong | {(ticket, "") for ticket in out - approved})

    def _score(self) -> Any:
        score, money = self.statement["score"], self.statement["settlement"]
        told = enumerate((self.statement["results"] or {"events": ()})["events"])
        known = {canonical(it) for place, event in told for it in (event, [place, event["key"]])}
        for what, of, name in [("score", score, "value"), ("settlement", money, "payable")][: 2 if money else 1]:
            parts = [] if of[name] is None else [of["tree"]]
            for node in [*nodes_of(of["tree"]), {"say": what, "points": of[name], "parts": parts}]:
                parts = [exact(part["points"]) for part in node.get("parts", ())]
                if parts and exact(node["points"]) != sum(parts):
                    self.report.fails("statement.json", "tree", what, node.get("key") or node["say"])
                it = node.get("event", known)  # told in full in format 1, by its place in the results since
                if it is not known and canonical([it, node["key"]] if isinstance(it, int) else it) not in known:
                    self.report.fails("statement.json", "event", node["key"])
        return "score", score["value"]

    def _signatures(self) -> Any:
        document = self._json("signatures.json")
        if [document["statement"], document["digest"]] != [self.statement["statement"], self.digest]:
            self.report.fails("signatures.json", "another")
        for one in document["signatures"]:
            self._signature("signatures.json", one, document)
            said = {"side": one["side"], "digest": self.digest, "proof_sha256": sha256(canonical(one["proof"])).hex()}
            leaf = [at for at, kind, it in self.way if kind == "appraisal.signed" and said.items() <= it.items()]
            if leaf:
                self.report.add("+", "", "recorded", leaf[0], one["side"], self.digest)
            elif "appraisal.locked" in [kind for _at, kind, _it in self.way]:
                self.report.fails("signatures.json", "unrecorded", one["side"])
        for side in sorted({"provider", "client"} - {one["side"] for one in document["signatures"]}):
            self.report.add(" ", "", "not_signed", side)

    def _signature(self, member: str, one: Document, of: Document) -> None:
        """One signature: what it proves by itself, or whose word it is."""
        proof, told = one["proof"], json.loads(one["proof"]["document"])
        who = f"{one['person']} ({told.get('organisation')}, {one['side']}, {told.get('at')})"  # name alone unsigned
        same = (of["statement"], of["digest"], one["side"])
        is_same = (told["statement"], told["digest"], told["side"]) == same and one["digest"] == of["digest"]
        if not is_same or (one["method"] == "passkey" and CAN_SIGN and not is_passkey(proof)):
            self.report.fails(member, "signed_other", who)
        elif one["method"] == "passkey":
            self.report.add("+" if CAN_SIGN else "?", "", "passkey", who, proof["origin"])
            known = self.passkeys.get(sha256(unhex(proof["public_key"])).hex())
            self.report.add(" ", "", "enrolled" if known else "not_enrolled", who, known)
        elif one["method"] == "scan":
            self.report.add(" ", "", "scan", who, proof["file"]["sha256"])
        else:
            self.report.add(" ", "", "confirmed", who)

    def _previous(self, earlier: Members | None) -> Any:
        document, named = self._json("previous.json"), self.statement["previous"]
        for one in document["signatures"]:
            self._signature("previous.json", one, document)
        wrong = {it: document[it] for it in ("statement", "digest")} != (named or {"statement": None, "digest": None})
        if wrong or (earlier and (not named or sha256(earlier["statement.json"]).hex() != named["digest"])):
            raise EvidenceError("previous")
        return ("follows", named["statement"]) if earlier else None

def exact(number: object) -> Fraction:
    """A number as a statement writes it; one with an exponent could fill all memory."""
    if not re.fullmatch(r"-?[0-9]{1,999}([./][0-9]{1,999})?", str(number), re.ASCII):
        raise EvidenceError("number", str(number)[:60])
    return Fraction(str(number))

def epoch(instant: str) -> int:  # epoch seconds of an instant as text
    return int(datetime.fromisoformat(instant).timestamp())

def period_of(statement: Document) -> tuple[int, int]:  # the period as [from, to), epoch seconds
    return epoch(statement["period"]["begins_at"]), epoch(statement["period"]["ends_at"])

def clocks_of(terms: Document, indicator: str) -> list[str]:  # those that it names, else the client's of its kind
    named = [key for one in terms["indicators"] if one["key"] == indicator for key in one["clocks"]]
    own, kind = [clock for clock in terms["clocks"] if clock["audience"] == "client"], TIMELINESS[indicator]
    return named or [clock["key"] for clock in own if kind in ("*", clock["kind"])]

def counted_clocks(statement: Document, terms: Mapping[int, Document]) -> set[str]:
    """The clocks that the statement's measurements and events count, as far as the client sees them."""
    indicators = {one["indicator"] for one in statement["measurements"]} & TIMELINESS.keys()
    named = {key for one in terms.values() for it in indicators for key in clocks_of(one, it)}
    named |= {event["from"]["clock"] for event in statement["rules"]["scheme"]["events"] if "from" in event}
    return named & {clock["key"] for one in terms.values() for clock in one["clocks"]}

def may_settle(facts: list[Document], starts: set[str], ends: set[str], begin: int, end: int) -> bool:
    """Whether a clock may have settled in the period by these facts: begun by then, and not over before."""
    has_begun = any(fact["fact"] in starts and fact["at"] < end for fact in facts)
    is_over = any(fact["fact"] in ends and fact["at"] < begin for fact in facts)
    return has_begun and (not is_over or any(fact["at"] >= begin for fact in facts))

def clock_faults(clock: Document) -> Iterator[tuple[Any, ...]]:  # how a clock contradicts its own segments
    segments, counted, goal = clock["segments"], clock["counted_seconds"], clock["goal_seconds"]
    edges = [clock["started_at"], *(segment["to"] for segment in segments)]
    is_whole = [segment["from"] for segment in segments] == edges[:-1] and edges == sorted(set(edges))
    if counted != sum(one["to"] - one["from"] for one in segments if one["counted"]) or (segments and not is_whole):
        yield "segments", counted
    if clock["is_cyclic"] or goal is None or clock["met"] is None:
        return  # cycles are judged one by one: that is for the recomputation
    ends = [it for it in (clock["due_at"], clock["stopped_at"]) if it is not None]
    if clock["met"] != (counted <= goal) or (ends and clock["settled_at"] != min(ends)):
        yield "judged", counted, goal

def nodes_of(node: Document) -> Iterator[Document]:  # a node of an explanation and all below it
    yield node
    for part in node.get("parts", ()):
        yield from nodes_of(part)

def is_passkey(proof: Document) -> bool:  # whether it signs the document: Web Authentication Level 2, §7.2
    names = ("client_data_json", "authenticator_data", "signature", "public_key")
    client, device, signature, public_key = (unhex(proof[name]) for name in names)
    told, challenge = json.loads(client), base64.urlsafe_b64encode(sha256(proof["document"].encode()))
    wanted = ("webauthn.get", challenge.rstrip(b"=").decode(), proof["origin"], False)
    is_here = device[:32] == sha256(proof["rp_id"].encode()) and device[32] & 5 == 5  # present and verified
    is_here &= proof["origin"].split("/")[2].split(":")[0] == proof["rp_id"]
    is_here &= json.loads(proof["document"])["purpose"] == "yunheng.statement"
    if (told["type"], told["challenge"], told["origin"], told.get("crossOrigin", False)) != wanted or not is_here:
        return False
    try:
        key, message = load_der_public_key(public_key), device + sha256(client)
        how: tuple[Any, ...] = (padding.PKCS1v15(), SHA256()) if isinstance(key, rsa.RSAPublicKey) else ()
        how = (ec.ECDSA(SHA256()),) if isinstance(key, ec.EllipticCurvePublicKey) else how
        key.verify(signature, message, *how)  # type: ignore[union-attr]
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True

def heads_in(path: Path) -> list[Document]:  # one, a list of them under "heads", or a saved mail with such a block
    text = path.read_text(encoding="utf-8")
    start = re.search(r'\{\s*"', text)  # a name in the mail may hold a brace, too
    found, _end = json.JSONDecoder().raw_decode(text, start.start() if start else 0)
    return [{name: head[name] for name in (*SIGNED, "key", "signature")} for head in found.get("heads", [found])]

def main(more: Callable[[Verifier], Any] | None = None) -> int:  # verify what the command line names
    parser = argparse.ArgumentParser(description="Verify an evidence pack, offline. 离线核验证据包。")
    parser.add_argument("pack", type=Path)
    parser.add_argument("--head", type=Path, action="append", default=[], help="a head that you kept (repeatable)")
    parser.add_argument("--previous", type=Path, help="the pack of the statement before")
    is_chinese = any(os.environ.get(name, "").startswith("zh") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    parser.add_argument("--lang", choices=("zh", "en"), default="zh" if is_chinese else "en")
    args, report = parser.parse_args(), Report()
    try:
        held = [head for path in args.head for head in heads_in(path)]
        Verifier(members_of(args.pack), report).run(held, args.previous and members_of(args.previous), more)
    except EvidenceError as error:
        report.fails(args.pack.name, *error.args)
    except Exception as error:  # no file, no zip, no head
        report.add("?", args.pack.name, "unreadable", error)
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    print("\n".join(report.lines(args.lang)))
    return report.status

if __name__ == "__main__":
    sys.exit(main())

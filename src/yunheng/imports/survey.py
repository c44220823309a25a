"""A first look over a whole file, before anything is written: its encoding, columns, order, and how it writes dates."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from .instants import Order, orders_seen
from .source import Source, SourceError, TextForm, encodings, read_header, records, undecodable

_MAX_NUMBERS: Final = 2_000_000  #: from so many tickets on, rows are sorted without having looked
_JUDGED: Final = 2_000  #: if most of so many rows do not even have the header's width, this is no such file
_LINES_PER_TELL: Final = 8192


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found. `is_grouped`: rows of one ticket stand together."""

    form: TextForm
    rows: int
    is_grouped: bool
    orders: frozenset[Order]


def survey(
    source: Source, *, required: Sequence[str], number: str, instants: Sequence[str], wanted: frozenset[str]
) -> Survey:
    """Read a CSV source once. Raises SourceError when it cannot be what it is said to be.

    `required` columns must be there, `number` tells tickets apart, `instants` are looked at for the order of day
    and month, `wanted` are the columns by which the delimiter is recognised.
    """
    tried = encodings(source)
    reached = 0
    for encoding in tried:
        counter = _Counter()
        try:
            return _survey(source, encoding, required, number, instants, wanted, counter)
        except UnicodeDecodeError:
            reached = max(reached, counter.lines)
    raise undecodable(source, tried, reached + 1)


@dataclass(slots=True)
class _Counter:
    lines: int = 0


def _survey(
    source: Source,
    encoding: str,
    required: Sequence[str],
    number: str,
    instants: Sequence[str],
    wanted: frozenset[str],
    counter: _Counter,
) -> Survey:
    form = read_header(source, encoding, wanted)
    _check_header(source, form, required)
    place = form.header.index(number)
    dated = [form.header.index(name) for name in instants if name in form.header]
    width, needed = len(form.header), max([place, *dated]) + 1
    seen: set[int] = set()
    pairs: set[str] = set()  # day and month: few, however long the file
    last, is_grouped, row, odd = "", True, 0, 0
    for record in records(source, form):
        row += 1
        fields = record.fields
        if len(fields) != width:
            odd += 1
            if row <= _JUDGED and odd * 2 > _JUDGED:
                raise SourceError(
                    _(
                        "Of the first {count:,} rows most do not have the {width} fields of the header: "
                        "is this the right file, and complete?"
                    ).format(count=row, width=width)
                )
            if len(fields) < needed:
                continue
        own = fields[place]
        if own != last:
            last = own
            if is_grouped:
                mark = hash(own.strip())
                if mark in seen or len(seen) >= _MAX_NUMBERS:
                    is_grouped = False
                    seen.clear()
                else:
                    seen.add(mark)
        for at in dated:
            pairs.add(fields[at][:5])
        if not row % _LINES_PER_TELL:
            counter.lines = row
    if not row:
        raise SourceError(_("{name} holds a header and no rows.").format(name=source.name))
    return Survey(form, row, is_grouped, orders_seen(pairs))


def _check_header(source: Source, form: TextForm, required: Sequence[str]) -> None:
    missing = [name for name in required if name not in form.header]
    doubled = sorted({name for name in form.header if name and form.header.count(name) > 1})
    if missing:
        found = ", ".join(name[:40] for name in form.header[:40]) or _("nothing")
        raise SourceError(
            _("{name} lacks the columns {missing}. Its first line has: {found}").format(
                name=source.name, missing=", ".join(missing), found=found
            )
        )
    if doubled:
        raise SourceError(
            _("{name} has columns of the same name: {doubled}").format(
                name=source.name, doubled=", ".join(doubled)
            )
        )

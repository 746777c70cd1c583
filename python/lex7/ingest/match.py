"""Re-import without doubles: which transactions of a file are already known, and how sure that is.

A bank's id is not enough: pending payments change it when they are booked, some banks draw a new
one for every download, and two equal purchases are two purchases. So new and known are matched as
multisets per account, currency and exact amount, in four steps; a known transaction is used once.

1. Equal in everything.
2. Equal id, trusted only where it is unique among the new and among the known.
3. The same day: the likest payee first.
4. Up to `window_days` apart: only against known transactions that the new file should hold (their
   day lies between its first and last day) and does not. That is how a pending payment looks once
   it is booked under another id and day. The first and last day themselves may be incomplete. Where
   one of the two says itself that it is pending, the other may lie outside those days.

What is left is new. A new one that resembles a known one which the file need not hold is new as
well, with a finding. The answer does not depend on the order of either list.

Score: id equal 60, differing −10; payee 0 to 30, at least 10; day 30, 20, 15, 10, 5 for 0 to 4 days
apart; missing from the new file, or pending, 20. Same from 45, unsure from 40.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from lex7.base.civil import iso
from lex7.base.errors import Finding
from lex7.base.limits import PAIRING_PRODUCT_MAX
from lex7.base.record import Balance, Transaction
from lex7.ingest.pairing import Edge, pair_up
from lex7.ingest.payee import SIMILARITY_SCALE, payee_similarity

ID_EQUAL, ID_DIFFERS = 60, -10
PAYEE_MOST, PAYEE_LEAST = 30, 10
DAY_POINTS = (30, 20, 15, 10, 5)
MISSING_FROM_FILE = 20
PENDING_WORDS = ("pending", "vorgemerkt", "authorisation", "authorization hold", "en attente")
_SCORE_TOP = 200
_LOOKS_MAX = 4 * PAIRING_PRODUCT_MAX


class Outcome(StrEnum):
    """What a new transaction is."""

    NEW = "new"
    SAME = "same"
    UNSURE = "unsure"  # kept as new, with a finding


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which score on a pair counts.

    Attributes:
        same: from here on the new transaction is the known one.
        unsure: from here on a finding is written.
        window_days: pairs further apart are never looked at; at most 4.
    """

    same: int = 45
    unsure: int = 40
    window_days: int = 4


@dataclass(frozen=True, slots=True)
class Match:
    """The answer for one new transaction.

    Attributes:
        transaction: as given.
        outcome: new, same or unsure.
        score: of the pair, 0 where nothing resembles it.
        known: index of the known transaction, or None.
    """

    transaction: Transaction
    outcome: Outcome
    score: int
    known: int | None


@dataclass(slots=True)
class _Work:
    """One group of equal account, currency and amount, and what has been decided in it."""

    new: list[tuple[int, Transaction]]
    known: list[tuple[int, Transaction]]
    covered: tuple[int, int]
    thresholds: Thresholds
    decided: dict[int, Match]


def match_transactions(
    new: tuple[Transaction, ...],
    known: tuple[Transaction, ...],
    thresholds: Thresholds | None = None,
) -> tuple[tuple[Match, ...], tuple[Finding, ...]]:
    """Say for each new transaction of one file whether it is known, in the order given.

    Args:
        new: all transactions of one file: its first and last day per account are what it covers.
        known: transactions on record, of any account.
        thresholds: from which score on a pair counts; the defaults if None.
    """
    limits = thresholds or Thresholds()
    covered = _covered(new)
    trusted = _trusted_ids(new) & _trusted_ids(known)
    groups: dict[tuple[str, str, int], tuple[list[int], list[int]]] = {}
    for index, what in enumerate(new):
        groups.setdefault(_group(what), ([], []))[0].append(index)
    for index, what in enumerate(known):
        group = groups.get(_group(what))
        if group is not None:
            group[1].append(index)
    decided: dict[int, Match] = {}
    for key, (new_indexes, known_indexes) in groups.items():
        work = _Work(
            sorted(((i, new[i]) for i in new_indexes), key=_order),
            sorted(((i, known[i]) for i in known_indexes), key=_order),
            covered[key[0]],
            limits,
            decided,
        )
        _match_group(work, trusted)
    answer = tuple(decided.get(i, Match(what, Outcome.NEW, 0, None)) for i, what in enumerate(new))
    return answer, (*_findings(answer, known), *_changed(answer, known, trusted))


def novel_transactions(
    new: tuple[Transaction, ...], known: tuple[Transaction, ...]
) -> tuple[tuple[Transaction, ...], tuple[Finding, ...]]:
    """Return the transactions of a file that are to be kept, and what was unsure."""
    matches, findings = match_transactions(new, known)
    kept = tuple(one.transaction for one in matches if one.outcome is not Outcome.SAME)
    return kept, findings


def novel_balances(new: Iterable[Balance], known: Iterable[Balance]) -> tuple[Balance, ...]:
    """Return the stated balances that are not on record, each once, in the order given."""
    on_record = set(known)
    return tuple(balance for balance in dict.fromkeys(new) if balance not in on_record)


def score_pair(new: Transaction, known: Transaction, *, is_missing: bool, is_trusted: bool) -> int:
    """Return how alike two transactions of one account and amount are.

    Args:
        new: of the file.
        known: on record.
        is_missing: the file covers the known one's day and does not hold it.
        is_trusted: their ids may be compared.
    """
    score = PAYEE_MOST * _likeness(new, known) // SIMILARITY_SCALE
    is_equal_id = is_trusted and bool(new.external_id) and new.external_id == known.external_id
    if score < PAYEE_LEAST and not is_equal_id:
        return 0
    gap = abs(new.day - known.day)
    score += DAY_POINTS[gap] if gap < len(DAY_POINTS) else 0
    if is_equal_id:
        score += ID_EQUAL
    elif is_trusted and new.external_id and known.external_id:
        score += ID_DIFFERS
    return score + (MISSING_FROM_FILE if is_missing else 0)


def is_pending(what: Transaction) -> bool:
    """Answer whether a transaction says itself that it is not booked yet."""
    text = f"{what.external_id} {what.payee} {what.memo} {what.kind}".lower()
    return any(word in text for word in PENDING_WORDS)


def _likeness(new: Transaction, known: Transaction) -> int:
    if (new.payee, new.memo) == (known.payee, known.memo):
        return SIMILARITY_SCALE
    if new.payee and known.payee:
        return payee_similarity(new.payee, known.payee)
    return payee_similarity(f"{new.payee} {new.memo}", f"{known.payee} {known.memo}")


def _match_group(work: _Work, trusted: set[tuple[str, str]]) -> None:
    _match_equal(work)
    _match_ids(work, trusted)
    _match_near(work, 0, trusted)
    _match_near(work, work.thresholds.window_days, trusted)
    _note_unsure(work, trusted)


def _match_equal(work: _Work) -> None:
    waiting: dict[Transaction, list[int]] = {}
    for index, what in reversed(work.known):
        waiting.setdefault(what, []).append(index)
    for index, what in list(work.new):
        places = waiting.get(what)
        if places:
            score = score_pair(what, what, is_missing=False, is_trusted=True)
            _decide(work, (index, what), places.pop(), score)
    _drop_decided(work)


def _match_ids(work: _Work, trusted: set[tuple[str, str]]) -> None:
    by_id = {what.external_id: (index, what) for index, what in work.known if what.external_id}
    for index, what in list(work.new):
        found = by_id.get(what.external_id) if (what.account, what.external_id) in trusted else None
        if found is not None and abs(found[1].day - what.day) <= work.thresholds.window_days:
            score = score_pair(what, found[1], is_missing=False, is_trusted=True)
            _decide(work, (index, what), found[0], score)
    _drop_decided(work)


def _match_near(work: _Work, window_days: int, trusted: set[tuple[str, str]]) -> None:
    """Pair what is left within a window; beyond the same day only what the file should hold."""
    edges = []
    scores = {}
    for row, column, is_missing in _looks(work, window_days):
        new, known = work.new[row][1], work.known[column][1]
        if new.day != known.day and not is_missing:
            continue
        score = _score(new, known, trusted, is_missing=is_missing)
        if score >= work.thresholds.same:
            edges.append(Edge(_SCORE_TOP - score, row, column))
            scores[row, column] = score
    for edge in pair_up(edges):
        row, column = edge.row, edge.column
        _decide(work, work.new[row], work.known[column][0], scores[row, column])
    _drop_decided(work)


def _note_unsure(work: _Work, trusted: set[tuple[str, str]]) -> None:
    best: dict[int, tuple[int, int]] = {}
    for row, column, is_missing in _looks(work, work.thresholds.window_days):
        new, known = work.new[row][1], work.known[column][1]
        score = _score(new, known, trusted, is_missing=is_missing)
        best[row] = max(best.get(row, (0, 0)), (score, -column))
    for row, (score, column) in best.items():
        if score >= work.thresholds.unsure:
            index, what = work.new[row]
            work.decided[index] = Match(what, Outcome.UNSURE, score, work.known[-column][0])


def _looks(work: _Work, window_days: int) -> Iterator[tuple[int, int, bool]]:
    """Yield the pairs within a window, and whether the file should hold the known one."""
    days = [what.day for _, what in work.known]
    looked_count = 0
    for row, (_, new) in enumerate(work.new):
        first = bisect_left(days, new.day - window_days)
        last = bisect_right(days, new.day + window_days)
        for column in range(first, last):
            is_missing = work.covered[0] < days[column] < work.covered[1]
            yield row, column, is_missing or is_pending(new) != is_pending(work.known[column][1])
        looked_count += last - first
        if looked_count > _LOOKS_MAX:
            return  # thousands of equal amounts within days: no person's account


def _score(
    new: Transaction, known: Transaction, trusted: set[tuple[str, str]], *, is_missing: bool
) -> int:
    # An id says something only where it is one transaction's own, in the file or on record.
    is_trusted = (new.account, new.external_id) in trusted or new.external_id != known.external_id
    return score_pair(new, known, is_missing=is_missing, is_trusted=is_trusted)


def _decide(work: _Work, new: tuple[int, Transaction], known_index: int, score: int) -> None:
    work.decided[new[0]] = Match(new[1], Outcome.SAME, score, known_index)


def _drop_decided(work: _Work) -> None:
    used = {work.decided[index].known for index, _ in work.new if index in work.decided}
    work.new = [pair for pair in work.new if pair[0] not in work.decided]
    work.known = [pair for pair in work.known if pair[0] not in used]


def _covered(new: tuple[Transaction, ...]) -> dict[str, tuple[int, int]]:
    covered: dict[str, tuple[int, int]] = {}
    for what in new:
        first, last = covered.get(what.account, (what.day, what.day))
        covered[what.account] = (min(first, what.day), max(last, what.day))
    return covered


def _trusted_ids(transactions: tuple[Transaction, ...]) -> set[tuple[str, str]]:
    counts = Counter((what.account, what.external_id) for what in transactions if what.external_id)
    return {key for key, count in counts.items() if count == 1}


def _findings(answer: tuple[Match, ...], known: tuple[Transaction, ...]) -> tuple[Finding, ...]:
    findings = []
    for one in answer:
        if one.outcome is Outcome.UNSURE and one.known is not None:
            what, other = one.transaction, known[one.known]
            sentence = (
                f"an equal amount stands on record on {iso(other.day)} (score {one.score}); "
                "this one was kept as another transaction"
            )
            findings.append(Finding("match.unsure", f"{what.account}, {iso(what.day)}", sentence))
    return tuple(sorted(findings, key=lambda finding: (finding.where, finding.sentence)))


def _changed(
    answer: tuple[Match, ...], known: tuple[Transaction, ...], trusted: set[tuple[str, str]]
) -> Iterator[Finding]:
    """Find ids that stand on record with another amount: the bank corrected a line."""
    by_id = {(what.account, what.external_id): what for what in known}
    for one in answer:
        key = (one.transaction.account, one.transaction.external_id)
        if one.outcome is Outcome.NEW and key in trusted:
            where = f"{key[0]}, {iso(one.transaction.day)}"
            sentence = (
                f"the bank's id stands on record on {iso(by_id[key].day)} with another amount or "
                "day; both were kept"
            )
            yield Finding("match.id_changed", where, sentence)


def _group(what: Transaction) -> tuple[str, str, int]:
    return (what.account, what.currency, what.amount_minor)


def _order(pair: tuple[int, Transaction]) -> tuple[int, str, str, str, str, int]:
    index, what = pair
    return (what.day, what.payee, what.memo, what.external_id, what.kind, index)

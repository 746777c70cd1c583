"""How far the state is from one rule: the one function that status and verdicts both use.

`assess` gathers what a forecast says and judges it; `judge` judges evidence at a shift, so that a
correction is weighed by the very same numbers. p_low decides everywhere.

    not enough valid days, or none recent -> NOT_ENOUGH_DATA, STALE: no comparison is made
    p_low >= p  -> SATISFIED
    p_high < p  -> VIOLATED
    otherwise   -> UNDECIDED, which counts as failing for a hard rule
"""

from __future__ import annotations

from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from lex7.base.civil import Day
from lex7.directive.assessment import (
    AssessedRows,
    Assessment,
    Breach,
    Sampling,
    Shortage,
    Standing,
    WorstRow,
)
from lex7.directive.catalogue import sample_of
from lex7.directive.chance import is_failing
from lex7.directive.evidence import Evidence, LeafEvidence, gather, shifted
from lex7.directive.leaf_chance import row_probability
from lex7.directive.plan import Band, CompiledRule, Severity, leaves, quantities
from lex7.directive.probability import chance
from lex7.directive.quantity import Forecast, Move
from lex7.directive.reading import Z_90, reading
from lex7.directive.reason import sentence
from lex7.directive.rows import RowBlock, first_way
from lex7.directive.settle import standing_of


def assess(
    rule: CompiledRule,
    forecast: Forecast,
    *,
    moves: tuple[Move, ...] = (),
    shift: NDArray[np.float64] | None = None,
) -> Assessment:
    """Judge one rule against a forecast.

    Args:
        rule: the compiled rule.
        forecast: what the rule's nodes say; `lex7.directive.together` joins several.
        moves: columns of what may be changed.
        shift: (n_move,) how much of each move is made; None for none.

    Returns:
        Standing, numbers and one sentence.

    Raises:
        MomentsError: a node's answer cannot be used.
        StateError: a node cannot answer.
    """
    short = shortage(rule, forecast)
    if short is not None:
        return _without_comparison(rule, *short)
    evidence = gather(rule, forecast, moves)
    return judge(evidence, forecast, shift=shift)


def judge(
    evidence: Evidence, forecast: Forecast, *, shift: NDArray[np.float64] | None = None
) -> Assessment:
    """Judge gathered evidence after a shift of its moves.

    Raises:
        MomentsError: the shift does not fit the moves.
    """
    rule, moved = evidence.rule, shifted(evidence, shift)
    found = chance(moved)
    infos = forecast.quantities()
    known = [infos[name] for name in quantities(rule.plan) if name in infos]
    if found is None:
        name, info = next(iter(infos.items())) if not known else (known[0].name, known[0])
        short = Shortage(name, sample_of(name), 0, info.required_days, info.last_day)
        return _without_comparison(rule, Standing.NOT_ENOUGH_DATA, short)
    standing = standing_of(found, float(rule.confidence))
    is_hard = rule.severity is Severity.HARD
    failing = is_failing(found, float(rule.confidence), is_hard=is_hard)
    blocks = first_way(moved)
    rows = tuple(_assessed(block, moved) for block in blocks)
    worst = _worst(rows)
    is_uncertainty = standing is not Standing.SATISFIED and worst is not None and worst.mean >= 0
    newest = min((info.last_day for info in known if info.last_day is not None), default=None)
    leaf = rows[0].leaf if rows else next(leaves(rule.plan))
    return Assessment(
        rule,
        standing,
        sentence(rule, standing, found, worst, is_uncertainty=is_uncertainty),
        found.low,
        found.high,
        failing,
        is_uncertainty,
        rows,
        worst,
        reading(leaf, forecast, newest),
        _breach(rows, evidence.today),
        _sampling(moved),
        None,
    )


def shortage(rule: CompiledRule, forecast: Forecast) -> tuple[Standing, Shortage] | None:
    """Return why a rule cannot be compared with the data at hand, or None.

    Too few valid days comes before stale data: the first needs waiting, the second an import.
    """
    infos = forecast.quantities()
    stale: Shortage | None = None
    for name in quantities(rule.plan):
        info = infos.get(name)
        if info is None:
            near = get_close_matches(name, sorted(infos), n=1, cutoff=0.8)
            missing = Shortage(name, sample_of(name), 0, 1, None, "".join(near))
            return Standing.NOT_ENOUGH_DATA, missing
        found = Shortage(name, sample_of(name), info.valid_days, info.required_days, info.last_day)
        if info.last_day is None or info.valid_days < info.required_days:
            return Standing.NOT_ENOUGH_DATA, found
        if forecast.as_of - info.last_day > info.stale_after_days and stale is None:
            stale = found
    return None if stale is None else (Standing.STALE, stale)


def _without_comparison(rule: CompiledRule, standing: Standing, short: Shortage) -> Assessment:
    return Assessment(
        rule,
        standing,
        sentence(rule, standing, None, None, short=short),
        None,
        None,
        is_failing=False,
        is_uncertainty=False,
        rows=(),
        worst=None,
        reading=None,
        breach=Breach(None, None, None),
        sampling=None,
        shortage=short,
    )


def _assessed(block: RowBlock, evidence: Evidence) -> AssessedRows:
    leaf = block.demand.leaf
    known = evidence.of(leaf)
    assert isinstance(known, LeafEvidence), "what is shown day by day is seen, not heard"
    probability = row_probability(known)[known.rows(block.demand.days)]
    mean, z, room, sd = block.mean, block.z, block.room, block.sd
    days = block.days
    if isinstance(leaf, Band):
        # Of the two edges the nearer one is shown.
        half = len(mean) // 2
        is_lower = mean[half:] < mean[:half]
        mean, z, room, sd = (
            np.where(is_lower, both[half:], both[:half]) for both in (mean, z, room, sd)
        )
        days = days[:half]
    return AssessedRows(leaf, block.unit, days, mean, sd, z, room, probability)


def _worst(rows: tuple[AssessedRows, ...]) -> WorstRow | None:
    best: WorstRow | None = None
    smallest = np.inf
    for one in rows:
        # In standard deviations, so that tests in different units compare; then the earliest day.
        scale = np.where(one.sd > 0.0, one.sd, 1.0)
        index = int(np.argmin(one.error / scale))
        size = float(one.error[index] / scale[index])
        if best is None or size < smallest:
            smallest = size
            best = WorstRow(
                Day(int(one.days[index])),
                one.unit,
                float(one.mean[index]),
                float(one.sd[index]),
                float(one.z[index]),
                float(one.error[index]),
                float(one.probability[index]),
            )
    return best


def _breach(rows: tuple[AssessedRows, ...], today: Day) -> Breach:
    own = [one.days[one.error < 0.0] for one in rows]
    bad = [one.days[one.mean - Z_90 * one.sd < 0.0] for one in rows]
    good = [one.days[one.mean + Z_90 * one.sd < 0.0] for one in rows]
    return Breach(*(_first(found, today) for found in (own, bad, good)))


def _first(found: list[NDArray[np.int64]], today: Day) -> int | None:
    ahead = [int(days[days >= today][0]) for days in found if (days >= today).any()]
    return min(ahead) - today if ahead else None


def _sampling(evidence: Evidence) -> Sampling | None:
    seen = [leaf for leaf in evidence.leaves if isinstance(leaf, LeafEvidence)]
    sampled = [leaf.scenarios for leaf in seen if leaf.scenarios is not None]
    if not sampled:
        return None
    paths = min(len(one.paths) for one in sampled)
    confidence = float(evidence.rule.confidence)
    return Sampling(paths, float(np.sqrt(confidence * (1.0 - confidence) / paths)))

"""A flow's level from the general filters is that of its closed form."""

from __future__ import annotations

import numpy as np
import pytest

from lex7 import _core
from lex7.nodes.wealth.core_native import SQUARES_MIN, filter_level


@pytest.mark.parametrize("reversion", [0.0, 0.2, 0.85, 0.98, 0.999])
@pytest.mark.parametrize("ratio", [0.0, 0.03, 1.0, 40.0])
@pytest.mark.parametrize("count", [2, 9, 78])
def test_components_give_the_belief_of_the_closed_form(
    reversion: float, ratio: float, count: int
) -> None:
    blocks = 30 + np.random.default_rng(count).normal(0, 9.0, count)
    found = filter_level(blocks, reversion, ratio)
    m, l, mm, ml, ll, squares, _ = _core.flow_filter(blocks, reversion, ratio)  # noqa: E741
    np.testing.assert_allclose(found.mean, (m, l), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.cov, (mm, ml, ll), rtol=1e-9, atol=1e-10)
    assert found.squares == pytest.approx(squares, rel=1e-9)


def test_a_flow_that_never_moved_has_next_to_no_spread() -> None:
    assert filter_level(np.full(20, 7.0), 0.9, 0.1).squares == SQUARES_MIN

"""One-to-one pairing against SciPy's assignment solver."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from lex7.ingest.pairing import Edge, pair_up

edge_lists = st.dictionaries(
    st.tuples(st.integers(0, 6), st.integers(0, 6)), st.integers(0, 50), max_size=30
).map(lambda costs: [Edge(cost, row, column) for (row, column), cost in costs.items()])


@given(edge_lists)
def test_pairs_are_most_and_then_cheapest(edges: list[Edge]) -> None:
    missing = 10_000
    cost = np.full((7, 7), missing)
    for edge in edges:
        cost[edge.row, edge.column] = edge.cost
    best = int(cost[linear_sum_assignment(cost)].sum())

    chosen = pair_up(edges)
    ours = sum(edge.cost for edge in chosen) + missing * (7 - len(chosen))

    assert ours == best
    assert len({edge.row for edge in chosen}) == len(chosen)
    assert len({edge.column for edge in chosen}) == len(chosen)


@given(edge_lists.flatmap(lambda edges: st.tuples(st.just(edges), st.permutations(edges))))
def test_the_order_of_edges_decides_nothing(both: tuple[list[Edge], list[Edge]]) -> None:
    assert pair_up(both[0]) == pair_up(both[1])


def test_a_large_component_is_paired_cheapest_first() -> None:
    edges = [Edge(abs(row - column), row, column) for row in range(80) for column in range(80)]
    assert [(edge.row, edge.column) for edge in pair_up(edges)] == [(i, i) for i in range(80)]

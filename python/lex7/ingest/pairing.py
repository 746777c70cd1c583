"""Pairing two lists one to one: as many pairs as possible, then the least total cost, in integers.

Used for known against new transactions and for the two halves of a transfer. The answer depends on
nothing but the edges: rows and columns that are joined by edges form a component, each component is
solved exactly by the Hungarian method (Kuhn 1955; Munkres 1957, with potentials), and the order in
which rows and columns were given breaks ties. A component larger than `PAIRING_SIDE_MAX` is paired
greedily, cheapest first; that happens only where hundreds of equal amounts meet in a few days.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lex7.base.limits import PAIRING_SIDE_MAX

_FORBIDDEN = 1 << 40


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """A pair that may stand, and what it costs (not negative)."""

    cost: int
    row: int
    column: int


def pair_up(edges: Iterable[Edge]) -> tuple[Edge, ...]:
    """Choose edges so that no row and no column is used twice, ordered by row."""
    chosen: list[Edge] = []
    for component in _components(sorted(edges, key=lambda edge: (edge.row, edge.column))):
        rows = sorted({edge.row for edge in component})
        columns = sorted({edge.column for edge in component})
        if len(component) == 1:
            chosen += component
        elif max(len(rows), len(columns)) > PAIRING_SIDE_MAX:
            chosen += _greedy(component)
        else:
            chosen += _exact(component, rows, columns)
    return tuple(sorted(chosen, key=lambda edge: edge.row))


def _components(edges: list[Edge]) -> list[list[Edge]]:
    parent: dict[tuple[str, int], tuple[str, int]] = {}

    def root(node: tuple[str, int]) -> tuple[str, int]:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for edge in edges:
        parent[root(("column", edge.column))] = root(("row", edge.row))
    grouped: dict[tuple[str, int], list[Edge]] = {}
    for edge in edges:
        grouped.setdefault(root(("row", edge.row)), []).append(edge)
    return list(grouped.values())


def _greedy(edges: list[Edge]) -> list[Edge]:
    rows: set[int] = set()
    columns: set[int] = set()
    chosen = []
    for edge in sorted(edges):
        if edge.row not in rows and edge.column not in columns:
            rows.add(edge.row)
            columns.add(edge.column)
            chosen.append(edge)
    return chosen


def _exact(edges: list[Edge], rows: list[int], columns: list[int]) -> list[Edge]:
    if len(rows) > len(columns):
        turned = [Edge(edge.cost, edge.column, edge.row) for edge in edges]
        return [Edge(e.cost, e.column, e.row) for e in _exact(turned, columns, rows)]
    row_at = {row: index for index, row in enumerate(rows, 1)}
    column_at = {column: index for index, column in enumerate(columns, 1)}
    cost = [[_FORBIDDEN] * (len(columns) + 1) for _ in range(len(rows) + 1)]
    by_place = {}
    for edge in edges:
        place = row_at[edge.row], column_at[edge.column]
        if edge.cost < cost[place[0]][place[1]]:
            cost[place[0]][place[1]] = edge.cost
            by_place[place] = edge
    matched = _hungarian(cost)
    places = ((row, column) for column, row in enumerate(matched) if row and column)
    return [by_place[place] for place in places if place in by_place]


def _hungarian(cost: list[list[int]]) -> list[int]:
    """Return the row matched to each column (0 for none); rows ≤ columns, counted from 1.

    Rows enter one by one; each entry finds a shortest augmenting path over reduced costs
    cost[i][j] − u[i] − v[j] ≥ 0, whose potentials u, v are kept.
    """
    width = len(cost[0])
    row_potential = [0] * len(cost)
    column_potential = [0] * width
    matched = [0] * width
    for row in range(1, len(cost)):
        matched[0] = row
        column = 0
        least = [_FORBIDDEN << 10] * width
        before = [0] * width
        seen = [False] * width
        while matched[column]:
            seen[column] = True
            at, step, following = matched[column], _FORBIDDEN << 11, 0
            for other in range(1, width):
                if seen[other]:
                    continue
                reduced = cost[at][other] - row_potential[at] - column_potential[other]
                if reduced < least[other]:
                    least[other], before[other] = reduced, column
                if least[other] < step:
                    step, following = least[other], other
            for other in range(width):
                if seen[other]:
                    row_potential[matched[other]] += step
                    column_potential[other] -= step
                else:
                    least[other] -= step
            column = following
        while column:
            matched[column] = matched[before[column]]
            column = before[column]
    return matched

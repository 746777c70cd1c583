"""One problem from the rows of several nodes, each of which published rounded integers only.

A node rounds its own rows over the agreed columns (`build_problem`) and sends the integers. The
council joins them, solves, and every node checks the result against its own rows. Nothing of the
state behind the rows is needed; the outcome equals that of one node holding all rows.
"""

from __future__ import annotations

import numpy as np

from lex7.correct.problem import Problem, ProblemError


def join_problems(problems: tuple[Problem, ...]) -> Problem:
    """Join rows over the same columns, in order of (priority, directive, time).

    Raises:
        ProblemError: there is no problem, columns differ, or a directive comes from two nodes.
    """
    if not problems:
        raise ProblemError("there are no rows to join")
    first = problems[0]
    for other in problems[1:]:
        if other.columns != first.columns or not np.array_equal(other.eases, first.eases):
            raise ProblemError("the nodes' rows are not over the same levers")
    sources = [
        (rule.priority, rule.directive, which, index)
        for which, problem in enumerate(problems)
        for index, rule in enumerate(problem.rules)
    ]
    names = [source[1] for source in sources]
    if len(set(names)) != len(names):
        raise ProblemError("a directive has rows from two nodes")
    ordered = [(problems[which], index) for _, _, which, index in sorted(sources)]
    chosen = [np.flatnonzero(problem.rule_of_row == index) for problem, index in ordered]
    pairs = [(problem, rows) for (problem, _), rows in zip(ordered, chosen, strict=True)]
    counts = [len(rows) for rows in chosen]
    width = len(first.columns)
    none, none_wide = np.zeros(0, dtype=np.int64), np.zeros((0, width), dtype=np.int64)
    return Problem(
        rules=tuple(problem.rules[index] for problem, index in ordered),
        columns=first.columns,
        rule_of_row=np.repeat(np.arange(len(ordered), dtype=np.int64), counts),
        days=np.concatenate([none, *(one.days[rows] for one, rows in pairs)]),
        row_exponents=np.concatenate([none, *(one.row_exponents[rows] for one, rows in pairs)]),
        coefficients=np.concatenate([none_wide, *(one.coefficients[rows] for one, rows in pairs)]),
        bounds=np.concatenate([none, *(one.bounds[rows] for one, rows in pairs)]),
        exponents=first.exponents,
        eases=first.eases,
    )

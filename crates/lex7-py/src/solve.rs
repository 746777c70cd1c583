//! Bindings of the exact solver and its certificates.
use lex7_core::solve::{self, Answer, BadProblem, Claim, GaveUp, Problem, Proposal, Rounded};
use num_bigint::BigInt;
use numpy::{PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;

/// Coefficients (n_row, n_column), bounds, lo, hi, exponents, eases; all int64 and contiguous.
type Arrays<'py> = (
    PyReadonlyArray2<'py, i64>,
    PyReadonlyArray1<'py, i64>,
    PyReadonlyArray1<'py, i64>,
    PyReadonlyArray1<'py, i64>,
    PyReadonlyArray1<'py, i64>,
    PyReadonlyArray1<'py, i64>,
);
type Multipliers = Vec<(usize, BigInt)>;
type Fractions = Vec<(BigInt, BigInt)>;
/// Millionths above the least cost, and the blocking row of each moved column.
type Checked = (BigInt, Vec<(usize, usize)>);
/// Rules, multipliers, and a witness for each rule.
type Conflict = (Vec<usize>, Multipliers, Vec<Fractions>);

/// Copies the arrays once.
fn problem_from(py: Python<'_>, arrays: &Arrays<'_>) -> PyResult<Problem> {
    let (coefficients, bounds, lo, hi, exponents, eases) = arrays;
    let &[rows, columns] = coefficients.shape() else { unreachable!("the array has two dimensions") };
    let unsigned = |&value: &i64| u32::try_from(value).unwrap_or(u32::MAX);
    Problem {
        rows,
        columns,
        coefficients: coefficients.as_slice()?.to_vec(),
        bounds: bounds.as_slice()?.to_vec(),
        lo: lo.as_slice()?.to_vec(),
        hi: hi.as_slice()?.to_vec(),
        exponents: exponents.as_slice()?.iter().map(unsigned).collect(),
        eases: eases.as_slice()?.to_vec(),
    }
    .check()
    .map_err(|error| raise(py, &error))
}

fn raise(py: Python<'_>, error: &BadProblem) -> PyErr {
    let class = py.import("lex7.correct.problem").and_then(|module| module.getattr("ProblemError"));
    match class.and_then(|class| class.call1((error.0.as_str(),))) {
        Ok(value) => PyErr::from_value(value),
        Err(other) => other,
    }
}

/// The search ended at its limit: a failure of its own, so that a verdict can say that it is undecided.
fn gave_up(py: Python<'_>, _: GaveUp) -> PyErr {
    let class = py.import("lex7.correct.problem").and_then(|module| module.getattr("SearchLimitError"));
    match class.and_then(|class| class.call0()) {
        Ok(value) => PyErr::from_value(value),
        Err(other) => other,
    }
}

fn proposal_from(problem: &Problem, active: Option<Vec<usize>>) -> Proposal {
    match active {
        Some(active) => Proposal { active, farkas: None },
        None => solve::propose(problem),
    }
}

#[pyfunction]
fn solve_exact(
    py: Python<'_>,
    arrays: Arrays<'_>,
    active: Option<Vec<usize>>,
) -> PyResult<(bool, Multipliers, BigInt, Fractions)> {
    let problem = problem_from(py, &arrays)?;
    let answer = py.detach(|| solve::prove(&problem, &proposal_from(&problem, active)));
    Ok(match answer.map_err(|limit| gave_up(py, limit))? {
        Answer::Optimal(found) => (true, found.multipliers, found.denominator, found.point.fractions()),
        Answer::Infeasible(found) => (false, found, BigInt::from(1), Vec::new()),
    })
}

#[pyfunction]
fn solve_grid(py: Python<'_>, arrays: Arrays<'_>) -> PyResult<(bool, Multipliers, BigInt, Option<Vec<i64>>)> {
    let problem = problem_from(py, &arrays)?;
    let found = py.detach(|| {
        Ok(match solve::solve(&problem)? {
            Answer::Infeasible(found) => (false, found, BigInt::from(1), None),
            Answer::Optimal(found) => {
                let steps = match solve::round_to_grid(&problem, &found.point) {
                    Rounded::Steps(steps) => Some(steps),
                    Rounded::GaveUp => None,
                };
                (true, found.multipliers, found.denominator, steps)
            }
        })
    });
    found.map_err(|limit| gave_up(py, limit))
}

#[pyfunction]
fn solve_check(
    py: Python<'_>,
    arrays: Arrays<'_>,
    multipliers: Multipliers,
    denominator: BigInt,
    steps: Vec<i64>,
) -> PyResult<Option<Checked>> {
    let problem = problem_from(py, &arrays)?;
    let claim = Claim { multipliers, denominator, steps };
    Ok(py.detach(|| {
        let gap = solve::is_smallest(&problem, &claim)?;
        Some((gap, solve::blocking_rows(&problem, &claim.steps)?))
    }))
}

#[pyfunction]
fn spell_rows(py: Python<'_>, values: PyReadonlyArray2<'_, i64>) -> PyResult<String> {
    let width = values.shape()[1];
    let values = values.as_slice()?;
    Ok(py.detach(|| solve::spell_rows(values, width)))
}

#[pyfunction]
fn solve_conflict(py: Python<'_>, arrays: Arrays<'_>, groups: Vec<usize>) -> PyResult<Option<Conflict>> {
    let problem = problem_from(py, &arrays)?;
    if groups.len() != problem.rows {
        let text = format!("expected one group for each of {} rows, got {}", problem.rows, groups.len());
        return Err(raise(py, &BadProblem(text)));
    }
    let found = py.detach(|| solve::find_conflict(&problem, &groups)).map_err(|limit| gave_up(py, limit))?;
    Ok(found.map(|conflict| {
        let witnesses = conflict.witnesses.iter().map(solve::Point::fractions).collect();
        (conflict.groups, conflict.multipliers, witnesses)
    }))
}

#[pyfunction]
fn solve_propose(py: Python<'_>, arrays: Arrays<'_>) -> PyResult<Vec<usize>> {
    let problem = problem_from(py, &arrays)?;
    Ok(py.detach(|| solve::propose(&problem).active))
}

#[pyfunction]
fn solve_idle(py: Python<'_>, arrays: Arrays<'_>, groups: Vec<usize>) -> PyResult<Vec<usize>> {
    let problem = problem_from(py, &arrays)?;
    if groups.len() != problem.columns {
        let text =
            format!("expected one group for each of {} columns, got {}", problem.columns, groups.len());
        return Err(raise(py, &BadProblem(text)));
    }
    Ok(py.detach(|| solve::choose_idle(&problem, &groups)))
}

/// Add this subject's functions and classes to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(solve_exact, module)?)?;
    module.add_function(wrap_pyfunction!(solve_grid, module)?)?;
    module.add_function(wrap_pyfunction!(solve_conflict, module)?)?;
    module.add_function(wrap_pyfunction!(solve_propose, module)?)?;
    module.add_function(wrap_pyfunction!(solve_idle, module)?)?;
    module.add_function(wrap_pyfunction!(solve_check, module)?)?;
    module.add_function(wrap_pyfunction!(spell_rows, module)?)?;
    Ok(())
}

//! Smoothing of a series under a model of components.
use super::engine::take;
use super::factored::Bench;
use super::motion::Motion;
use super::run::{Series, continued, is_finite};
use super::smooth::{Smoothed, Tape};
use super::step::{Workspace, begin};
use super::transition::{discretise, observe, start_of};
use super::{Belief, FilterError, Forecast, Model, NS_PER_DAY, refuse};

/// Step lengths that are looked for again before a motion is computed anew.
pub(crate) const MOTIONS_KEPT: usize = 8;

/// Return the moments of every state given the whole series.
pub fn smooth(model: &Model, series: &Series, initial: Option<&Belief>) -> Result<Smoothed, FilterError> {
    record(model, series, initial)?.track().smooth()
}

/// Return the joint moments of the signal at chosen rows, ascending, given the whole series.
///
/// Rows may lie after the last value: their values are NaN. `chosen` leaves components out by index.
pub fn smooth_signal(
    model: &Model,
    series: &Series,
    initial: Option<&Belief>,
    rows: &[usize],
    chosen: Option<&[bool]>,
) -> Result<Forecast, FilterError> {
    if rows.windows(2).any(|pair| pair[1] <= pair[0])
        || rows.last().is_some_and(|last| *last >= series.values.len())
    {
        let expected = format!("ascending indices below {}", series.values.len());
        return Err(refuse("rows", &expected, format!("{} indices", rows.len())));
    }
    if chosen.is_some_and(|mask| mask.len() != model.components.len()) {
        return Err(refuse("components", "one choice per component", chosen.map_or(0, <[bool]>::len)));
    }
    let tape = record(model, series, initial)?;
    let looks: Vec<(usize, Vec<f64>)> = rows
        .iter()
        .map(|&row| {
            let mut h = vec![0.0; model.states()];
            observe(model, series.times_ns[row], series.input_row(row), chosen, &mut h);
            (row, h)
        })
        .collect();
    tape.track().joint(&looks)
}

/// Filter a series and keep the tape of it.
pub(crate) fn record(model: &Model, series: &Series, initial: Option<&Belief>) -> Result<Tape, FilterError> {
    series.check(model)?;
    let first = series.times_ns.first().copied();
    let mut belief = match (initial, first) {
        (Some(given), _) => continued(model, given, first)?,
        (None, Some(time_ns)) => begin(&start_of(model), time_ns),
        (None, None) => return Err(refuse("times_ns", "at least one time", "none")),
    };
    Tape::check(series.values.len(), belief.states())?;
    let (mut space, mut bench) = (Workspace::new(belief.states(), model.robust), Bench::new(belief.states()));
    let mut tape = Tape::default();
    let mut known: Vec<(f64, usize, Motion)> = Vec::new();
    let states = belief.states();
    for (row, (&time_ns, &value)) in series.times_ns.iter().zip(series.values).enumerate() {
        let mut motion = None;
        if time_ns != belief.time_ns {
            let days = (i128::from(time_ns) - i128::from(belief.time_ns)) as f64 / NS_PER_DAY;
            let place = known.iter().rposition(|one| one.0 == days).unwrap_or_else(|| {
                let mut cells = Vec::new();
                discretise(model, days, &mut cells);
                let step = Motion::blocks(&cells);
                // Irregular times have as many step lengths as rows: only the latest are searched.
                if known.len() == MOTIONS_KEPT {
                    known.remove(0);
                }
                known.push((days, tape.add_motion(step.clone()), step));
                known.len() - 1
            });
            known[place].2.push(&mut belief);
            motion = Some(known[place].1);
            belief.time_ns = time_ns;
        }
        belief.expand();
        tape.arrive(motion, &belief);
        if !value.is_nan() {
            space.look(model, time_ns, series.input_row(row));
            let noise_var = series.noise_var(model, row);
            let outcome = take(&mut belief, (&mut space, &mut bench), value, noise_var, states);
            tape.see(&space, &outcome, noise_var);
        }
        if !is_finite(&belief) {
            return Err(FilterError::Diverged { row });
        }
        tape.leave(&belief);
    }
    if belief.diffuse_count() > 0 {
        return Err(FilterError::Diffuse { left: belief.diffuse_count() });
    }
    Ok(tape)
}

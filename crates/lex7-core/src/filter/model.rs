//! Models: a sum of components, observation noise and a robust option, read from canonical bytes.
//!
//! Bytes, little-endian: `L7MD`, version u16 = 1, robust kind u8, robust parameter f64, observation sd
//! f64, component count u16; per component: kind u8, time i64, parameter count u8, parameters f64,
//! state count of the initial belief u8 (0 = the component's own default), means f64, sds f64.
//! Version 1 never changes; a change gets a new version.
use super::{FilterError, MAGNITUDE_MAX, Robust, STATES_MAX, is_sound, refuse};

const MAGIC: &[u8; 4] = b"L7MD";
const VERSION: u16 = 1;
const HARMONICS_MAX: f64 = 16.0;

/// The kind of a component; the number is its code in the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A random walk. Parameters: sd per √day.
    Level = 1,
    /// An integrated random walk. Parameters: level sd per √day, slope sd per day per √day.
    Trend = 2,
    /// A trend whose slope decays. Parameters: as Trend, then the slope's decay in days.
    DampedTrend = 3,
    /// Ornstein-Uhlenbeck, AR(1) on a grid. Parameters: stationary sd, decay in days.
    AutoRegression = 4,
    /// Rotating harmonics. Parameters: sd per √day, then period in days and number of harmonics.
    Season = 5,
    /// A coefficient times an input column. Parameters: sd per √day of the coefficient, column.
    Regression = 6,
    /// A level that is added from a known time on. No parameters.
    Step = 7,
}

/// Where a component starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Initial {
    /// One mean per state.
    pub mean: Vec<f64>,
    /// One standard deviation per state.
    pub sd: Vec<f64>,
}

/// One component of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    /// What it is.
    pub kind: Kind,
    /// The time of a step; zero elsewhere.
    pub time_ns: i64,
    /// Its parameters, in the order of its kind.
    pub parameters: Vec<f64>,
    /// A proper start, or none for the default of its kind.
    pub initial: Option<Initial>,
}

/// A sum of components seen through noise.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// How outliers are weighted.
    pub robust: Robust,
    /// Standard deviation of the observation noise.
    pub observation_sd: f64,
    /// The components, in the order of their states.
    pub components: Vec<Component>,
}

impl Component {
    /// Return how many states this component has.
    pub fn states(&self) -> usize {
        match self.kind {
            Kind::Level | Kind::AutoRegression | Kind::Regression | Kind::Step => 1,
            Kind::Trend | Kind::DampedTrend => 2,
            Kind::Season => 2 * self.harmonics(),
        }
    }

    /// Return how many harmonics a season has.
    pub(crate) fn harmonics(&self) -> usize {
        self.parameters[2] as usize
    }

    fn check(&self) -> Result<(), FilterError> {
        let expected = match self.kind {
            Kind::Level => 1,
            Kind::Trend | Kind::AutoRegression | Kind::Regression => 2,
            Kind::DampedTrend | Kind::Season => 3,
            Kind::Step => 0,
        };
        if self.parameters.len() != expected {
            return Err(refuse("model", "the parameters of its component kind", self.parameters.len()));
        }
        let given = &self.parameters;
        if given.iter().any(|value| !(0.0..=MAGNITUDE_MAX).contains(value)) {
            return Err(refuse("model", "parameters between 0 and 1e100", format!("{given:?}")));
        }
        let positive = match self.kind {
            Kind::AutoRegression => given[1] > 0.0,
            Kind::DampedTrend => given[2] > 0.0,
            Kind::Season => {
                given[1] > 0.0
                    && (1.0..=HARMONICS_MAX).contains(&given[2])
                    && given[2] == libm::trunc(given[2])
            }
            Kind::Regression => given[1] == libm::trunc(given[1]) && given[1] < 1e6,
            _ => true,
        };
        if !positive {
            return Err(refuse("model", "a positive decay or period, whole harmonics", format!("{given:?}")));
        }
        match &self.initial {
            Some(initial) if initial.mean.len() != self.states() => {
                Err(refuse("model", "one initial mean and sd per state", initial.mean.len()))
            }
            Some(initial)
                if initial.mean.iter().any(|value| !is_sound(*value))
                    || initial.sd.iter().any(|value| !(0.0..=MAGNITUDE_MAX).contains(value)) =>
            {
                Err(refuse("model", "finite initial means and sds of at least 0", format!("{initial:?}")))
            }
            _ => Ok(()),
        }
    }
}

impl Model {
    /// Return the number of states of all components together.
    pub fn states(&self) -> usize {
        self.components.iter().map(Component::states).sum()
    }

    /// Return how many input columns the regressions ask for.
    pub fn inputs(&self) -> usize {
        let columns = self.components.iter().filter(|part| part.kind == Kind::Regression);
        columns.map(|part| part.parameters[1] as usize + 1).max().unwrap_or(0)
    }

    /// Answer whether every observation looks at the state in the same way.
    pub(crate) fn has_fixed_row(&self) -> bool {
        self.components.iter().all(|part| !matches!(part.kind, Kind::Regression | Kind::Step))
    }

    /// Return the variance of the observation noise.
    pub fn noise_variance(&self) -> f64 {
        self.observation_sd * self.observation_sd * self.robust.variance_factor()
    }

    /// Read a model from its bytes and check every number in it.
    pub fn decode(bytes: &[u8]) -> Result<Self, FilterError> {
        let mut reader = Reader { bytes, at: 0 };
        if reader.take(4)? != MAGIC || reader.u16()? != VERSION {
            return Err(refuse("model", "bytes of a version 1 model", "something else"));
        }
        let robust = Robust::decode(reader.u8()?, reader.f64()?)?;
        let observation_sd = reader.f64()?;
        if !(0.0..=MAGNITUDE_MAX).contains(&observation_sd) {
            return Err(refuse("observation_sd", "a number between 0 and 1e100", observation_sd));
        }
        let count = reader.u16()?;
        let components = (0..count).map(|_| reader.component()).collect::<Result<Vec<_>, _>>()?;
        if reader.at != bytes.len() {
            return Err(refuse("model", "no bytes after the last component", bytes.len() - reader.at));
        }
        let model = Model { robust, observation_sd, components };
        let states = model.states();
        if states == 0 || states > STATES_MAX {
            return Err(refuse("model", "between 1 and 64 states", states));
        }
        Ok(model)
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, size: usize) -> Result<&'a [u8], FilterError> {
        let rest = &self.bytes[self.at..];
        if rest.len() < size {
            return Err(refuse("model", "a whole model", format!("{} bytes", self.bytes.len())));
        }
        self.at += size;
        Ok(&rest[..size])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FilterError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    fn u8(&mut self) -> Result<u8, FilterError> {
        Ok(self.array::<1>()?[0])
    }

    fn u16(&mut self) -> Result<u16, FilterError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    fn i64(&mut self) -> Result<i64, FilterError> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    fn f64(&mut self) -> Result<f64, FilterError> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    fn floats(&mut self, count: u8) -> Result<Vec<f64>, FilterError> {
        (0..count).map(|_| self.f64()).collect()
    }

    fn component(&mut self) -> Result<Component, FilterError> {
        let kind = match self.u8()? {
            1 => Kind::Level,
            2 => Kind::Trend,
            3 => Kind::DampedTrend,
            4 => Kind::AutoRegression,
            5 => Kind::Season,
            6 => Kind::Regression,
            7 => Kind::Step,
            other => return Err(refuse("model", "a component kind from 1 to 7", other)),
        };
        let time_ns = self.i64()?;
        let count = self.u8()?;
        let parameters = self.floats(count)?;
        let states = self.u8()?;
        let initial = match states {
            0 => None,
            _ => Some(Initial { mean: self.floats(states)?, sd: self.floats(states)? }),
        };
        let part = Component { kind, time_ns, parameters, initial };
        part.check()?;
        Ok(part)
    }
}

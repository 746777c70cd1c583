//! Random weights of real shapes: a function of the seed, the tensor and the place in it.

use super::Place;
use crate::rng::{philox, uniform};

/// Four bytes summed: mean 510, variance 4 · (256² − 1) / 12.
const MEAN: f32 = 510.0;
const SD: f32 = 147.800_54;

/// Fill rows of a tensor, from row `first`: matrices are near normal with variance one over the columns, the
/// rest has the values that Mamba-2 starts from (Dao and Gu 2024).
pub fn fill_rows(place: &Place, index: u32, seed: u64, first: usize, out: &mut [f32]) {
    let key = [seed as u32, (seed >> 32) as u32];
    let columns = place.sides().1;
    let start = (first * columns) as u64;
    let last = place.name.rsplit('.').take(2).collect::<Vec<_>>();
    match (last[0], last.get(1).copied()) {
        ("A_log", _) => fill(key, index, start, out, |u| libm::log(1.0 + 15.0 * u)),
        ("dt_bias", _) => fill(key, index, start, out, |u| {
            let step = libm::exp(libm::log(0.001) + u * (libm::log(0.1) - libm::log(0.001)));
            step + libm::log(-libm::expm1(-step))
        }),
        ("D", _) | ("weight", Some("norm" | "norm_f")) => out.fill(1.0),
        ("bias", _) => fill(key, index, start, out, |u| 0.2 * u - 0.1),
        ("weight", Some("conv1d")) => fill(key, index, start, out, |u| u - 0.5),
        _ => normals(key, index, start, 1.0 / libm::sqrtf(columns as f32), out),
    }
}

fn fill(key: [u32; 2], index: u32, start: u64, out: &mut [f32], map: impl Fn(f64) -> f64) {
    for (at, value) in out.iter_mut().enumerate() {
        let place = start + at as u64;
        let words = philox(key, [place as u32, (place >> 32) as u32, index, 1]);
        *value = map(uniform(words[0])) as f32;
    }
}

/// Sums of four bytes: close enough to normal for weights that nobody trained, and fast.
fn normals(key: [u32; 2], index: u32, start: u64, sd: f32, out: &mut [f32]) {
    let scale = sd / SD;
    let mut place = start / 4;
    let mut skip = (start % 4) as usize;
    let mut rest = out;
    while !rest.is_empty() {
        let words = philox(key, [place as u32, (place >> 32) as u32, index, 0]);
        let count = (4 - skip).min(rest.len());
        let (now, later) = rest.split_at_mut(count);
        for (value, word) in now.iter_mut().zip(&words[skip..]) {
            let pairs = (word & 0x00ff_00ff) + ((word >> 8) & 0x00ff_00ff);
            let sum = (pairs & 0xffff) + (pairs >> 16);
            *value = (sum as f32 - MEAN) * scale;
        }
        (rest, skip, place) = (later, 0, place + 1);
    }
}

//! Counter-based random numbers: Philox4x32-10, and the standard normal and gamma draws made of it.
//!
//! A draw is a function of (key, counter) and of nothing before it, so paths may be computed in any order,
//! in any chunks and on any number of threads, and two evaluations that differ in one amount share every
//! random number (common random numbers). The known answers of Random123 stand in the tests.
//!
//! Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).

// The coefficients of AS 241 stand here as published.
#![allow(clippy::excessive_precision)]

const MULTIPLIER: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;
const UNIT: f64 = 1.0 / 4_294_967_296.0;

/// Four 32-bit words.
pub type Block = [u32; 4];

/// Return the block of random bits that belongs to a counter under a key.
// Called once per path and day: the call itself would cost a third of it.
#[inline(always)]
pub fn philox(key: [u32; 2], counter: Block) -> Block {
    let mut key = key;
    let mut words = counter;
    for _ in 0..ROUNDS {
        let first = u64::from(MULTIPLIER[0]) * u64::from(words[0]);
        let second = u64::from(MULTIPLIER[1]) * u64::from(words[2]);
        words = [
            (second >> 32) as u32 ^ words[1] ^ key[0],
            second as u32,
            (first >> 32) as u32 ^ words[3] ^ key[1],
            first as u32,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    words
}

/// Map a word to the open interval (0, 1): the middle of its cell of width 2⁻³².
#[inline]
pub fn uniform(word: u32) -> f64 {
    (f64::from(word) + 0.5) * UNIT
}

/// Map a word to a standard normal by inversion.
#[inline]
pub fn normal(word: u32) -> f64 {
    normal_quantile(uniform(word))
}

const CENTRE_TOP: [f64; 8] = [
    2.509_080_928_730_122_672_7e3,
    3.343_057_558_358_812_810_5e4,
    6.726_577_092_700_870_085_3e4,
    4.592_195_393_154_987_145_7e4,
    1.373_169_376_550_946_112_5e4,
    1.971_590_950_306_551_442_7e3,
    1.331_416_678_917_843_774_5e2,
    3.387_132_872_796_366_608_0,
];
const CENTRE_BOTTOM: [f64; 8] = [
    5.226_495_278_852_854_561_0e3,
    2.872_908_573_572_194_267_4e4,
    3.930_789_580_009_271_061_0e4,
    2.121_379_430_158_659_586_7e4,
    5.394_196_021_424_751_107_7e3,
    6.871_870_074_920_579_083_0e2,
    4.231_333_070_160_091_125_2e1,
    1.0,
];
const NEAR_TOP: [f64; 8] = [
    7.745_450_142_783_414_076_40e-4,
    2.272_384_498_926_918_458_33e-2,
    2.417_807_251_774_506_117_70e-1,
    1.270_458_252_452_368_382_58,
    3.647_848_324_763_204_605_04,
    5.769_497_221_460_691_405_50,
    4.630_337_846_156_545_295_90,
    1.423_437_110_749_683_577_34,
];
const NEAR_BOTTOM: [f64; 8] = [
    1.050_750_071_644_416_843_24e-9,
    5.475_938_084_995_344_946_00e-4,
    1.519_866_656_361_645_719_66e-2,
    1.481_039_764_274_800_745_90e-1,
    6.897_673_349_851_000_045_50e-1,
    1.676_384_830_183_803_849_40,
    2.053_191_626_637_758_821_87,
    1.0,
];
const FAR_TOP: [f64; 8] = [
    2.010_334_399_292_288_132_65e-7,
    2.711_555_568_743_487_578_15e-5,
    1.242_660_947_388_078_438_60e-3,
    2.653_218_952_657_612_309_30e-2,
    2.965_605_718_285_048_912_30e-1,
    1.784_826_539_917_291_335_80,
    5.463_784_911_164_114_369_90,
    6.657_904_643_501_103_777_20,
];
const FAR_BOTTOM: [f64; 8] = [
    2.044_263_103_389_939_785_64e-15,
    1.421_511_758_316_445_888_70e-7,
    1.846_318_317_510_054_681_80e-5,
    7.868_691_311_456_132_591_00e-4,
    1.487_536_129_085_061_485_25e-2,
    1.369_298_809_227_358_053_10e-1,
    5.998_322_065_558_879_376_90e-1,
    1.0,
];

/// Return Φ⁻¹(p) for p in (0, 1), relative error about 1e-16 (Wichura 1988, AS 241, PPND16).
#[inline]
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * horner(&CENTRE_TOP, r) / horner(&CENTRE_BOTTOM, r);
    }
    tail_quantile(p, q)
}

fn tail_quantile(p: f64, q: f64) -> f64 {
    let side = if q < 0.0 { p } else { 1.0 - p };
    let r = libm::sqrt(-libm::log(side));
    let value = if r <= 5.0 {
        horner(&NEAR_TOP, r - 1.6) / horner(&NEAR_BOTTOM, r - 1.6)
    } else {
        horner(&FAR_TOP, r - 5.0) / horner(&FAR_BOTTOM, r - 5.0)
    };
    if q < 0.0 { -value } else { value }
}

#[inline]
fn horner(coefficients: &[f64; 8], x: f64) -> f64 {
    let mut value = coefficients[0];
    for coefficient in &coefficients[1..] {
        value = value * x + coefficient;
    }
    value
}

/// Return a Gamma(shape, 1) draw that belongs to (key, lane, stream).
///
/// Marsaglia and Tsang (2000): a cube of a shifted normal, accepted by a squeeze; a shape below one is
/// raised by one and scaled by u^(1/shape). The attempts are counters of their own, so the number of
/// rejections on one lane changes nothing on another.
pub fn gamma(key: [u32; 2], lane: u32, stream: u32, shape: f64) -> f64 {
    let raised = if shape < 1.0 { shape + 1.0 } else { shape };
    let d = raised - 1.0 / 3.0;
    let c = 1.0 / libm::sqrt(9.0 * d);
    for attempt in 0..GAMMA_ATTEMPTS_MAX {
        let words = philox(key, [attempt, lane, stream, 0]);
        let x = normal(words[0]);
        let root = 1.0 + c * x;
        if root <= 0.0 {
            continue;
        }
        let v = root * root * root;
        if libm::log(uniform(words[1])) < 0.5 * x * x + d - d * v + d * libm::log(v) {
            let scale = if shape < 1.0 { libm::pow(uniform(words[2]), 1.0 / shape) } else { 1.0 };
            return d * v * scale;
        }
    }
    d
}

/// At least 95 of 100 attempts are accepted: 64 rejections in a row do not happen (1e-83), and then the
/// mode stands in.
const GAMMA_ATTEMPTS_MAX: u32 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    // Random123 1.14, examples/kat_vectors, lines `philox4x32 10`.
    #[test]
    fn philox_gives_the_known_answers_of_random123() {
        let all = u32::MAX;
        assert_eq!(philox([0, 0], [0; 4]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox([all; 2], [all; 4]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            philox([0xa409_3822, 0x299f_31d0], [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    // Abramowitz and Stegun, table 26.5, and the symmetric point.
    #[test]
    fn the_normal_quantile_meets_published_points() {
        assert_eq!(normal_quantile(0.5), 0.0);
        assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-14);
        assert!((normal_quantile(1e-9) + 5.997_807_015_007_687).abs() < 1e-13);
        assert!((normal_quantile(1e-20) + 9.262_340_089_798_408).abs() < 1e-13);
    }

    #[test]
    fn gamma_draws_have_their_mean_and_variance() {
        for shape in [0.5, 1.0, 3.7] {
            let draws: Vec<f64> = (0..40_000).map(|lane| gamma([1, 2], lane, 3, shape)).collect();
            let mean = draws.iter().sum::<f64>() / 40_000.0;
            let var = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 40_000.0;
            assert!((mean - shape).abs() < 5.0 * libm::sqrt(shape / 40_000.0), "{shape}: {mean}");
            assert!((var / shape - 1.0).abs() < 0.1, "{shape}: {var}");
        }
    }
}

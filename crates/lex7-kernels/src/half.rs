//! IEEE half precision, by bits: the same on every machine.

/// The nearest half-precision number (ties to even), as bits; what is too large becomes infinite.
pub(crate) fn half_bits(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = ((bits >> 16) & 0x8000) as u16;
    let magnitude = bits & 0x7fff_ffff;
    if magnitude >= 0x4780_0000 {
        return sign | if magnitude > 0x7f80_0000 { 0x7e00 } else { 0x7c00 };
    }
    if magnitude < 0x3880_0000 {
        // Below the normal range a half counts units of 2⁻²⁴; adding 0.5 rounds to them.
        let rounded = f32::from_bits(magnitude) + 0.5;
        return sign | (rounded.to_bits() - 0.5_f32.to_bits()) as u16;
    }
    let odd = (magnitude >> 13) & 1;
    let rounded = magnitude + 0x0fff + odd - 0x3800_0000;
    sign | (rounded >> 13) as u16
}

/// The number a half spells.
#[inline(always)]
pub(crate) fn half_value(bits: u16) -> f32 {
    let sign = (u32::from(bits) & 0x8000) << 16;
    let magnitude = u32::from(bits) & 0x7fff;
    // Shifted into place the exponent is 112 too small; a multiplication repairs it, subnormals too.
    let scaled = f32::from_bits(magnitude << 13) * f32::from_bits(0x7780_0000);
    let value = if magnitude >= 0x7c00 { f32::from_bits((magnitude << 13) | 0x7f80_0000) } else { scaled };
    f32::from_bits(value.to_bits() | sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_reads_back() {
        for bits in 0..=u16::MAX {
            let value = half_value(bits);
            if !value.is_nan() {
                assert_eq!(half_bits(value), bits, "{value}");
            }
        }
    }

    // IEEE 754: 1 + 2⁻¹¹ lies between 1 and 1 + 2⁻¹⁰ and goes to the even one.
    #[test]
    fn ties_go_to_even() {
        assert_eq!(half_value(half_bits(1.0 + 0.000_488_281_25)), 1.0);
        assert_eq!(half_value(half_bits(1.0 + 3.0 * 0.000_488_281_25)), 1.0 + 4.0 * 0.000_488_281_25);
        assert_eq!(half_value(half_bits(65_504.0)), 65_504.0);
        assert_eq!(half_bits(65_520.0), 0x7c00);
        assert_eq!(half_value(half_bits(5.960_464_5e-8)), 5.960_464_5e-8);
    }
}

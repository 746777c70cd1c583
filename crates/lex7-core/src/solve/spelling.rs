//! Integers as JSON text, for certificates with ten thousands of them.

/// Spell rows of integers as a JSON list of lists, without spaces.
pub fn spell_rows(values: &[i64], width: usize) -> String {
    let mut text = String::with_capacity(values.len() * 8 + 2);
    text.push('[');
    for (index, row) in values.chunks(width.max(1)).enumerate() {
        text.push_str(if index == 0 { "[" } else { ",[" });
        for (column, value) in row.iter().enumerate() {
            if column > 0 {
                text.push(',');
            }
            push_integer(&mut text, *value);
        }
        text.push(']');
    }
    text.push(']');
    text
}

fn push_integer(text: &mut String, value: i64) {
    let mut digits = [0u8; 20];
    let mut start = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        text.push('-');
    }
    text.extend(digits[start..].iter().map(|&digit| char::from(digit)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_and_zero_are_spelled_in_full() {
        assert_eq!(
            spell_rows(&[0, -1, i64::MAX, i64::MIN], 2),
            "[[0,-1],[9223372036854775807,-9223372036854775808]]"
        );
        assert_eq!(spell_rows(&[], 3), "[]");
    }
}

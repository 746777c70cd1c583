//! Attribute values as text: entities resolved, line ends and control characters made blanks.

/// Decode an attribute value; true if something in it was not as XML wants it and was replaced.
pub(super) fn decode(raw: &[u8]) -> (String, bool) {
    let lossy = String::from_utf8_lossy(raw);
    let mut broken = matches!(lossy, std::borrow::Cow::Owned(_));
    let mut text = String::with_capacity(lossy.len());
    let mut rest: &str = &lossy;
    while let Some(character) = rest.chars().next() {
        let mut length = character.len_utf8();
        match character {
            '&' => {
                let (resolved, used) = entity(rest).unwrap_or(('\u{fffd}', 1));
                broken |= resolved == '\u{fffd}';
                text.push(resolved);
                length = used;
            }
            '\r' if rest[1..].starts_with('\n') => {} // a line end is one blank
            '\t' | '\n' | '\r' => text.push(' '),
            control if is_forbidden(control) => {
                broken = true;
                text.push(' ');
            }
            other => text.push(other),
        }
        rest = &rest[length..];
    }
    (text, broken)
}

/// The bytes to compare an attribute value by, without decoding where that is not needed.
pub(super) fn is_plain(raw: &[u8]) -> bool {
    raw.iter().all(|&byte| byte >= 0x20 && byte != b'&')
}

fn is_forbidden(character: char) -> bool {
    (character < ' ' && !matches!(character, '\t' | '\n' | '\r'))
        || matches!(character, '\u{fffe}' | '\u{ffff}')
}

/// The character of an entity at the start of a text, and the bytes it takes.
fn entity(text: &str) -> Option<(char, usize)> {
    const LONGEST: usize = 12; // &#x0010FFFF;
    let end = text.bytes().take(LONGEST).position(|byte| byte == b';')?;
    let name = &text[1..end];
    let character = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix('x') {
                Some(hex) if hex.bytes().all(|byte| byte.is_ascii_hexdigit()) => u32::from_str_radix(hex, 16),
                None if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse(),
                _ => return None,
            };
            char::from_u32(code.ok()?).filter(|&character| !is_forbidden(character))?
        }
    };
    Some((character, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_resolved() {
        assert_eq!(decode(b"a&lt;&gt;&amp;&quot;&apos;&#10;&#x41;z"), ("a<>&\"'\nAz".to_owned(), false));
    }

    #[test]
    fn line_ends_become_one_blank() {
        assert_eq!(decode(b"a\r\nb\nc\rd\te"), ("a b c d e".to_owned(), false));
    }

    #[test]
    fn control_characters_and_broken_text_are_survived() {
        assert_eq!(decode(b"a\x0bb"), ("a b".to_owned(), true));
        assert_eq!(decode(b"a\xffb"), ("a\u{fffd}b".to_owned(), true));
        assert_eq!(decode(b"a&nope;b"), ("a\u{fffd}nope;b".to_owned(), true));
        assert_eq!(decode(b"&#11;"), ("\u{fffd}#11;".to_owned(), true));
        assert_eq!(decode(b"&"), ("\u{fffd}".to_owned(), true));
        assert!(decode(b"&#x110000;&#xd800;").1);
    }
}

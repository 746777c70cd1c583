//! Start tags: where one ends, and its attributes, respecting quotes.

use memchr::memchr2;

/// A tag, with all its attributes, longer than this is damage; real ones stay under 2,000 bytes.
pub(super) const TAG_BYTES_MAX: usize = 1 << 16;

/// How a start tag ended; positions count from the start of the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The buffer ends within the tag.
    Unfinished,
    /// `>`: the element stays open. The position after it.
    Open(usize),
    /// `/>`: the element is closed. The position after it.
    Closed(usize),
    /// The tag is damaged; reading goes on at the position.
    Damaged(usize),
}

/// Whether a byte may start a name.
pub(super) fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte == b':' || byte >= 0x80
}

/// The position after the name that starts at `from`, or None if the buffer ends before it does.
pub(super) fn name_end(buffer: &[u8], from: usize) -> Option<usize> {
    let length = buffer[from..].iter().position(|&byte| !is_name(byte))?;
    Some(from + length)
}

/// Read the attributes of a start tag from `at` (the position after its name).
///
/// `attribute` is given each name and raw value in order; what it was given counts only if the tag ends well.
#[inline]
pub(super) fn attributes<'b>(
    buffer: &'b [u8],
    mut at: usize,
    mut attribute: impl FnMut(&'b [u8], &'b [u8]),
) -> Ending {
    loop {
        at = skip_blanks(buffer, at);
        match buffer.get(at) {
            None => return Ending::Unfinished,
            Some(b'>') => return Ending::Open(at + 1),
            Some(b'/') => {
                return match buffer.get(at + 1) {
                    None => Ending::Unfinished,
                    Some(b'>') => Ending::Closed(at + 2),
                    Some(_) => Ending::Damaged(at + 1),
                };
            }
            Some(&byte) if starts_name(byte) => {}
            Some(_) => return Ending::Damaged(at),
        }
        let Some(end) = name_end(buffer, at) else { return Ending::Unfinished };
        let name = &buffer[at..end];
        at = skip_blanks(buffer, end);
        match buffer.get(at) {
            None => return Ending::Unfinished,
            Some(b'=') => at = skip_blanks(buffer, at + 1),
            Some(_) => return Ending::Damaged(at),
        }
        let quote = match buffer.get(at) {
            None => return Ending::Unfinished,
            Some(&quote @ (b'"' | b'\'')) => quote,
            Some(_) => return Ending::Damaged(at),
        };
        let Some(length) = memchr2(quote, b'<', &buffer[at + 1..]) else { return Ending::Unfinished };
        let end = at + 1 + length;
        if buffer[end] == b'<' {
            return Ending::Damaged(end); // `<` never stands in a value: a quote was lost
        }
        attribute(name, &buffer[at + 1..end]);
        at = end + 1;
    }
}

/// The position of the `>` that ends an end tag, or of the `<` that shows it is damaged.
pub(super) fn plain_end(buffer: &[u8], from: usize) -> Option<usize> {
    memchr2(b'>', b'<', &buffer[from..]).map(|length| from + length)
}

#[inline]
fn skip_blanks(buffer: &[u8], mut at: usize) -> usize {
    // Every control character counts as a blank here: real exports hold some.
    while buffer.get(at).is_some_and(|&byte| byte <= b' ') {
        at += 1;
    }
    at
}

fn is_name(byte: u8) -> bool {
    starts_name(byte) || byte.is_ascii_digit() || byte == b'-' || byte == b'.'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<(String, String)>, Ending) {
        let mut found = Vec::new();
        let own = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let ending = attributes(text.as_bytes(), 0, |name, value| found.push((own(name), own(value))));
        (found, ending)
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn quotes_of_both_kinds_and_blanks_are_read() {
        let (found, ending) = read(" a=\"1>2\"\n b = 'x\"y'\x0b/>rest");
        assert_eq!(found, [pair("a", "1>2"), pair("b", "x\"y")]);
        assert_eq!(ending, Ending::Closed(22));
    }

    #[test]
    fn a_lost_quote_ends_at_the_next_tag() {
        assert_eq!(read(" a=\"1 /> <b").1, Ending::Damaged(9));
    }

    #[test]
    fn every_prefix_of_a_good_tag_is_unfinished() {
        let text = " first=\"1\" b='2' />";
        for length in 0..text.len() {
            assert_eq!(read(&text[..length]).1, Ending::Unfinished, "{length}");
        }
        assert_eq!(read(text).1, Ending::Closed(text.len()));
    }
}

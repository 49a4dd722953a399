//! The passwords that are tried first, by everybody.

/// The passwords of 8 characters and more in the list `passwords` of @zxcvbn-ts/language-common
/// 4.1.3 (MIT, see `common.LICENSE`), which are the most frequent ones of published breaches:
/// lower-case, one a line, in the order of their bytes.
const LIST: &str = include_str!("common.txt");

/// Whether the list has the password, given in lower case.
#[must_use]
pub fn is_common(lower: &str) -> bool {
    // The word is between `start` and `end`, which are the beginnings of lines.
    let (mut start, mut end) = (0, LIST.len());
    while start < end {
        let middle = start.midpoint(end);
        let line = LIST[start..middle]
            .rfind('\n')
            .map_or(start, |at| start + at + 1);
        let next = LIST[middle..]
            .find('\n')
            .map_or(LIST.len(), |at| middle + at + 1);
        match LIST[line..next].trim_end_matches('\n').cmp(lower) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => start = next,
            std::cmp::Ordering::Greater => end = line,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_password_of_the_list_is_found_and_no_other() {
        assert!(LIST.is_ascii() && LIST.lines().is_sorted());
        assert!(LIST.lines().count() > 10_000);
        for password in LIST.lines() {
            assert!(is_common(password), "{password}");
            assert!(!is_common(&format!("{password}~")), "{password}");
            assert!(!is_common(&password[..7]), "{password}");
        }
        for password in ["", "~", "correct horse", "correct horse battery staple"] {
            assert!(!is_common(password), "{password}");
        }
    }

    #[test]
    fn those_that_everybody_knows_are_there() {
        for password in [
            "password",
            "12345678",
            "password1",
            "qwertyuiop",
            "trustno1",
        ] {
            assert!(is_common(password), "{password}");
        }
    }
}

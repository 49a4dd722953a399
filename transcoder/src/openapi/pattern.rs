//! A text that a regular expression matches, for examples.

use regex_syntax::hir::{Class, Hir, HirKind};

/// A text of at least `min` and at most `max` characters that `pattern` matches, if one is found
/// by repeating what may be repeated as often as needed.
pub(super) fn sample(pattern: &str, min: usize, max: usize) -> Option<String> {
    const MOST_REPETITIONS: u32 = 256;
    let hir = regex_syntax::parse(pattern).ok()?;
    (0..=MOST_REPETITIONS)
        .filter_map(|extra| {
            let mut text = String::new();
            append(&hir, extra, &mut text)?;
            Some(text)
        })
        .find(|text| (min..=max).contains(&text.chars().count()))
}

/// `extra` is how often an open repetition is done beyond its least.
fn append(hir: &Hir, extra: u32, text: &mut String) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(Class::Unicode(class)) => {
            let ranges = class.ranges();
            let within = |c: &char| ranges.iter().any(|r| r.start() <= *c && *c <= r.end());
            let nice = "abcxyzABC123-_. ".chars().find(within);
            text.push(nice.or_else(|| Some(ranges.first()?.start()))?);
        }
        HirKind::Class(Class::Bytes(class)) => {
            text.push(char::from(class.ranges().first()?.start()))
        }
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(u32::MAX);
            for _ in 0..repetition.min.saturating_add(extra).min(most) {
                append(&repetition.sub, extra, text)?;
            }
        }
        HirKind::Capture(capture) => append(&capture.sub, extra, text)?,
        HirKind::Concat(parts) => parts
            .iter()
            .try_for_each(|part| append(part, extra, text))?,
        HirKind::Alternation(parts) => append(parts.first()?, extra, text)?,
    }
    // Nested repetitions grow fast; nobody needs such an example.
    (text.len() <= 4096).then_some(())
}

#[cfg(test)]
mod tests {
    use super::sample;

    #[test]
    fn samples_match_and_keep_to_the_bounds() {
        assert_eq!(sample("^[A-Z]{2}$", 0, 10).as_deref(), Some("AA"));
        assert_eq!(
            sample("^[a-z]+(-[a-z]+)*$", 3, 10).as_deref(),
            Some("aa-aa")
        );
        assert_eq!(sample(r"^\S(.*\S)?$", 1, 64).as_deref(), Some("a"));
        assert_eq!(
            sample("^(v|w)[0-9]{3,5}x?$", 0, 10).as_deref(),
            Some("v111")
        );
        assert_eq!(sample("^.{5,}$", 0, 3), None);
        assert_eq!(sample("(", 0, 3), None);
    }
}

//! The part of a file that is generated stands between two comments; the rest is written by hand.

use anyhow::{Context as _, Result};

const BEGIN: &str = "# Written by `tradewind k8s generate`: ";
const END: &str = "# End of what is generated.";

/// The text with these lines as its part of this name, as far in as the comments around it.
pub(super) fn fill(
    text: &str,
    part: &str,
    lines: impl IntoIterator<Item = String>,
) -> Result<String> {
    let begin = format!("{BEGIN}{part}\n");
    let missing = || format!("it has no part between {begin:?} and {END:?}");
    let (before, rest) = text.split_once(&begin).with_context(missing)?;
    let (_, after) = rest.split_once(END).with_context(missing)?;
    let indent = before.rsplit('\n').next().unwrap_or_default();
    let mut filled = format!("{before}{begin}");
    for line in lines {
        filled += &format!("{indent}{line}\n");
    }
    Ok(format!("{filled}{indent}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_part_of_that_name_changes() {
        let text = format!("a:\n  {BEGIN}x\n  - old\n  {END}\nb:\n{BEGIN}y\n{END}\nc\n");
        let filled = fill(&text, "x", ["- new".to_owned(), "- newer".to_owned()]);
        let wanted =
            format!("a:\n  {BEGIN}x\n  - new\n  - newer\n  {END}\nb:\n{BEGIN}y\n{END}\nc\n");
        assert_eq!(filled.expect("it has x"), wanted);
        assert!(fill(&text, "z", []).is_err());
    }
}

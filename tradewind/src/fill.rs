//! The part of a file that is generated stands between two comments; the rest is written by hand.

use anyhow::{Context as _, Result};

/// The comments around a part: the first says who writes it, and then its name.
pub(crate) struct Marks {
    pub(crate) begin: &'static str,
    pub(crate) close: &'static str,
    pub(crate) end: &'static str,
}

impl Marks {
    /// The text with these lines as its part of this name, as far in as the comments around it.
    pub(crate) fn fill(
        &self,
        text: &str,
        part: &str,
        lines: impl IntoIterator<Item = String>,
    ) -> Result<String> {
        let begin = format!("{}{part}{}\n", self.begin, self.close);
        let missing = || format!("it has no part between {begin:?} and {:?}", self.end);
        let (before, rest) = text.split_once(&begin).with_context(missing)?;
        let (_, after) = rest.split_once(self.end).with_context(missing)?;
        let indent = before.rsplit('\n').next().unwrap_or_default();
        let mut filled = format!("{before}{begin}");
        for line in lines {
            filled += &format!("{indent}{line}\n");
        }
        Ok(format!("{filled}{indent}{}{after}", self.end))
    }

    /// The names of the parts of a text.
    pub(crate) fn parts<'a>(&self, text: &'a str) -> impl Iterator<Item = &'a str> {
        text.lines().filter_map(|line| {
            let part = line.trim_start().strip_prefix(self.begin)?;
            part.strip_suffix(self.close)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_part_of_that_name_changes() {
        let marks = Marks {
            begin: "<!-- of ",
            close: " -->",
            end: "<!-- end -->",
        };
        let page = |x: &str| {
            let (x_begin, y_begin) = ("<!-- of x -->", "<!-- of y -->");
            format!("a:\n  {x_begin}\n{x}  <!-- end -->\nb:\n{y_begin}\n- other\n<!-- end -->\nc\n")
        };
        let text = page("  - old\n");
        assert_eq!(marks.parts(&text).collect::<Vec<_>>(), ["x", "y"]);
        let filled = marks.fill(&text, "x", ["- new".to_owned(), "- newer".to_owned()]);
        assert_eq!(filled.expect("it has x"), page("  - new\n  - newer\n"));
        assert!(marks.fill(&text, "z", []).is_err());
    }
}

//! A stream of choices: what proptest makes smaller when a test fails.

use proptest::prelude::*;

#[derive(Debug, Clone)]
pub(super) struct Choices {
    left: Vec<u32>,
}

impl Choices {
    pub(super) fn strategy() -> impl Strategy<Value = Self> {
        prop::collection::vec(any::<u32>(), 0..600).prop_map(|left| Self { left })
    }

    /// A number below `bound`; 0 when the choices are used up.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        self.left.pop().map_or(0, |choice| choice % bound)
    }

    pub(super) fn one_in(&mut self, bound: u32) -> bool {
        self.below(bound) == bound - 1
    }

    pub(super) fn bits(&mut self) -> u64 {
        let (high, low) = (self.below(u32::MAX), self.below(u32::MAX));
        let bits = u64::from(high) << 32 | u64::from(low);
        // Small and large numbers are as likely as each other.
        bits >> self.below(64)
    }

    pub(super) fn text(&mut self) -> String {
        const PIECES: [&str; 12] = [
            "a",
            "text",
            "\"",
            "\\",
            "\n",
            "\u{1}",
            "é",
            "€",
            "😀",
            "a long piece of plain text",
            "/",
            "\u{7f}",
        ];
        let length = self.below(5);
        (0..length)
            .map(|_| PIECES[self.below(PIECES.len() as u32) as usize])
            .collect()
    }
}

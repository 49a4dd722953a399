//! Integers of 64 bits are texts in JSON, so what bounds them there is a pattern.

use serde_json::Value;

use super::rules::Rules;

/// The pattern of the integers that the rules allow, in decimal, without zeros in front. Where there
/// is no bound, it counts digits: what of these fits into 64 bits says the schema's `format`.
pub(super) fn pattern(rules: &Rules, is_signed: bool) -> String {
    let bound = |keyword: &str| match rules.keywords.get(keyword)? {
        Value::Number(number) => number.as_i128(),
        _ => None,
    };
    let above = bound("exclusiveMinimum").map(|bound| bound + 1);
    let below = bound("exclusiveMaximum").map(|bound| bound - 1);
    let (lowest, highest) = match is_signed {
        true => (1 - 10_i128.pow(19), 10_i128.pow(19) - 1),
        false => (0, 10_i128.pow(20) - 1),
    };
    let least = bound("minimum").or(above).unwrap_or(lowest);
    let most = bound("maximum").or(below).unwrap_or(highest);
    let is_zero = |value: &Value| value.as_i64() == Some(0);
    let has_zero = rules.may_be_empty || !rules.forbidden.iter().any(is_zero);
    between(least, most, has_zero)
}

fn between(least: i128, most: i128, has_zero: bool) -> String {
    let negative = digits((-most).max(1), -least);
    let positive = digits(least.max(1), most);
    let mut all = Vec::new();
    if has_zero && least <= 0 && most >= 0 {
        all.push("0".to_owned());
    }
    if negative == positive {
        all.push(format!("-?{positive}"));
    } else {
        all.extend((!negative.is_empty()).then(|| format!("-{negative}")));
        all.extend((!positive.is_empty()).then_some(positive));
    }
    format!("^(?:{})$", all.join("|"))
}

/// Numbers that begin alike: `head`, a digit of a range, and so many digits that may be any.
struct Block {
    head: i128,
    first: i128,
    last: i128,
    tail: u32,
}

/// The pattern of positive numbers between two; empty if there are none.
fn digits(mut least: i128, most: i128) -> String {
    let mut blocks: Vec<Block> = Vec::new();
    while least <= most {
        let fits = |tail: &u32| {
            let size = 10_i128.pow(*tail);
            least % size == 0 && least + size - 1 <= most
        };
        let tail = (0..=20).rev().find(fits).unwrap_or_default();
        let (head, digit) = (
            least / 10_i128.pow(tail) / 10,
            least / 10_i128.pow(tail) % 10,
        );
        match blocks.last_mut() {
            Some(block) if block.tail == tail && block.head == head => block.last = digit,
            _ => blocks.push(Block {
                head,
                first: digit,
                last: digit,
                tail,
            }),
        }
        least += 10_i128.pow(tail);
    }
    let mut all: Vec<String> = Vec::new();
    let mut blocks = blocks.iter().peekable();
    while let Some(block) = blocks.next() {
        let mut longest = block.tail;
        while block.is_decade() && blocks.next_if(|next| next.is_decade()).is_some() {
            longest += 1;
        }
        all.push(block.pattern(longest));
    }
    match all.len() {
        0 | 1 => all.concat(),
        _ => format!("(?:{})", all.join("|")),
    }
}

impl Block {
    /// All numbers of so many digits.
    fn is_decade(&self) -> bool {
        (self.head, self.first, self.last) == (0, 1, 9)
    }

    fn pattern(&self, longest: u32) -> String {
        let head = match self.head {
            0 => String::new(),
            head => head.to_string(),
        };
        let digit = match (self.first, self.last) {
            (first, last) if first == last => first.to_string(),
            (first, last) => format!("[{first}-{last}]"),
        };
        let tail = match (self.tail, longest) {
            (_, 0) => String::new(),
            (1, 1) => "[0-9]".to_owned(),
            (least, most) if least == most => format!("[0-9]{{{least}}}"),
            (least, most) => format!("[0-9]{{{least},{most}}}"),
        };
        format!("{head}{digit}{tail}")
    }
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::between;

    #[test]
    fn a_pattern_takes_the_numbers_between_its_bounds_and_no_others() {
        for (least, most) in [(0, 7), (1, 100), (-20, 35), (-45, -3), (98, 1203), (5, 5)] {
            let pattern = between(least, most, true);
            let taken = Regex::new(&pattern).expect("it is a pattern");
            for number in -1500..1500 {
                let is_between = (least..=most).contains(&number);
                let text = number.to_string();
                assert_eq!(taken.is_match(&text), is_between, "{text}, {pattern}");
                assert!(!taken.is_match(&format!("0{text}")), "0{text}, {pattern}");
            }
        }
    }

    #[test]
    fn bounds_of_ten_make_patterns_that_people_can_read() {
        let billion = 1_000_000_000;
        assert_eq!(
            between(-billion, billion, false),
            "^(?:-?(?:[1-9][0-9]{0,8}|1000000000))$"
        );
        let digits = 10_i128.pow(19) - 1;
        assert_eq!(between(0, digits, true), "^(?:0|[1-9][0-9]{0,18})$");
        assert_eq!(between(-digits, digits, true), "^(?:0|-?[1-9][0-9]{0,18})$");
    }
}

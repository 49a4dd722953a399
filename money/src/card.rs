//! Numbers of payment cards, which nobody but a payment provider may see.

/// Whether the text is the number of a payment card: 12 to 19 digits (ISO/IEC 7812-1), perhaps with
/// spaces or dashes in between, whose check digit holds (Luhn).
#[must_use]
pub fn is_card_number(text: &str) -> bool {
    let mut digits = 0;
    let mut sum = 0;
    for byte in text.trim().bytes().rev() {
        match byte {
            b'0'..=b'9' => {
                let digit = u32::from(byte - b'0');
                let doubled = digit * (1 + digits % 2);
                sum += doubled / 10 + doubled % 10;
                digits += 1;
            }
            b' ' | b'-' => {}
            _ => return false,
        }
    }
    (12..=19).contains(&digits) && sum % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::is_card_number;

    #[test]
    fn numbers_of_cards_are_told_from_tokens() {
        for card in [
            "4242424242424242",
            "4242 4242 4242 4242",
            " 3782-822463-10005",
            "6304000000000000",
        ] {
            assert!(is_card_number(card), "{card}");
        }
        for other in [
            "",
            "tok_ok",
            "4242424242424241",
            "42424242424",
            "pm_4242424242424242",
            "00000000000000000000",
        ] {
            assert!(!is_card_number(other), "{other}");
        }
    }
}

//! Finding one of a few hundred names that are known beforehand.

/// A hash table of numbers, whose names somebody else keeps.
#[derive(Debug)]
pub(super) struct Names {
    /// The number plus one; 0 is free. A power of two, at most half full.
    slots: Box<[u32]>,
    shift: u32,
}

impl Names {
    /// The numbers 0.. stand for the names in their order. Of equal names the first one stays.
    pub(super) fn new<'n>(names: impl Iterator<Item = (u32, &'n str)> + Clone) -> Self {
        let size = (names.clone().count() * 2).max(2).next_power_of_two();
        let mut table = Self {
            slots: vec![0; size].into(),
            shift: 64 - size.trailing_zeros(),
        };
        let mut taken: std::collections::HashSet<&str> = std::collections::HashSet::new();
        for (number, name) in names {
            if !taken.insert(name) {
                continue;
            }
            let mut at = table.start(name.as_bytes());
            while table.slots[at] != 0 {
                at = (at + 1) % size;
            }
            table.slots[at] = number + 1;
        }
        table
    }

    #[inline]
    pub(super) fn find<'n>(&self, name: &str, name_of: impl Fn(u32) -> &'n str) -> Option<u32> {
        let mut at = self.start(name.as_bytes());
        loop {
            let number = self.slots[at].checked_sub(1)?;
            if name_of(number) == name {
                return Some(number);
            }
            at = (at + 1) % self.slots.len();
        }
    }

    #[inline]
    fn start(&self, name: &[u8]) -> usize {
        (hash(name) >> self.shift) as usize
    }
}

/// The length, the first and the last eight bytes: enough to tell the names of one message apart.
#[inline]
fn hash(name: &[u8]) -> u64 {
    let (first, last) = match (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => match (name.first_chunk::<4>(), name.last_chunk::<4>()) {
            (Some(first), Some(last)) => (
                u64::from(u32::from_le_bytes(*first)),
                u64::from(u32::from_le_bytes(*last)),
            ),
            _ => {
                let short = name
                    .iter()
                    .fold(0, |hash, &byte| hash << 8 | u64::from(byte));
                (short, 0)
            }
        },
    };
    let mixed = (first ^ (name.len() as u64) << 57).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed.rotate_left(29) ^ last).wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn every_name_is_found_and_no_other() {
        let names: Vec<String> = (0..300)
            .map(|n| format!("{}{n}", "x".repeat(n % 20)))
            .chain(["a", "ab", "abc", ""].map(str::to_owned))
            .collect();
        let numbered = names
            .iter()
            .enumerate()
            .map(|(n, name)| (n as u32, name.as_str()));
        let table = Names::new(numbered.clone());
        for (number, name) in numbered {
            assert_eq!(
                table.find(name, |n| &names[n as usize]),
                Some(number),
                "{name}"
            );
        }
        for missing in ["b", "xx", "abcd", "x-1", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"] {
            assert_eq!(
                table.find(missing, |n| &names[n as usize]),
                None,
                "{missing}"
            );
        }
    }
}

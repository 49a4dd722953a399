use proptest::prelude::*;
use proptest::sample::Index;

use super::check::{Expected, Fault, Kind, OrderRow, Row, check};
use super::*;
use crate::domain::State;

const KEY: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
const OTHER_KEY: &str = "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8=";
const ORDER: Uuid = Uuid::from_u128(0x0192_f0c1_2345_7abc_8def_0123_4567_89ab);

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn key(text: &str) -> SigningKey {
    SigningKey::from_base64(text).unwrap()
}

fn signer(text: &str) -> Signer {
    Signer::new(&key(text), Random::seeded(1))
}

/// Worked out by another program, from docs/AUDIT.md.
#[test]
fn hashes_and_signatures_are_those_of_the_specification() {
    let salt: Salt = std::array::from_fn(|index| index as u8);
    let first = commitment(&salt, "user:0192f0c0-0000-7000-8000-000000000001", "");
    assert_eq!(
        hex(&first),
        "1dc03c81e9c92eff9eaf227dbe5940bc8d11d9d56c576b4700f4597a95a55daf"
    );
    let record = Record {
        order: ORDER,
        sequence: 1,
        old_state: None,
        new_state: "PENDING",
        time: 1_767_225_600_000_001,
        adopt_time: None,
    };
    let first = record.hash(&first, &START);
    assert_eq!(
        hex(&first),
        "27a9016a3602e52cf4aa0f70a0aa487ab7010d6d6d42ab45658355c2e8ff8bc7"
    );
    let second = commitment(&salt, "workload:svc-orders", "zu spät");
    let record = Record {
        sequence: 2,
        old_state: Some("PENDING"),
        new_state: "CONFIRMED",
        time: 1_767_225_601_000_000,
        adopt_time: Some(1_767_225_700_000_000),
        ..record
    };
    let second = record.hash(&second, &first);
    assert_eq!(
        hex(&second),
        "d09b30f9680cfe14e35c30fb5b43d385a7faa06432a2773e3252f1dfec98eb8c"
    );
    assert_eq!(
        key(KEY).public().to_string(),
        "Kay64UG8yvCyLhqU000LxzYeUm0L/hLIl5S8kyKWbdc="
    );
    let signer = signer(KEY);
    assert_eq!(
        hex(&signer.sign(&head(ORDER, 2, &second))),
        "6c9ee7f758e95398121b62c68ebf4011339b59295f4d2316475ed41fe86059d3\
         12906cec283bad81147793c7e5cc2751024c536c016d7874156962f1a6f3540a"
    );
    assert_eq!(
        hex(&signer.erasure(ORDER, 2, &second)),
        "d1d849c1423fd7c41fb42d69c6f4655582072b1ef6d35e0cb311833541948743\
         9dbeed9f30e9f87dfafda2e5cccc848a5c5a019cd1c293b915df5b59f5ba4e0b"
    );
}

#[test]
fn a_key_is_32_bytes_in_base64_and_is_not_shown() {
    assert_eq!(SigningKey::from_base64("c2hvcnQ=").unwrap_err(), BadKey);
    let read = SigningKey::from_base64(&format!("{KEY}\n")).unwrap();
    assert!(!format!("{read:?}").contains(&KEY[..8]));
    let public = read.public();
    assert_eq!(public.to_string().parse(), Ok(public));
}

/// A history of these states, and the order that it is of.
fn history(states: &[State], signer: &Signer) -> (OrderRow, Vec<Row>) {
    let mut rows: Vec<Row> = Vec::new();
    for (sequence, new_state) in (1..).zip(states) {
        let old_state = rows.last().map(|last| last.new_state.clone());
        let record = Record {
            order: ORDER,
            sequence,
            old_state: old_state.as_deref(),
            new_state: new_state.as_str(),
            time: 1_767_225_600_000_000 + sequence,
            adopt_time: (sequence < 3).then_some(1_767_225_700_000_000),
        };
        let (actor, reason) = (format!("user:{sequence}"), format!("reason {sequence}"));
        let previous = rows
            .last()
            .map_or(START, |last| last.hash.clone().try_into().unwrap());
        let link = signer.link(&record, &actor, &reason, previous);
        rows.push(Row {
            sequence,
            time: record.time,
            adopt_time: record.adopt_time,
            old_state,
            new_state: new_state.to_string(),
            actor,
            reason,
            salt: Some(link.salt.to_vec()),
            commitment: link.commitment.to_vec(),
            previous: link.previous.to_vec(),
            hash: link.hash.to_vec(),
            signature: link.signature.to_vec(),
            erasure: None,
        });
    }
    let order = OrderRow {
        state: states.last().unwrap().to_string(),
        version: states.len() as i64,
    };
    (order, rows)
}

fn erase(row: &mut Row, signer: &Signer) {
    row.erasure = Some(signer.erasure(ORDER, row.sequence, &row.hash).to_vec());
    row.salt = None;
    row.actor = ERASED.to_owned();
    row.reason = String::new();
}

fn fault(order: &OrderRow, rows: &[Row]) -> Result<(), Fault> {
    let keys = [key(OTHER_KEY).public(), key(KEY).public()];
    let expected = Expected {
        keys: &keys[1..],
        heads: &[],
        adopted_before: None,
    };
    check(ORDER, Some(order), rows, expected)
}

/// Any way through the table of states.
fn walk() -> impl Strategy<Value = Vec<State>> {
    prop::collection::vec(any::<Index>(), 2..9).prop_map(|choices| {
        let mut states = vec![State::Pending];
        for choice in choices {
            let from = states[states.len() - 1];
            let moves = State::ALL.into_iter();
            let moves: Vec<_> = moves
                .filter(|to| *to == from || from.leads_to(*to))
                .collect();
            states.push(*choice.get(&moves));
        }
        states
    })
}

#[derive(Clone, Copy, Debug)]
enum Tampering {
    /// A column gets another value.
    Edit(u8),
    /// A column gets another event's.
    Borrow(u8),
    Remove,
    /// The later ones close the gap, and the order counts them.
    RemoveAndRenumber,
    /// A copy of another one.
    Insert,
    Swap,
    /// From there on, by another key.
    Rebuild,
    /// By one who has no key for it.
    Erase,
    OrderState,
    OrderVersion,
}

fn tampering() -> impl Strategy<Value = Tampering> {
    prop_oneof![
        (0..14_u8).prop_map(Tampering::Edit),
        (0..9_u8).prop_map(Tampering::Borrow),
        Just(Tampering::Remove),
        Just(Tampering::RemoveAndRenumber),
        Just(Tampering::Insert),
        Just(Tampering::Swap),
        Just(Tampering::Rebuild),
        Just(Tampering::Erase),
        Just(Tampering::OrderState),
        Just(Tampering::OrderVersion),
    ]
}

fn edit(row: &mut Row, column: u8) {
    fn flip(bytes: &mut Vec<u8>) {
        match bytes.last_mut() {
            Some(byte) => *byte ^= 1,
            None => bytes.push(1),
        }
    }
    match column {
        0 => row.sequence += 100,
        1 => row.old_state = Some("DELIVERED!".into()),
        2 => row.new_state = "RETURNED!".into(),
        3 => row.actor.push('0'),
        4 => row.reason.push('0'),
        5 => row.time += 1,
        6 => row.adopt_time = Some(row.adopt_time.unwrap_or(0) + 1),
        7 => flip(row.salt.get_or_insert_default()),
        8 => flip(&mut row.commitment),
        9 => flip(&mut row.previous),
        10 => flip(&mut row.hash),
        11 => flip(&mut row.signature),
        12 => flip(row.erasure.get_or_insert_default()),
        _ => row.hash.clear(),
    }
}

/// Gives the row one of the other's values; `false` if it has it already.
fn borrow(row: &mut Row, other: &Row, column: u8) -> bool {
    fn take<T: PartialEq + Clone>(value: &mut T, other: &T) -> bool {
        let differs = value != other;
        value.clone_from(other);
        differs
    }
    match column {
        0 => take(&mut row.old_state, &other.old_state),
        1 => take(&mut row.new_state, &other.new_state),
        2 => take(&mut row.actor, &other.actor),
        3 => take(&mut row.time, &other.time),
        4 => take(&mut row.salt, &other.salt),
        5 => take(&mut row.commitment, &other.commitment),
        6 => take(&mut row.previous, &other.previous),
        7 => take(&mut row.hash, &other.hash),
        _ => take(&mut row.signature, &other.signature),
    }
}

fn renumber(rows: &mut [Row]) {
    for (sequence, row) in (1..).zip(rows) {
        row.sequence = sequence;
    }
}

/// Tampers with a history. Returns the event that is wrong first, if it is one; `None` if nothing
/// was changed, or nothing that a database alone could tell.
fn tamper(
    how: Tampering,
    (at, other): (usize, usize),
    order: &mut OrderRow,
    rows: &mut Vec<Row>,
) -> Option<Option<i64>> {
    let first = Some(Some(at as i64 + 1));
    match how {
        Tampering::Edit(column) => {
            edit(&mut rows[at], column);
            first
        }
        Tampering::Borrow(column) => {
            let other = rows[other].clone();
            borrow(&mut rows[at], &other, column).then_some(())?;
            first
        }
        Tampering::Remove => {
            rows.remove(at);
            first
        }
        Tampering::RemoveAndRenumber => {
            // The end of a history, cut off with its count, leaves a history that was signed.
            (at + 1 < rows.len()).then_some(())?;
            rows.remove(at);
            renumber(rows);
            order.version -= 1;
            first
        }
        Tampering::Insert => {
            let copy = rows[other].clone();
            rows.insert(at, copy);
            renumber(rows);
            order.version += 1;
            // Before or behind itself it looks the same.
            let place = if at == other { at + 1 } else { at };
            Some(Some(place as i64 + 1))
        }
        Tampering::Swap => {
            (at != other).then_some(())?;
            rows.swap(at, other);
            renumber(rows);
            Some(Some(at.min(other) as i64 + 1))
        }
        Tampering::Rebuild => {
            let signer = signer(OTHER_KEY);
            for index in at..rows.len() {
                let previous = match index {
                    0 => START,
                    _ => rows[index - 1].hash.clone().try_into().unwrap(),
                };
                let row = &mut rows[index];
                let record = Record {
                    order: ORDER,
                    sequence: row.sequence,
                    old_state: row.old_state.as_deref(),
                    new_state: &row.new_state,
                    time: row.time,
                    adopt_time: row.adopt_time,
                };
                let link = signer.link(&record, "user:somebody", "", previous);
                row.actor = "user:somebody".into();
                row.reason = String::new();
                row.salt = Some(link.salt.to_vec());
                row.commitment = link.commitment.to_vec();
                row.previous = link.previous.to_vec();
                row.hash = link.hash.to_vec();
                row.signature = link.signature.to_vec();
                row.erasure = None;
            }
            first
        }
        Tampering::Erase => {
            rows[at].erasure.is_none().then_some(())?;
            erase(&mut rows[at], &signer(OTHER_KEY));
            first
        }
        Tampering::OrderState => {
            let other = State::ALL
                .into_iter()
                .find(|state| state.as_str() != order.state);
            order.state = other.unwrap().to_string();
            Some(None)
        }
        Tampering::OrderVersion => {
            order.version -= 1;
            Some(None)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn an_honest_history_is_found_right_also_when_parts_of_it_are_erased(
        states in walk(),
        erased in any::<Index>(),
    ) {
        let signer = signer(KEY);
        let (order, mut rows) = history(&states, &signer);
        prop_assert_eq!(fault(&order, &rows), Ok(()));
        let erased = erased.index(rows.len());
        erase(&mut rows[erased], &signer);
        prop_assert_eq!(fault(&order, &rows), Ok(()));
    }

    #[test]
    fn whatever_is_tampered_with_is_found_and_named(
        states in walk(),
        how in tampering(),
        at in any::<Index>(),
        other in any::<Index>(),
        erased in any::<Option<Index>>(),
    ) {
        let signer = signer(KEY);
        let (mut order, mut rows) = history(&states, &signer);
        if let Some(erased) = erased {
            let erased = erased.index(rows.len());
            erase(&mut rows[erased], &signer);
        }
        let places = (at.index(rows.len()), other.index(rows.len()));
        let changed = tamper(how, places, &mut order, &mut rows);
        prop_assume!(changed.is_some());
        rows.sort_by_key(|row| row.sequence);
        let found = fault(&order, &rows);
        let found = found.as_ref().map_err(|fault| fault.sequence);
        prop_assert_eq!(found, Err(changed.unwrap()), "{:?}", fault(&order, &rows));
    }
}

/// Heads that were kept elsewhere tell what the database alone does not.
#[test]
fn a_history_that_was_cut_off_or_signed_anew_is_told_by_a_head_that_is_known() {
    let signer = signer(KEY);
    let states = [State::Pending, State::Confirmed, State::Shipped];
    let (order, rows) = history(&states, &signer);
    let keys = [key(KEY).public()];
    let known = [(3, rows[2].hash.clone())];
    let against = |order: &OrderRow, rows: &[Row]| {
        let expected = Expected {
            keys: &keys,
            heads: &known,
            adopted_before: None,
        };
        check(ORDER, Some(order), rows, expected).map_err(|it| (it.sequence, it.kind))
    };
    assert_eq!(against(&order, &rows), Ok(()));
    let (shorter, _) = history(&states[..2], &signer);
    assert_eq!(against(&shorter, &rows[..2]), Err((Some(3), Kind::Removed)));
    let (other, anew) = history(&states, &Signer::new(&key(KEY), Random::seeded(2)));
    assert_eq!(fault(&other, &anew), Ok(()));
    assert_eq!(against(&other, &anew), Err((Some(3), Kind::Edited)));
}

#[test]
fn a_hash_that_was_given_late_is_told_where_none_should_have_been() {
    let (order, rows) = history(&[State::Pending], &signer(KEY));
    let keys = [key(KEY).public()];
    let against = |adopted_before| {
        let expected = Expected {
            keys: &keys,
            heads: &[],
            adopted_before,
        };
        check(ORDER, Some(&order), &rows, expected).map_err(|it| it.kind)
    };
    let adopted = rows[0].adopt_time.unwrap();
    assert_eq!(against(Some(adopted + 1)), Ok(()));
    assert_eq!(against(Some(adopted)), Err(Kind::AdoptedLate));
}

//! JSON that anybody sends.
#![no_main]

mod contract;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((choice, json)) = input.split_first() else {
        return;
    };
    let contract = &contract::CONTRACTS[usize::from(choice >> 1 & 1)];
    let message = contract.messages[usize::from(choice & 1)];
    let mut wire = b"before".to_vec();
    match contract.engine.parse(message, json, &mut wire) {
        Ok(()) => contract::round(&contract.engine, message, &wire[6..]),
        Err(_) => assert_eq!(wire, b"before"),
    }
});

//! Bytes that an upstream answers.
#![no_main]

mod contract;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((choice, wire)) = input.split_first() else {
        return;
    };
    let contract = &contract::CONTRACTS[0];
    contract::round(
        &contract.engine,
        contract.messages[usize::from(choice & 1)],
        wire,
    );
});

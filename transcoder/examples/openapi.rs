//! Prints the OpenAPI document of a descriptor set:
//! `cargo run -p transcoder --example openapi -- descriptors.binpb > openapi.json`

use std::io::Write as _;

use transcoder::openapi::{self, Info, Visibility};
use transcoder::{Options, Transcoder};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("which descriptor set?")?;
    let transcoder = Transcoder::new(&std::fs::read(path)?, &Options::default())?;
    let info = Info {
        title: "Example".to_owned(),
        version: "1".to_owned(),
        ..Info::default()
    };
    let document = openapi::document(&transcoder, &info, &|_| Visibility::Public);
    writeln!(std::io::stdout(), "{document:#}")?;
    Ok(())
}

//! From the bytes of a file to its text.

use anyhow::{Result, ensure};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// What a file says, and how it was read.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) content: String,
    /// For the report: `UTF-8`.
    pub(crate) encoding: String,
    /// Whether some bytes are not of the encoding; U+FFFD stands in their place.
    pub(crate) lossy: bool,
}

impl Text {
    /// Reads by the named encoding (a byte-order mark knows better), else as UTF-8 and, line by
    /// line where that cannot be, as windows-1252: tables that were put together from several
    /// sources hold both.
    pub(crate) fn read(bytes: &[u8], named: Option<&'static Encoding>) -> Result<Text> {
        ensure!(
            !bytes.starts_with(b"PK\x03\x04"),
            "this is an Excel workbook or another archive; save the sheet as CSV"
        );
        let marked = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
        match marked.or(named) {
            Some(encoding) if encoding != UTF_8 => Ok(Text::whole(bytes, encoding)),
            Some(_) if named.is_some() => Ok(Text::whole(bytes, UTF_8)),
            _ => {
                ensure!(
                    !bytes.iter().take(4).any(|byte| *byte == 0),
                    "this looks like UTF-16 without a byte-order mark; name it by --encoding utf-16le or utf-16be, or save the file as UTF-8"
                );
                Ok(Text::line_by_line(
                    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes),
                ))
            }
        }
    }

    fn whole(bytes: &[u8], encoding: &'static Encoding) -> Text {
        let (content, encoding, lossy) = encoding.decode(bytes);
        Text {
            content: content.into_owned(),
            encoding: encoding.name().to_owned(),
            lossy,
        }
    }

    fn line_by_line(bytes: &[u8]) -> Text {
        let mut content = String::with_capacity(bytes.len());
        let (mut legacy, mut lossy) = (0_u64, false);
        for line in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            if let Ok(line) = std::str::from_utf8(line) {
                content.push_str(line);
                continue;
            }
            legacy += 1;
            let (line, _) = WINDOWS_1252.decode_without_bom_handling(line);
            // WHATWG maps the five bytes that windows-1252 leaves out to C1 controls.
            let no_character = |c: char| ('\u{80}'..='\u{9f}').contains(&c);
            lossy |= line.contains(no_character);
            content.extend(line.chars().map(|c| match no_character(c) {
                true => char::REPLACEMENT_CHARACTER,
                false => c,
            }));
        }
        let encoding = match legacy {
            0 => UTF_8.name().to_owned(),
            1 => "UTF-8, one line windows-1252".to_owned(),
            _ => format!("UTF-8, {legacy} lines windows-1252"),
        };
        Text {
            content,
            encoding,
            lossy,
        }
    }
}

/// An encoding by its label in the WHATWG standard, such as `utf-8` or `latin1`.
pub(crate) fn encoding(label: &str) -> Result<&'static Encoding, String> {
    Encoding::for_label_no_replacement(label.as_bytes()).ok_or_else(|| {
        "not known; such as utf-8, windows-1252, iso-8859-2, utf-16le, shift_jis".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Text {
        Text::read(bytes, None).expect("it is text")
    }

    #[test]
    fn utf_8_is_read_with_and_without_a_byte_order_mark() {
        for bytes in ["\u{feff}Café €".as_bytes(), "Café €".as_bytes()] {
            let text = read(bytes);
            assert_eq!(
                (text.content.as_str(), text.encoding.as_str(), text.lossy),
                ("Café €", "UTF-8", false)
            );
        }
    }

    #[test]
    fn lines_that_are_no_utf_8_are_windows_1252_and_the_others_are_not() {
        let text = read(b"Caf\xc3\xa9\nCaf\xe9 \x80\r\nTh\xe9\n");
        assert_eq!(text.content, "Café\nCafé €\r\nThé\n");
        assert_eq!(text.encoding, "UTF-8, 2 lines windows-1252");
        assert!(!text.lossy);
    }

    #[test]
    fn bytes_of_neither_encoding_are_not_passed_over() {
        let text = read(b"Caf\xe9 \x81\n");
        assert_eq!(text.content, "Café \u{fffd}\n");
        assert!(text.lossy);
    }

    #[test]
    fn utf_16_is_read_by_its_mark_or_its_name_and_is_asked_for_otherwise() {
        let utf_16: Vec<u8> = "Thé".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let marked = [b"\xff\xfe".as_slice(), &utf_16].concat();
        assert_eq!(read(&marked).content, "Thé");
        let named = encoding("utf-16le").expect("it is known");
        let text = Text::read(&utf_16, Some(named)).expect("it is text");
        assert_eq!(
            (text.content.as_str(), text.encoding.as_str()),
            ("Thé", "UTF-16LE")
        );
        let told = Text::read(&utf_16, None).expect_err("it could be anything");
        assert!(told.to_string().contains("--encoding"), "{told}");
    }

    #[test]
    fn a_named_encoding_is_taken_at_its_word() {
        let text = Text::read(b"\xb3", Some(encoding("iso-8859-2").expect("it is known")));
        assert_eq!(text.expect("it is text").content, "ł");
        let text = Text::read(b"Caf\xe9", Some(UTF_8)).expect("it is text");
        assert!(text.lossy);
        assert!(encoding("morse").is_err());
    }

    #[test]
    fn a_workbook_is_refused_by_its_name() {
        let told = Text::read(b"PK\x03\x04...", None).expect_err("it is no text");
        assert!(told.to_string().contains("save the sheet as CSV"), "{told}");
    }
}

use super::*;

const FORM: &[u8] = b"ignored\r\n--a b\r\n\
    Content-Disposition: form-data; name=\"title\"\r\n\r\nLamp\r\n--a b  \r\n\
    content-disposition: form-data; name=file; filename=\"a\\\"; b.png\"\r\n\
    Content-Type: image/png\r\n\r\n\r\n--a\r\n-- a b\r\n\r\n--a b\r\n\
    Content-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--a b--\r\nignored";

/// Each part with its content, of a body that comes in pieces.
fn read(body: &[u8], piece: usize) -> Result<Vec<(Part, Vec<u8>)>, MultipartError> {
    let mut form = Multipart::of("Multipart/Form-Data; charset=utf-8; boundary=\"a b\"")
        .expect("it is one")?;
    let mut parts: Vec<(Part, Vec<u8>)> = Vec::new();
    for piece in body.chunks(piece) {
        form.push(piece);
        while let Some(event) = form.next()? {
            match event {
                Event::Part(part) => parts.push((part, Vec::new())),
                Event::Data(data) => {
                    assert!(!data.is_empty());
                    let (_, content) = parts.last_mut().expect("a part began");
                    content.extend_from_slice(&data);
                }
            }
        }
        assert!(form.buffer.len() < piece.len() + MAX_HEADERS);
    }
    form.end()?;
    Ok(parts)
}

#[test]
fn parts_are_the_same_however_the_body_is_cut() {
    let part = |name: &str, file_name: Option<&str>, content_type: &str| Part {
        name: name.to_owned(),
        file_name: file_name.map(str::to_owned),
        content_type: content_type.to_owned(),
    };
    let expected = vec![
        (part("title", None, ""), b"Lamp".to_vec()),
        (
            part("file", Some("a\"; b.png"), "image/png"),
            b"\r\n--a\r\n-- a b\r\n".to_vec(),
        ),
        (part("empty", None, ""), Vec::new()),
    ];
    for piece in 1..=FORM.len() {
        assert_eq!(read(FORM, piece).as_ref(), Ok(&expected), "{piece}");
    }
    assert_eq!(read(b"--a b--", 1), Ok(Vec::new()));
}

#[test]
fn what_is_no_form_is_refused() {
    let part = "--a b\r\nContent-Disposition: form-data; name=x\r\n";
    let long = format!("--a b\r\nx: {}", "y".repeat(MAX_HEADERS));
    let many = format!("{part}\r\n\r\n").repeat(MAX_PARTS + 1);
    for (body, fault) in [
        ("", "the body ended before its last boundary"),
        ("--a b\r\n", "the body ended before its last boundary"),
        (part, "the body ended before its last boundary"),
        ("--a bc\r\n", "a boundary that is longer than announced"),
        ("--a b\r\n\r\n", "a part without a name"),
        ("--a b\r\nx\r\n\r\n", "a header without a colon"),
        (
            "--a b\r\nContent-Disposition: attachment; name=x\r\n\r\n",
            "a part that is no form-data",
        ),
        (
            "--a b\r\nContent-Disposition: form-data; name=\"x\r\n\r\n",
            "a part without a name",
        ),
        (
            "--a b\r\nContent-Transfer-Encoding: base64\r\n\r\n",
            "a part in a content-transfer-encoding",
        ),
        (&long, "headers of more than 8192 bytes"),
        (&many, "more than 256 parts"),
    ] {
        let expected = Err(MultipartError(fault.to_owned()));
        for piece in [1, body.len().max(1)] {
            assert_eq!(read(body.as_bytes(), piece), expected, "{body:.60}");
        }
    }
}

#[test]
fn the_boundary_is_in_the_content_type() {
    assert!(Multipart::of("application/json").is_none());
    for wrong in [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        &format!("multipart/form-data; boundary={}", "x".repeat(71)),
    ] {
        assert!(Multipart::of(wrong).expect("it is one").is_err(), "{wrong}");
    }
}

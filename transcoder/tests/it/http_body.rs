use bytes::Bytes;
use transcoder::{Content, HttpBody, Options, Transcoder};

use crate::{descriptor_set, matched, request_of};

fn files() -> Transcoder {
    Transcoder::new(&descriptor_set("files.proto"), &Options::default()).expect("it can be served")
}

const PNG: Content<'_> = Content::Raw {
    content_type: "image/png",
    data: b"\x89PNG",
};

#[test]
fn a_body_goes_as_it_is() {
    assert_eq!(
        request_of(&files(), "PUT", "/v1/files/a", PNG).as_deref(),
        Ok(r#"{"name":"a","file":{"contentType":"image/png","data":"iVBORw=="}}"#)
    );
    assert_eq!(
        request_of(&files(), "POST", "/v1/raw", PNG).as_deref(),
        Ok(r#"{"contentType":"image/png","data":"iVBORw=="}"#)
    );
    assert_eq!(
        request_of(&files(), "PUT", "/v1/files/a?folder=b&nope=c", PNG),
        Err("nope: is not a query parameter: files.v1.PutFileRequest has no field \"nope\"".into())
    );
    assert_eq!(
        request_of(&files(), "POST", "/v1/folders", PNG),
        Err(": expected JSON".into())
    );
}

#[test]
fn a_stream_has_its_fields_in_the_first_piece() {
    let files = files();
    let upload = matched(&files, "POST", "/v1/files/a:upload");
    assert!(upload.route().takes_http_body() && !upload.route().gives_http_body());
    let first = upload.request_of(Some("folder=b"), PNG).expect("it fits");
    let more = upload.piece(b"more");
    assert_eq!(
        &first[..],
        b"\x1a\x01b\x12\x11\x0a\x09image/png\x12\x04\x89PNG\x0a\x01a"
    );
    assert_eq!(&more[..], b"\x12\x06\x12\x04more");
}

#[test]
fn a_reply_is_what_it_holds() {
    let files = files();
    let png = HttpBody {
        content_type: "image/png".to_owned(),
        data: Bytes::from_static(b"\x89PNG"),
    };
    let get = matched(&files, "GET", "/v1/files/a");
    assert!(get.route().gives_http_body() && !get.route().takes_http_body());
    let wire = Bytes::from_static(b"\x0a\x01a\x12\x0b\x0a\x09image/png\x12\x06\x12\x04\x89PNG");
    assert_eq!(get.route().http_body(wire), Ok(png.clone()));
    assert_eq!(get.route().http_body(Bytes::new()), Ok(HttpBody::default()));
    assert!(
        get.route()
            .http_body(Bytes::from_static(b"\x12\x09x"))
            .is_err()
    );

    let raw = matched(&files, "POST", "/v1/raw");
    let wire = Bytes::from_static(b"\x0a\x09image/png\x12\x04\x89PNG");
    assert_eq!(raw.route().http_body(wire.clone()), Ok(png));
    // It is a part of the message, and no copy.
    let body = raw.route().http_body(wire.clone()).expect("a body");
    assert!(wire.as_ptr_range().contains(&body.data.as_ptr()));
    assert!(
        raw.route()
            .http_body(Bytes::from_static(b"\x12\x09x"))
            .is_err()
    );
}

use transcoder::Content;

use crate::{request_of, shop};

fn form(method: &str, target: &str, form: &str) -> Result<String, String> {
    request_of(&shop(), method, target, Content::Form(form.as_bytes()))
}

#[test]
fn a_form_holds_the_fields_of_the_whole_request() {
    assert_eq!(
        form(
            "PUT",
            "/v1/all/x",
            "i32=5&owner.name=Ada+L%26&texts=a&texts=b&labels[k]=1&text=overruled"
        )
        .as_deref(),
        Ok(r#"{"text":"x","i32":5,"texts":["a","b"],"owner":{"name":"Ada L&"},"labels":{"k":1}}"#)
    );
    assert_eq!(
        form("PUT", "/v1/all/x", "").as_deref(),
        Ok(r#"{"text":"x"}"#)
    );
}

#[test]
fn a_form_holds_the_fields_of_the_field_that_is_the_body() {
    assert_eq!(
        form("POST", "/v1/things?dryRun=true", "title=Lamp&owner.age=3").as_deref(),
        Ok(r#"{"thing":{"title":"Lamp","owner":{"age":3}},"dryRun":true}"#)
    );
    assert_eq!(
        form("POST", "/v1/things", "titel=Lamp&soldOut=yes"),
        Err(
            "thing.titel: is no field of the form: shop.v1.Thing has no field \"titel\"\n\
             thing.soldOut: expected true or false"
                .to_owned()
        )
    );
}

#[test]
fn a_form_of_a_patch_changes_what_it_mentions() {
    let mentioned = "title=&owner.age=3&id=9&created=2030-01-31T00:00:00Z&counts[a]=1&counts[b]=2";
    let request = form("PATCH", "/v1/things/7", mentioned).unwrap();
    // The entries of a map have no order.
    let request: serde_json::Value = serde_json::from_str(&request).unwrap();
    assert_eq!(
        request,
        serde_json::json!({
            "thing": {
                "id": "7",
                "owner": {"age": 3},
                "counts": {"a": 1, "b": 2},
                "created": "2030-01-31T00:00:00Z",
            },
            "updateMask": "title,owner.age,counts",
        })
    );
    assert_eq!(
        form("PATCH", "/v1/things/7?updateMask=title", "title=x").as_deref(),
        Ok(r#"{"thing":{"id":"7","title":"x"},"updateMask":"title"}"#)
    );
}

#[test]
fn what_is_no_message_is_no_form() {
    assert_eq!(
        form("POST", "/v1/things/7/tags", "tags=a"),
        Err("tags: is no message: it cannot be given as a form".to_owned())
    );
    assert_eq!(
        form("POST", "/v1/things/7:touch", "a=b"),
        Err(": this method takes no body".to_owned())
    );
    assert_eq!(
        request_of(&shop(), "PUT", "/v1/all/x", Content::Form(b"text=\xff")),
        Err(": a form is ASCII".to_owned())
    );
}

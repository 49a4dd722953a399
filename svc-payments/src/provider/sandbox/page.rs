//! The pages that a bank would show. They need no script, and no style: what the edge lets pages have.

/// What the buyer is asked.
pub(super) fn question(action_id: &str, amount: &str) -> String {
    let action_id = escaped(action_id);
    page(
        "Confirm your payment",
        &format!(
            "<p>Your bank asks whether you want to pay <strong>{}</strong>.</p>\
             <p>This is the sandbox: no money moves.</p>\
             <form method=\"post\" action=\"./{action_id}:finish?approved=true\">\
             <button type=\"submit\">Approve</button></form>\
             <form method=\"post\" action=\"./{action_id}:finish?approved=false\">\
             <button type=\"submit\">Decline</button></form>",
            escaped(amount)
        ),
    )
}

/// What came of it, and the way back to the shop.
pub(super) fn outcome(said: &str, return_url: Option<&str>) -> String {
    let back = match return_url {
        Some(url) if url.starts_with("https://") || url.starts_with("http://") => {
            format!("<p><a href=\"{}\">Back to the shop</a></p>", escaped(url))
        }
        _ => "<p>You can close this page and go back to the shop.</p>".to_owned(),
    };
    page(said, &back)
}

fn page(title: &str, content: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title></head><body><main><h1>{title}</h1>{content}</main></body></html>\n"
    )
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_no_markup() {
        let page = outcome("Done", Some("https://shop.example/\"><script>"));
        assert!(
            page.contains("https://shop.example/&quot;&gt;&lt;script&gt;"),
            "{page}"
        );
        assert!(!outcome("Done", Some("javascript:alert(1)")).contains("href"));
    }
}

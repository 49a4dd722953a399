//! Addresses of pictures, which others' browsers load.

use url::Url;

/// The longest address, in bytes.
const LONGEST: usize = 2048;
const SCHEME: &str = "https://";

/// A text is no address of a picture.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an https:// address with a host, without a user name, of at most 2048 characters")]
pub(crate) struct UnfitAvatar;

/// Takes an https address; an empty one stands for no picture. Everything else that a page could
/// be made to load or run, `javascript:` and `data:` first of all, is refused.
///
/// # Errors
/// [`UnfitAvatar`].
pub(crate) fn avatar_url(text: String) -> Result<String, UnfitAvatar> {
    if text.is_empty() || is_fit(&text) {
        Ok(text)
    } else {
        Err(UnfitAvatar)
    }
}

fn is_fit(text: &str) -> bool {
    // Browsers read on where RFC 3986 ends (WHATWG URL): `https:///host` and `https://a\@b` have
    // another host there, so neither is taken.
    let Some(rest) = text.strip_prefix(SCHEME) else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_graphic() && c != '\\';
    let is_host = !authority.is_empty() && !authority.contains('@');
    text.len() <= LONGEST && text.chars().all(is_plain) && is_host && Url::parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_https_address_or_none_is_taken() {
        for url in [
            "",
            "https://example.com/a.png",
            "https://images.example:8443/ada?size=64#top",
            "https://[2001:db8::1]/a.png",
            "https://xn--bcher-kva.example/@ada",
        ] {
            assert_eq!(avatar_url(url.to_owned()), Ok(url.to_owned()));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let long = format!("https://example.com/{}", "a".repeat(LONGEST));
        for url in [
            "http://example.com/a.png",
            "javascript:alert(1)",
            "data:image/png;base64,AAAA",
            "//example.com/a.png",
            "ftp://example.com/a.png",
            "https:example.com",
            "https://",
            "https:///example.com",
            "https://?a",
            "https://ada@example.com/",
            "https://ada:secret@example.com/",
            "https://@example.com/",
            "https://example.com\\@evil.example/",
            "https://example.com:port/",
            "https://exa mple.com/",
            " https://example.com/",
            "https://example.com/\n",
            "https://bücher.example/",
            &long,
        ] {
            assert_eq!(avatar_url(url.to_owned()), Err(UnfitAvatar), "{url}");
        }
    }
}

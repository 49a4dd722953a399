//! How long a client is willing to wait.

use std::time::Duration;

use http::HeaderMap;

use crate::failure::Failure;
use crate::protocol::declared;

/// Whoever is willing to wait for longer waits as long as this: a later moment need not exist.
pub(crate) const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What the client asks for, by the header of any protocol.
pub(crate) fn asked(headers: &HeaderMap) -> Result<Option<Duration>, Failure> {
    let mut deadlines = declared::ALL.iter().filter_map(|it| it.deadline.as_ref());
    let named = deadlines.find_map(|one| headers.get(&one.header).map(|value| (one, value)));
    let Some((deadline, value)) = named else {
        return Ok(None);
    };
    let no_duration = || Failure::malformed(format!("{} is no duration", deadline.header));
    let asked = (deadline.read)(value).ok_or_else(no_duration)?;
    Ok(Some(asked.min(LONGEST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked_by(name: &'static str, value: &str) -> Option<Option<Duration>> {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        asked(&headers).ok()
    }

    #[test]
    fn a_client_may_ask_in_seconds_or_as_grpc_does() {
        assert_eq!(asked(&HeaderMap::new()).unwrap(), None);
        assert_eq!(
            asked_by("request-timeout", "2.5"),
            Some(Some(Duration::from_millis(2500)))
        );
        assert_eq!(
            asked_by("grpc-timeout", "250m"),
            Some(Some(Duration::from_millis(250)))
        );
        assert_eq!(
            asked_by("connect-timeout-ms", "1500"),
            Some(Some(Duration::from_millis(1500)))
        );
        assert_eq!(
            asked_by("grpc-timeout", "1H"),
            Some(Some(Duration::from_secs(3600)))
        );
    }

    #[test]
    fn patience_without_end_is_still_a_time_that_clocks_know() {
        for (name, value) in [
            ("request-timeout", "18446744073709549568"),
            ("grpc-timeout", "99999999H"),
        ] {
            let asked = asked_by(name, value).unwrap().unwrap();
            assert_eq!(asked, LONGEST, "{name}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for value in ["", "soon", "-1", "1e3", "inf", "."] {
            assert_eq!(asked_by("request-timeout", value), None, "{value:?}");
        }
        for value in ["", "1.5", "-1", "12345678901"] {
            assert_eq!(asked_by("connect-timeout-ms", value), None, "{value:?}");
        }
        for value in ["", "m", "1", "123456789m", "1 m", "1x", "1é"] {
            assert_eq!(asked_by("grpc-timeout", value), None, "{value:?}");
        }
    }
}

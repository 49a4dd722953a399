//! How a means of payment behaves: its token says so.

use chrono::TimeDelta;

/// What becomes of a payment with this token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) confirmed: Confirmed,
    pub(super) told: Told,
    /// How long money is held, or an action is waited for.
    pub(super) patience: TimeDelta,
    /// How often each event is told.
    pub(super) times: i64,
    pub(super) is_capture_refused: bool,
    pub(super) do_refunds_fail: bool,
    pub(super) is_disputed: bool,
}

/// What confirming it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Confirmed {
    Held,
    Declined(&'static str),
    Action,
    /// It never arrives.
    Nothing,
}

/// How the caller is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    AtOnce,
    /// The reply is lost; asked again, it is told.
    Lost,
    /// The reply is an error that is told again each time, though the thing is done.
    Broken,
    /// After a while.
    Late,
    /// After the event.
    AfterTheEvent,
}

const HELD: Script = Script {
    confirmed: Confirmed::Held,
    told: Told::AtOnce,
    patience: TimeDelta::days(7),
    times: 1,
    is_capture_refused: false,
    do_refunds_fail: false,
    is_disputed: false,
};
const DECLINED: Script = Script {
    confirmed: Confirmed::Declined("insufficient_funds"),
    ..HELD
};
const ACTION: Script = Script {
    confirmed: Confirmed::Action,
    ..HELD
};

/// The behaviour of a token; none if it is not known.
pub(super) fn script(token: &str) -> Option<Script> {
    Some(match token {
        "tok_ok" => HELD,
        "tok_decline_insufficient" => DECLINED,
        "tok_decline_lost" => Script {
            confirmed: Confirmed::Declined("lost_card"),
            ..HELD
        },
        "tok_decline_expired" => Script {
            confirmed: Confirmed::Declined("expired_card"),
            ..HELD
        },
        "tok_action_then_ok" => ACTION,
        "tok_action_then_leave" => Script {
            patience: TimeDelta::minutes(1),
            ..ACTION
        },
        "tok_timeout_then_ok" => Script {
            told: Told::Lost,
            ..HELD
        },
        "tok_timeout_then_decline" => Script {
            told: Told::Lost,
            ..DECLINED
        },
        "tok_timeout_never" => Script {
            confirmed: Confirmed::Nothing,
            told: Told::Lost,
            ..HELD
        },
        "tok_500_once" => Script {
            told: Told::Broken,
            ..HELD
        },
        "tok_slow" => Script {
            told: Told::Late,
            ..HELD
        },
        "tok_capture_refused" => Script {
            is_capture_refused: true,
            ..HELD
        },
        "tok_refund_pending_then_failed" => Script {
            do_refunds_fail: true,
            ..HELD
        },
        "tok_lapses" => Script {
            patience: TimeDelta::minutes(1),
            ..HELD
        },
        "tok_webhook_first" => Script {
            told: Told::AfterTheEvent,
            ..HELD
        },
        "tok_webhook_thrice" => Script { times: 3, ..HELD },
        "tok_dispute" => Script {
            is_disputed: true,
            ..HELD
        },
        _ => return None,
    })
}

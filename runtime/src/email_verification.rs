//! When accounts have to prove their e-mail addresses: several services hold to it.

/// When an account has to prove its e-mail address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum EmailVerification {
    /// Never.
    #[default]
    Off,
    /// Before it places an order.
    BeforeOrder,
    /// Before it signs in, and hence before it places an order.
    BeforeLogin,
}

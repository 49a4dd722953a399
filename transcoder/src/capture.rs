/// What the variables of a template captured.
#[derive(Debug, Clone)]
pub(crate) struct Captures;

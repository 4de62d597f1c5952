//! What the specifications want of a server, requirement by requirement, with the tests that show each.
//! `docs/alto-conformance.md` is written from it ([`super::page`]).

mod contradictions;
mod discovery;
mod rfc7285;
mod rfc8189;
mod rfc8895;
mod rfc8896;
mod rfc9240;
mod rfc9275;
mod rfc9439;
mod rfc9569;

/// All, in the order of the page.
pub(crate) static SPECIFICATIONS: [Specification; 10] = [
    rfc7285::ALL,
    rfc8189::ALL,
    rfc9240::ALL,
    rfc9439::ALL,
    rfc9275::ALL,
    rfc8896::ALL,
    rfc8895::ALL,
    rfc9569::ALL,
    contradictions::ALL,
    discovery::ALL,
];

/// The requirements of one specification, or of some.
pub(crate) struct Specification {
    pub(crate) title: &'static str,
    /// What is said before the table, and after it.
    pub(crate) about: &'static str,
    pub(crate) after: &'static str,
    /// How many there are: none goes missing without a change here.
    pub(crate) count: usize,
    pub(crate) requirements: &'static [Requirement],
}

/// One requirement.
pub(crate) struct Requirement {
    pub(crate) id: &'static str,
    pub(crate) level: Level,
    pub(crate) text: &'static str,
    pub(crate) state: State,
    /// The names of the tests that show what is done.
    pub(crate) tests: &'static [&'static str],
    /// What there is to say besides; of what is not done wholly, what and why.
    pub(crate) note: &'static str,
}

/// How binding it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// MUST, SHALL, REQUIRED.
    Must,
    /// SHOULD, RECOMMENDED.
    Should,
    /// MAY, OPTIONAL.
    May,
    /// What HTTP wants (RFC 9110).
    Http,
}

impl Level {
    pub(crate) const fn letter(self) -> char {
        match self {
            Self::Must => 'M',
            Self::Should => 'S',
            Self::May => 'Y',
            Self::Http => 'H',
        }
    }
}

/// What there is of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Done,
    InPart,
    NotDone,
}

impl State {
    pub(crate) const ALL: [Self; 3] = [Self::Done, Self::InPart, Self::NotDone];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::InPart => "in part",
            Self::NotDone => "not done",
        }
    }
}

impl Requirement {
    const fn done(
        id: &'static str,
        level: Level,
        text: &'static str,
        tests: &'static [&'static str],
    ) -> Self {
        Self {
            id,
            level,
            text,
            state: State::Done,
            tests,
            note: "",
        }
    }

    const fn not_done(
        id: &'static str,
        level: Level,
        text: &'static str,
        reason: &'static str,
    ) -> Self {
        Self {
            id,
            level,
            text,
            state: State::NotDone,
            tests: &[],
            note: reason,
        }
    }

    const fn noting(self, note: &'static str) -> Self {
        Self { note, ..self }
    }

    /// `lacks` says what is not done, and why.
    const fn in_part(self, lacks: &'static str) -> Self {
        Self {
            state: State::InPart,
            note: lacks,
            ..self
        }
    }
}

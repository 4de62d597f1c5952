//! MEF's LSO APIs, as a SOF serves them.
//!
//! | module | serves |
//! |---|---|
//! | [`testing`] | service function testing (Mplify 149), Interlude |

pub(super) mod testing;

//! The testbeds: federations that fit on one machine, to see the broker at work and to test it over
//! real sockets.
//!
//! ```text
//!  testbed 3as --+-- testbed mdo --domain AS1   a process for each MdO, on a loopback address of its own
//!                +-- testbed mdo --domain AS2   |
//!                +-- testbed mdo --domain AS3   | pulled by, or pushing to
//!                +-- testbed brokerd <----------+
//!                |     | with --order it orders from
//!                +-- testbed brokerd            a process for each domain's SOF, in front of its MdO
//!                +-> asks the broker over HTTP, prints, compares with the scenario's expected files
//! ```
//!
//! | module | does |
//! |---|---|
//! | [`scenario`] | folders of data, built in or from disk |
//! | [`mdo`] | the MdO emulator, which can also misbehave |
//! | [`child`] | child processes that die with us |
//! | [`stage`] | a scenario's processes, up and running |
//! | [`checks`], [`compare`] | asking the broker, and comparing with what is expected |
//! | [`order`] | services ordered from the domains' SOFs, and whether all is as it must be then |
//! | [`show`] | what `testbed 3as` prints |
//! | [`internet`] | what `testbed internet` does: a federation as large as the Internet, under load |
//! | [`updates`] | what `testbed updates` does: a map of production size that many watch |
//! | [`cli`] | the command line |
//! | [`world`] | topologies that the world has, read from their formats, and made ones of any size |

mod bgp;
pub mod checks;
pub mod child;
pub mod cli;
pub mod compare;
pub mod internet;
pub mod mdo;
pub mod order;
pub mod scenario;
mod scratch;
pub mod show;
pub mod stage;
pub mod updates;
pub mod world;

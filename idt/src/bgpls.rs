//! BGP-LS (RFC 9552) as a source of topologies: typed NLRI and attributes, what one peer has told,
//! and the domain's topology made of it.
//!
//! ```text
//! octets of one UPDATE --> AdjRib::apply --> AdjRib --> convert --> DomainTopology
//!                           |  Dialect: a peer's own way becomes the standard one
//!                           |  Nlri::decode, Attribute::decode: what cannot be used is left out
//! ```
//!
//! Everything is total on octets from outside: no input panics, a fault costs the object that has
//! it and never its neighbours, and work and memory are bounded by [`Limits`].
//!
//! # Faults (RFC 9552 §8.2.2, as a consumer)
//!
//! * An NLRI is left out (*NLRI discard*) when it is cut off, its TLVs are out of order, a node
//!   descriptor repeats a sub-TLV, or what the object is cannot be known: no local node, no remote
//!   node of a link, no prefix of a prefix, a known descriptor of the wrong length. [`Skip`] says
//!   where and why. NLRI of other types (SRv6 SIDs, candidate paths, private ones) are counted.
//! * An attribute whose TLVs do not add up is dropped whole (*attribute discard*); its NLRI stay.
//! * A TLV of the attribute with a wrong length or an impossible value (a bandwidth that is not a
//!   number) is left out alone and counted: the length of a known TLV is semantics, not syntax.
//! * Unknown TLVs are kept as octets.
//!
//! # The domain
//!
//! It is the peer's, as the settings have it: real routers send no AS at all. An AS sub-TLV (512)
//! is read only to tell other domains apart; the rules are at [`convert`].

mod attribute;
mod dialect;
mod nlri;
mod rib;
mod tlv;
mod topology;

pub use attribute::{
    Attribute, Decoded, LinkDelay, LinkLoss, MinMaxDelay, PeerSid, PeerSidKind, UNRESERVED_LEVELS,
};
pub use dialect::{Dialect, NodeInformation};
pub use nlri::{
    IgpRouterId, LinkDescriptors, LinkIds, LinkNlri, Nlri, NodeDescriptors, NodeNlri, PrefixNlri,
    ProtocolId, Skip, Source, local_asn, split_nlris,
};
pub use rib::{AdjRib, Applied, Entry, Limits};
pub use tlv::{Fault, Rule, Tlv, TooLong};
pub use topology::{Conversion, MAX_LAN_ROUTERS, PassedOver, convert};

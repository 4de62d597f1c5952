//! Where the resources are, and what the directory calls them.

/// The information resource directory (RFC 7285 §9): the only address that a client must know.
pub const DIRECTORY: &str = "/directory";
/// The network map (RFC 7285 §11.2.1).
pub const NETWORK_MAP: &str = "/networkmap";
/// The draft's property map, at the draft's own address (draft-brokermdo-00 §5.5.1).
pub const DRAFT_PROPERTY_MAP: &str = "/propmap/full/inet-ucmspn";
/// The property map with RFC 9240's entity names.
pub const PROPERTY_MAP: &str = "/propmap/full/networkmap-pid";
/// The filtered property map (RFC 9240 §8), by POST.
pub const FILTERED_PROPERTY_MAP: &str = "/propmap/filtered/networkmap-pid";
/// Path vectors, at the draft's own address (draft-brokermdo-00 §5.5.2), by POST.
pub const PATH_VECTORS: &str = "/costmap/pv";

/// Resource ids (RFC 7285 §9.1.1, §10.2): stable, unique in the directory, never reused.
pub mod id {
    /// See [`NETWORK_MAP`](super::NETWORK_MAP).
    pub const NETWORK_MAP: &str = "networkmap";
    /// See [`DRAFT_PROPERTY_MAP`](super::DRAFT_PROPERTY_MAP).
    pub const DRAFT_PROPERTY_MAP: &str = "inet-ucmspn";
    /// See [`PROPERTY_MAP`](super::PROPERTY_MAP).
    pub const PROPERTY_MAP: &str = "networkmap-pid";
    /// See [`FILTERED_PROPERTY_MAP`](super::FILTERED_PROPERTY_MAP).
    pub const FILTERED_PROPERTY_MAP: &str = "networkmap-pid-filtered";
    /// [`PATH_VECTORS`](super::PATH_VECTORS) as `multipart/related`.
    pub const PATH_VECTORS: &str = "pv";
    /// [`PATH_VECTORS`](super::PATH_VECTORS) as a plain cost map.
    pub const PATH_VECTOR_COST_MAP: &str = "pv-costmap";
}

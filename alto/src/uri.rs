//! Where the resources are, and what the directory calls them.

/// The information resource directory (RFC 7285 §9): the only address that a client must know.
pub const DIRECTORY: &str = "/directory";
/// The directory of the full cost maps, linked from [`DIRECTORY`] (RFC 7285 §9.2.4).
pub const COST_MAP_DIRECTORY: &str = "/directory/costmaps";
/// The network map: a PID for each domain (RFC 7285 §11.2.1).
pub const NETWORK_MAP: &str = "/networkmap";
/// The network map by what domains are for.
pub const ROLE_MAP: &str = "/networkmap/role";
/// Parts of [`NETWORK_MAP`] (RFC 7285 §11.3.1), by POST.
pub const FILTERED_NETWORK_MAP: &str = "/networkmap/filtered";
/// Parts of [`ROLE_MAP`], by POST.
pub const FILTERED_ROLE_MAP: &str = "/networkmap/role/filtered";
/// Costs between PIDs of [`NETWORK_MAP`] (RFC 7285 §11.3.2, RFC 8189 §4.1), by POST.
pub const FILTERED_COST_MAP: &str = "/costmap/filtered";
/// Properties of endpoints (RFC 7285 §11.4), by POST.
pub const ENDPOINT_PROPERTIES: &str = "/endpointprop/lookup";
/// Costs between endpoints (RFC 7285 §11.5, RFC 8189 §4.2), by POST.
pub const ENDPOINT_COSTS: &str = "/endpointcost/lookup";
/// The draft's property map, at the draft's own address (draft-brokermdo-00 §5.5.1).
pub const DRAFT_PROPERTY_MAP: &str = "/propmap/full/inet-ucmspn";
/// The property map with RFC 9240's entity names.
pub const PROPERTY_MAP: &str = "/propmap/full/networkmap-pid";
/// The filtered property map (RFC 9240 §8), by POST.
pub const FILTERED_PROPERTY_MAP: &str = "/propmap/filtered/networkmap-pid";
/// Properties of addresses and autonomous systems.
pub const ADDRESS_PROPERTIES: &str = "/propmap/full/addresses";
/// Properties of the PIDs of [`ROLE_MAP`].
pub const ROLE_PROPERTIES: &str = "/propmap/full/networkmap-role-pid";
/// Properties of PIDs, addresses and autonomous systems, by POST.
pub const FILTERED_PROPERTIES: &str = "/propmap/filtered/entities";
/// Properties of abstract network elements that last (RFC 9275 §6.2.4).
pub const ANE_PROPERTIES: &str = "/propmap/full/ane";
/// Parts of [`ANE_PROPERTIES`], by POST.
pub const FILTERED_ANE_PROPERTIES: &str = "/propmap/filtered/ane";
/// Path vectors, at the draft's own address (draft-brokermdo-00 §5.5.2), by POST.
pub const PATH_VECTORS: &str = "/costmap/pv";
/// Updates as server-sent events (RFC 8895 §6), by POST.
pub const UPDATES: &str = "/updates";
/// Views of the versions of resources (RFC 9569 §6), by POST.
pub const TIPS: &str = "/tips";
/// Summaries of the views of [`TIPS`] as server-sent events (RFC 9569 §6.3.3), by POST.
pub const TIPS_SUMMARIES: &str = "/updates/tips";

/// Path vectors between PIDs to the letter of RFC 9275 (§7.2), by POST.
pub const MULTIPART_COST_MAP: &str = "/pathvector/costmap";
/// Path vectors between endpoints (RFC 9275 §7.3), by POST.
pub const MULTIPART_ENDPOINT_COSTS: &str = "/pathvector/endpointcost";

/// Resource ids (RFC 7285 §9.1.1, §10.2): stable, unique over all directories, never reused. The full
/// cost maps have theirs with their cost types.
pub mod id {
    /// See [`COST_MAP_DIRECTORY`](super::COST_MAP_DIRECTORY).
    pub const COST_MAP_DIRECTORY: &str = "costmaps";
    /// See [`NETWORK_MAP`](super::NETWORK_MAP).
    pub const NETWORK_MAP: &str = "networkmap";
    /// See [`ROLE_MAP`](super::ROLE_MAP).
    pub const ROLE_MAP: &str = "networkmap-role";
    /// See [`FILTERED_NETWORK_MAP`](super::FILTERED_NETWORK_MAP).
    pub const FILTERED_NETWORK_MAP: &str = "networkmap-filtered";
    /// See [`FILTERED_ROLE_MAP`](super::FILTERED_ROLE_MAP).
    pub const FILTERED_ROLE_MAP: &str = "networkmap-role-filtered";
    /// See [`FILTERED_COST_MAP`](super::FILTERED_COST_MAP).
    pub const FILTERED_COST_MAP: &str = "costmap-filtered";
    /// See [`ENDPOINT_PROPERTIES`](super::ENDPOINT_PROPERTIES).
    pub const ENDPOINT_PROPERTIES: &str = "endpoint-properties";
    /// See [`ENDPOINT_COSTS`](super::ENDPOINT_COSTS).
    pub const ENDPOINT_COSTS: &str = "endpoint-costs";
    /// See [`DRAFT_PROPERTY_MAP`](super::DRAFT_PROPERTY_MAP).
    pub const DRAFT_PROPERTY_MAP: &str = "inet-ucmspn";
    /// See [`PROPERTY_MAP`](super::PROPERTY_MAP).
    pub const PROPERTY_MAP: &str = "networkmap-pid";
    /// See [`FILTERED_PROPERTY_MAP`](super::FILTERED_PROPERTY_MAP).
    pub const FILTERED_PROPERTY_MAP: &str = "networkmap-pid-filtered";
    /// See [`ADDRESS_PROPERTIES`](super::ADDRESS_PROPERTIES).
    pub const ADDRESS_PROPERTIES: &str = "address-properties";
    /// See [`ROLE_PROPERTIES`](super::ROLE_PROPERTIES).
    pub const ROLE_PROPERTIES: &str = "networkmap-role-pid";
    /// See [`FILTERED_PROPERTIES`](super::FILTERED_PROPERTIES).
    pub const FILTERED_PROPERTIES: &str = "properties-filtered";
    /// See [`FILTERED_ANE_PROPERTIES`](super::FILTERED_ANE_PROPERTIES).
    pub const FILTERED_ANE_PROPERTIES: &str = "ane-properties-filtered";
    /// See [`ANE_PROPERTIES`](super::ANE_PROPERTIES): what defines the entity domain `ane-properties.ane`.
    pub const ANE_PROPERTIES: &str = "ane-properties";
    /// [`PATH_VECTORS`](super::PATH_VECTORS) as `multipart/related`.
    pub const PATH_VECTORS: &str = "pv";
    /// [`PATH_VECTORS`](super::PATH_VECTORS) as a plain cost map.
    pub const PATH_VECTOR_COST_MAP: &str = "pv-costmap";
    /// See [`MULTIPART_COST_MAP`](super::MULTIPART_COST_MAP).
    pub const MULTIPART_COST_MAP: &str = "path-vector-costmap";
    /// See [`MULTIPART_ENDPOINT_COSTS`](super::MULTIPART_ENDPOINT_COSTS).
    pub const MULTIPART_ENDPOINT_COSTS: &str = "path-vector-endpointcost";
    /// See [`UPDATES`](super::UPDATES).
    pub const UPDATE_STREAM: &str = "update-stream";
    /// See [`TIPS`](super::TIPS).
    pub const TIPS: &str = "tips";
    /// See [`TIPS_SUMMARIES`](super::TIPS_SUMMARIES).
    pub const TIPS_SUMMARIES: &str = "tips-stream";
}

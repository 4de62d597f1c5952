//! What the specifications want, one test per clause and named after it; laws over random
//! federations; and peers that are not ours.

#![expect(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

mod calendar_laws;
mod cost_laws;
mod costs;
mod directories;
mod draft;
mod entity_laws;
mod federation;
mod laws;
mod measured_laws;
mod network_maps;
mod page;
mod path_vector_laws;
mod path_vectors;
mod peers;
mod requirements;
mod rfc7285;
mod rfc8189;
mod rfc8895;
mod rfc8896;
mod rfc8896_paths;
mod rfc9240;
mod rfc9240_anes;
mod rfc9240_entities;
mod rfc9275;
mod rfc9439;
mod rfc9569;
mod tolerance;
mod update_laws;

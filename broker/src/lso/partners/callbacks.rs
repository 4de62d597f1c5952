//! At which address which partner notifies us. A part of the address is a secret between the partner and us.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use nffg::DomainId;

/// Where callbacks are, on this server: the token follows, then the path of the notification API.
pub const CALLBACKS: &str = "/broker/v1/callbacks/";

/// The partners by the hash of their token: a look-up by hash takes no longer for a token that is nearly right.
#[derive(Debug, Default)]
pub struct Callbacks {
    by_token: RwLock<HashMap<[u8; 32], DomainId>>,
}

impl Callbacks {
    /// A token that nobody guesses: 122 bits of the system's randomness.
    #[must_use]
    pub fn token() -> String {
        uuid::Uuid::new_v4().simple().to_string()
    }

    /// The callback of a token.
    #[must_use]
    pub fn url(public_url: &str, token: &str) -> String {
        format!("{}{CALLBACKS}{token}", public_url.trim_end_matches('/'))
    }

    /// The partner that notifies us under this token.
    #[must_use]
    pub fn partner(&self, token: &str) -> Option<DomainId> {
        let known = self.by_token.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&hash(token)).cloned()
    }

    /// From now on, this partner notifies us under this token, and under no other.
    pub fn expect(&self, partner: &DomainId, token: &str) {
        let known = self.by_token.write();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, of| of != partner);
        known.insert(hash(token), partner.clone());
    }

    /// From now on, this partner does not notify us.
    pub fn forget(&self, partner: &DomainId) {
        let known = self.by_token.write();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, of| of != partner);
    }
}

fn hash(token: &str) -> [u8; 32] {
    *blake3::hash(token.as_bytes()).as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_partners_until_it_gets_another() {
        let callbacks = Callbacks::default();
        let (two, three) = ("AS2".parse().unwrap(), "AS3".parse().unwrap());
        let tokens = [Callbacks::token(), Callbacks::token(), Callbacks::token()];
        callbacks.expect(&two, &tokens[0]);
        callbacks.expect(&three, &tokens[1]);
        assert_eq!(callbacks.partner(&tokens[0]), Some(two.clone()));
        assert_eq!(callbacks.partner(&tokens[1]), Some(three.clone()));
        assert_eq!(callbacks.partner(&tokens[2]), None);
        callbacks.expect(&two, &tokens[2]);
        assert_eq!(callbacks.partner(&tokens[0]), None);
        callbacks.forget(&two);
        assert_eq!(callbacks.partner(&tokens[2]), None);
        assert_eq!(callbacks.partner(&tokens[1]), Some(three));
    }

    #[test]
    fn a_callback_is_below_the_public_url() {
        for base in ["https://b.example", "https://b.example/"] {
            assert_eq!(
                Callbacks::url(base, "t"),
                "https://b.example/broker/v1/callbacks/t"
            );
        }
    }
}

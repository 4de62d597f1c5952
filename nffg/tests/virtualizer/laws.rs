//! Laws: reading gives back what was written, and nothing makes it panic.

use nffg::virtualizer;
use proptest::prelude::*;

use super::views;

proptest! {
    // A failure that is found becomes a test of its own.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decode_undoes_encode(view in views::view()) {
        let text = virtualizer::encode(&view);
        prop_assert_eq!(virtualizer::decode(text.as_bytes()).unwrap(), view, "{}", text);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = virtualizer::decode(&bytes);
    }

    /// Cut and doubled pieces of a good document are refused or read, and never lose a fault's place.
    #[test]
    fn damaged_documents_are_told_apart(
        view in views::view(),
        from in any::<prop::sample::Index>(),
        length in 0..40_usize,
    ) {
        let text = virtualizer::encode(&view);
        let characters: Vec<char> = text.chars().collect();
        let from = from.index(characters.len());
        let damaged: String =
            characters[..from].iter().chain(characters.iter().skip(from + length)).collect();
        if let Err(error) = virtualizer::decode(damaged.as_bytes()) {
            prop_assert!(!error.faults().is_empty());
            let lines = u32::try_from(damaged.lines().count().max(1) + 1).unwrap();
            for fault in error.faults() {
                prop_assert!(fault.position.is_some_and(|place| place.line <= lines), "{}", fault);
            }
        }
    }
}

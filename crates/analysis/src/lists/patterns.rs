//! Words to look for in text: thousands of them are found in one pass over it (Aho and Corasick, 1975).

use std::borrow::Cow;

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError};
use datafusion::common::HashMap;

/// How a word must stand in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Anywhere, also within a longer word.
    Anywhere,
    /// Alone: no letter or digit before or after it.
    Alone,
}

/// Words to look for, whatever the case of letters.
#[derive(Debug, Clone)]
pub struct Patterns {
    words: AhoCorasick,
    standing: Standing,
}

impl Patterns {
    /// Patterns of these words, which are in lower case, as `to_lowercase` gives it, or in ASCII.
    ///
    /// # Errors
    /// More words than the automaton can number: billions.
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>, standing: Standing) -> Result<Self, BuildError> {
        let words = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            // Small and quick to build: a query may ask for a handful of rows.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(words.into_iter().filter(|word| !word.is_empty()))?;
        Ok(Self { words, standing })
    }

    /// Of each text, whether a word stands in it. Clicks name the same few agents and companies again and again: each text is
    /// searched once.
    pub fn are_in_each<'a>(&self, texts: impl Iterator<Item = Option<&'a str>>) -> Vec<Option<bool>> {
        let mut known: HashMap<&str, bool> = HashMap::new();
        let mut look_up = |text| *known.entry(text).or_insert_with(|| self.are_in(text));
        texts.map(|text| text.map(&mut look_up)).collect()
    }

    /// True where a word stands in the text.
    #[must_use]
    pub fn are_in(&self, text: &str) -> bool {
        // The automaton knows no case of other letters; hardly any text has them.
        let lower = if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(text.to_lowercase()) };
        let text = lower.as_ref();
        match self.standing {
            Standing::Anywhere => self.words.is_match(text),
            Standing::Alone => self.words.find_overlapping_iter(text).any(|found| {
                let before = text[..found.start()].chars().next_back();
                let after = text[found.end()..].chars().next();
                !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn alone_or_anywhere() {
        let alone = Patterns::new(["OVH", "Amazon", "Google Cloud"], Standing::Alone).unwrap();
        for inside in ["Ovh Sas", "AMAZON.com Inc.", "the google cloud", "AS16509 amazon-02", "bovh ovh", "ovh"] {
            assert!(alone.are_in(inside), "{inside}");
        }
        for outside in ["Bovhill Telecom", "Amazonas Net", "Google", "", "éovh"] {
            assert!(!alone.are_in(outside), "{outside}");
        }
        let letters = Patterns::new(["österreichische cloud", "облако"], Standing::Alone).unwrap();
        for inside in ["Österreichische Cloud", "ÖSTERREICHISCHE CLOUD", "ООО ОБЛАКО", "Облако"] {
            assert!(letters.are_in(inside), "{inside}");
        }
        let anywhere = Patterns::new(["bot", "curl/"], Standing::Anywhere).unwrap();
        assert!(anywhere.are_in("Mozilla/5.0 (compatible; AhrefsBot/7.0)") && anywhere.are_in("CURL/8"));
        assert!(!anywhere.are_in("curly"));
        assert!(!Patterns::new([], Standing::Anywhere).unwrap().are_in("anything"));
    }

    proptest! {
        #[test]
        fn agrees_with_looking_for_each(words in prop::collection::vec("[ab]{1,3}", 0..6), text in "[abAB .é]{0,30}") {
            let lower = text.to_lowercase();
            let anywhere = Patterns::new(words.iter().map(String::as_str), Standing::Anywhere).unwrap();
            prop_assert_eq!(anywhere.are_in(&text), words.iter().any(|word| lower.contains(word.as_str())));
            let alone = Patterns::new(words.iter().map(String::as_str), Standing::Alone).unwrap();
            let tokens: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
            prop_assert_eq!(alone.are_in(&text), words.iter().any(|word| tokens.contains(&word.as_str())));
        }
    }
}

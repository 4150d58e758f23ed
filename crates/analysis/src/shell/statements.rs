//! Where statements end in what is typed.
//!
//! Owns which `;` ends a statement: those outside quotes and comments, by the tokens of the parser that reads the
//! statement afterwards.

use std::ops::Range;

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Whitespace};

/// True for a command of the shell, such as `\d clicks`.
pub(super) fn is_command(text: &str) -> bool {
    text.trim_start().starts_with('\\')
}

/// True where nothing is asked: space and comments.
pub(super) fn is_blank(text: &str) -> bool {
    let (tokens, problem) = tokens(text);
    problem.is_none() && tokens.iter().all(|token| matches!(token.token, Token::Whitespace(_)))
}

/// True where nothing is to follow: a command, nothing at all, or statements that have all ended.
pub(super) fn is_complete(text: &str) -> bool {
    if is_command(text) {
        return true;
    }
    let (_, rest) = split(text);
    is_blank(&text[rest..])
}

/// True where the next character belongs to a quote or a comment.
pub(super) fn is_in_text(before: &str) -> bool {
    let (tokens, problem) = tokens(before);
    let is_in_comment = tokens.last().is_some_and(|token| match &token.token {
        Token::Whitespace(Whitespace::SingleLineComment { comment, .. }) => !comment.ends_with('\n'),
        _ => false,
    });
    problem.is_some() || is_in_comment
}

/// The bytes of each statement that has ended, its `;` included, and the byte at which the rest begins.
pub(super) fn split(text: &str) -> (Vec<Range<usize>>, usize) {
    let (tokens, problem) = tokens(text);
    let offsets = Offsets::of(text);
    let ends = tokens.iter().filter(|token| token.token == Token::SemiColon);
    let mut ends: Vec<usize> = ends.map(|token| offsets.of_location(token.span.end)).collect();
    // What can never become a token is for the parser to refuse, once its line seems to end.
    if problem == Some(Problem::Wrong) && text.trim_end().ends_with(';') {
        ends.push(text.len());
    }
    let mut begin = 0;
    let mut statements = Vec::new();
    for end in ends {
        statements.push(begin..end);
        begin = end;
    }
    // Two `;` in a row enclose nothing.
    statements.retain(|range| !is_blank(text[range.clone()].trim_end_matches(';')));
    (statements, begin)
}

/// Why a text has no more tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Problem {
    /// A quote or a comment has not ended yet.
    Unfinished,
    /// No text that follows makes this SQL.
    Wrong,
}

fn tokens(text: &str) -> (Vec<TokenWithSpan>, Option<Problem>) {
    let mut tokens = Vec::new();
    let read = Tokenizer::new(&GenericDialect {}, text).tokenize_with_location_into_buf(&mut tokens);
    let problem = read.err().map(|error| {
        // The tokenizer tells its reasons apart in words only.
        let is_open =
            ["Unterminated", "before EOF", "Unexpected EOF"].iter().any(|words| error.message.contains(words));
        if is_open { Problem::Unfinished } else { Problem::Wrong }
    });
    (tokens, problem)
}

/// From the tokenizer's lines and columns, which count characters from 1, to bytes.
struct Offsets<'a> {
    lines: Vec<(usize, &'a str)>,
    end: usize,
}

impl<'a> Offsets<'a> {
    fn of(text: &'a str) -> Self {
        let begins = std::iter::once(0).chain(text.match_indices('\n').map(|(newline, _)| newline + 1));
        Self { lines: begins.map(|begin| (begin, &text[begin..])).collect(), end: text.len() }
    }

    fn of_location(&self, location: Location) -> usize {
        let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1);
        let Some((begin, rest)) = self.lines.get(number(location.line)) else { return self.end };
        rest.char_indices().nth(number(location.column)).map_or(self.end, |(byte, _)| begin + byte)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pieces(text: &str) -> (Vec<&str>, &str) {
        let (whole, rest) = split(text);
        (whole.into_iter().map(|range| &text[range]).collect(), &text[rest..])
    }

    #[test]
    fn a_semicolon_ends_a_statement_where_it_is_none_of_a_text() {
        assert_eq!(pieces("SELECT 1; SELECT 2;\n"), (vec!["SELECT 1;", " SELECT 2;"], "\n"));
        assert_eq!(
            pieces("SELECT ';' AS \";\" -- ;\n/* ; */ FROM a"),
            (vec![], "SELECT ';' AS \";\" -- ;\n/* ; */ FROM a")
        );
        assert_eq!(pieces("SELECT 'é;'; x").0, ["SELECT 'é;';"]);
        assert_eq!(pieces(";;\n; SELECT 1;;").0, [" SELECT 1;"]);
        assert_eq!(pieces("SELECT 1;\n\nSELECT\n'ü' ; rest"), (vec!["SELECT 1;", "\n\nSELECT\n'ü' ;"], " rest"));
    }

    #[test]
    fn what_is_open_goes_on() {
        for open in ["SELECT 1", "SELECT 'it;", "SELECT \"a;", "SELECT 1 /* ;", "SELECT 1; SELECT", "WITH a AS (\n"] {
            assert!(!is_complete(open), "{open}");
        }
        for complete in
            ["", "  \n", "-- nothing", "SELECT 1;", "SELECT 1; -- that", "\\d clicks", "  \\?", "SELECT U&'\\;';"]
        {
            assert!(is_complete(complete), "{complete}");
        }
    }

    proptest! {
        /// Nothing is lost and nothing asked twice, whatever is typed.
        #[test]
        fn statements_and_rest_are_the_text(text in "[a-z';\"/*\\-\\n é$]{0,40}") {
            let (whole, rest) = split(&text);
            let mut begin = 0;
            for range in whole {
                prop_assert!(range.start >= begin && range.end > range.start);
                prop_assert!(is_blank(&text[begin..range.start].replace(';', " ")));
                prop_assert!(text[range.clone()].ends_with(';') || range.end == text.len());
                begin = range.end;
            }
            prop_assert!(rest >= begin && rest <= text.len());
        }
    }
}

//! The commands of the shell, which begin with a backslash as in psql.

use crate::suggestion::closest;

/// A command, its arguments, and what it does.
pub(super) const COMMANDS: [(&str, &str, &str); 11] = [
    ("\\?", "", "what can be typed here, and how things are set"),
    ("\\d", "[TABLE]", "the tables; or the columns of one"),
    ("\\l", "[NAME|WORD ...]", "the catalogue; what has these words; all about one"),
    ("\\sql", "NAME", "the SQL of a query of the catalogue"),
    ("\\run", "NAME [PARAM=VALUE ...]", "answer a query of the catalogue, or a FILE.sql"),
    ("\\from", "[T]", "the first second asked about; alone, the lake's first"),
    ("\\to", "[T]", "the last second; alone, the lake's last"),
    ("\\timezone", "[IANA]", "the zone of both and of $timezone; alone, UTC"),
    ("\\account", "[NAME]", "only this account's rows; alone, all"),
    ("\\format", "[FORMAT]", "table, csv, json, ndjson, markdown or html"),
    ("\\q", "", "leave; so does Ctrl-D"),
];

/// What a command means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// Says what can be typed.
    Help,
    /// Ends the shell.
    Leave,
    /// Lists the tables.
    Tables,
    /// Lists the columns of a table.
    Columns(String),
    /// Lists queries.
    List(Vec<String>),
    /// Prints the SQL of a query.
    Sql(String),
    /// Answers a query.
    Run(String, Vec<String>),
    /// Changes what is asked about, or how it is shown.
    Set(Setting, Option<String>),
}

/// What can be changed between statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    From,
    To,
    TimeZone,
    Account,
    Format,
}

/// A command that cannot be meant.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// No such command.
    #[error("no command {wanted}; {hint}")]
    Unknown {
        /// What was typed.
        wanted: String,
        /// What to type.
        hint: String,
    },
    /// Too few arguments, or too many.
    #[error("write {0}")]
    Usage(String),
    /// A quote that does not end.
    #[error("a quote is not closed")]
    Quote,
    /// No such format.
    #[error("no format '{0}': {1}")]
    Format(String, String),
}

impl Command {
    /// Reads a line that begins with a backslash. Arguments may be quoted as in a shell.
    ///
    /// # Errors
    /// No such command, or not its arguments.
    pub(super) fn parse(line: &str) -> Result<Command, CommandError> {
        let line = line.trim().trim_end_matches(';');
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let words = shlex::split(rest).ok_or(CommandError::Quote)?;
        let mut words = words.into_iter();
        let command = match name {
            "\\?" | "\\h" | "\\help" => Command::Help,
            "\\q" | "\\quit" => Command::Leave,
            "\\d" => words.next().map_or(Command::Tables, Command::Columns),
            "\\l" | "\\list" => Command::List(words.by_ref().collect()),
            "\\sql" => Command::Sql(words.next().ok_or_else(|| usage(name))?),
            "\\run" => Command::Run(words.next().ok_or_else(|| usage(name))?, words.by_ref().collect()),
            "\\from" => Command::Set(Setting::From, time(&mut words)),
            "\\to" => Command::Set(Setting::To, time(&mut words)),
            "\\timezone" => Command::Set(Setting::TimeZone, words.next()),
            "\\account" => Command::Set(Setting::Account, words.next()),
            "\\format" => Command::Set(Setting::Format, words.next()),
            _ => return Err(unknown(name)),
        };
        if words.next().is_some() { Err(usage(name)) } else { Ok(command) }
    }
}

/// A date and a time of day may be two words.
fn time(words: &mut impl Iterator<Item = String>) -> Option<String> {
    let typed = words.collect::<Vec<_>>().join(" ");
    (!typed.is_empty()).then_some(typed)
}

fn usage(name: &str) -> CommandError {
    let known = COMMANDS.iter().find(|(known, ..)| *known == name);
    CommandError::Usage(known.map_or_else(
        || format!("{name} alone"),
        |(name, arguments, _)| format!("{name} {arguments}").trim_end().to_owned(),
    ))
}

fn unknown(wanted: &str) -> CommandError {
    let hint = match closest(wanted, COMMANDS.iter().map(|(name, ..)| *name)) {
        Some(similar) => format!("did you mean {similar}? \\? shows all"),
        None => "\\? shows all".to_owned(),
    };
    CommandError::Unknown { wanted: wanted.to_owned(), hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_what_they_say() {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        for (line, expected) in [
            ("\\?", Command::Help),
            ("  \\q;", Command::Leave),
            ("\\d", Command::Tables),
            ("\\d clicks;", Command::Columns("clicks".into())),
            ("\\list data centre", Command::List(owned(&["data", "centre"]))),
            ("\\run x by='a b' n=1", Command::Run("x".into(), owned(&["by=a b", "n=1"]))),
            ("\\from 2026-03-02 10:00:00", Command::Set(Setting::From, Some("2026-03-02 10:00:00".into()))),
            ("\\timezone", Command::Set(Setting::TimeZone, None)),
        ] {
            assert_eq!(Command::parse(line), Ok(expected), "{line}");
        }
    }

    #[test]
    fn what_is_no_command_is_said_with_what_is() {
        let said = |line| Command::parse(line).unwrap_err().to_string();
        assert_eq!(said("\\fromat csv"), "no command \\fromat; did you mean \\format? \\? shows all");
        assert_eq!(said("\\run"), "write \\run NAME [PARAM=VALUE ...]");
        assert_eq!(said("\\q now"), "write \\q");
        assert_eq!(said("\\d clicks coverage"), "write \\d [TABLE]");
        assert_eq!(said("\\run 'a"), "a quote is not closed");
    }

    #[test]
    fn every_command_that_is_shown_is_one() {
        for (name, ..) in COMMANDS {
            let read = Command::parse(&format!("{name} x"));
            assert!(!matches!(read, Err(CommandError::Unknown { .. })), "{name}");
        }
    }
}

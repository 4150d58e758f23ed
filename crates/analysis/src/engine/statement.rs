//! From text to a checked statement: exactly one, and one that only reads.
//!
//! Owns what SQL may be asked at all. Promises that what passes is a query, an EXPLAIN of one, or a DESCRIBE of a
//! table, and that every `$name` in it is a known parameter. Parameters stay placeholders; values are bound to the plan,
//! never written into the text.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use datafusion::common::ScalarValue;
use datafusion::sql::sqlparser::ast::{
    DescribeAlias, Expr as SqlExpr, Ident, Select, SelectItem, SetExpr, Statement, Value, ValueWithSpan, Visit,
    VisitMut, Visitor, VisitorMut, visit_relations,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Token;

use super::association;
use super::sql_error::{Place, SqlError, SqlText};
use crate::suggestion::closest;

/// The values that `$name` stands for, by name.
pub type Parameters = BTreeMap<String, ScalarValue>;

/// Parses and checks.
///
/// # Errors
/// Points at what is not SQL, not alone, not read-only, or not a known parameter.
pub fn parse(text: &SqlText, parameters: &Parameters) -> Result<Statement, Box<SqlError>> {
    let mut statement = parse_one(text)?;
    check_reads_only(text, &statement)?;
    check_parameters(text, &statement, parameters)?;
    let _ = VisitMut::visit(&mut statement, &mut Placeholders { parameters });
    association::nest_in_halves(&mut statement);
    Ok(statement)
}

/// The names of the tables that a statement reads, those of its own WITH clauses included.
///
/// # Errors
/// As [`parse`], parameters aside.
pub fn tables_read(text: &SqlText) -> Result<BTreeSet<String>, Box<SqlError>> {
    let statement = parse_one(text)?;
    check_reads_only(text, &statement)?;
    let mut names = BTreeSet::new();
    let _ = visit_relations(&statement, |relation| {
        names.extend(relation.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.clone()));
        ControlFlow::<()>::Continue(())
    });
    Ok(names)
}

fn parse_one(text: &SqlText) -> Result<Statement, Box<SqlError>> {
    let parsed = |error| Box::new(SqlError::from_parser(text, &error));
    let mut parser = Parser::new(&GenericDialect {}).try_with_sql(&text.sql).map_err(parsed)?;
    while parser.consume_token(&Token::SemiColon) {}
    if parser.peek_token().token == Token::EOF {
        return Err(Box::new(SqlError::new(text, "there is no statement, only comments or nothing", None)));
    }
    // What writes is refused as such, also in a dialect that the parser does not know.
    let first = parser.peek_token().token.to_string().to_uppercase();
    let statement = parser
        .parse_statement()
        .map_err(|error| if WRITERS.contains(&first.as_str()) { refusal(text, &first) } else { parsed(error) })?;
    let mut separated = false;
    while parser.consume_token(&Token::SemiColon) {
        separated = true;
    }
    let next = parser.peek_token();
    if next.token == Token::EOF {
        return Ok(statement);
    }
    let start = next.span.start;
    let place = Place {
        line: usize::try_from(start.line).unwrap_or(1).max(1),
        column: usize::try_from(start.column).unwrap_or(1).max(1),
        width: next.token.to_string().chars().count(),
    };
    let message = if separated {
        "one statement at a time: here a second one begins".to_owned()
    } else {
        format!("expected the end of the statement, found: {}", next.token)
    };
    Err(Box::new(SqlError::new(text, message, Some(place))))
}

fn check_reads_only(text: &SqlText, statement: &Statement) -> Result<(), Box<SqlError>> {
    let reads = match statement {
        Statement::Query(query) => match query.body.as_ref() {
            SetExpr::Select(select) if select.into.is_some() => {
                let message =
                    "SELECT INTO is refused: the lake is read-only here; --output FILE writes the answer to a file";
                return Err(Box::new(SqlError::at_name(text, message, "INTO")));
            }
            _ => true,
        },
        Statement::Explain { statement, .. } => matches!(statement.as_ref(), Statement::Query(_)),
        Statement::ExplainTable { describe_alias, .. } => *describe_alias != DescribeAlias::Explain,
        _ => false,
    };
    if reads {
        return Ok(());
    }
    let refused = match statement {
        Statement::Explain { statement, .. } => statement.as_ref(),
        other => other,
    };
    let words = refused.to_string();
    let verb = words.split_whitespace().next().unwrap_or_default().to_owned();
    Err(refusal(text, &verb))
}

/// Words that begin a statement that does not only read.
const WRITERS: [&str; 20] = [
    "ALTER", "ANALYZE", "ATTACH", "CALL", "COPY", "CREATE", "DELETE", "DROP", "EXPORT", "GRANT", "IMPORT", "INSERT",
    "INSTALL", "LOAD", "MERGE", "REPLACE", "SET", "TRUNCATE", "UPDATE", "VACUUM",
];

fn refusal(text: &SqlText, verb: &str) -> Box<SqlError> {
    let message =
        format!("{verb} is refused: the lake is read-only here, only SELECT, WITH, EXPLAIN and DESCRIBE are allowed");
    Box::new(SqlError::at_name(text, message, verb))
}

fn check_parameters(text: &SqlText, statement: &Statement, parameters: &Parameters) -> Result<(), Box<SqlError>> {
    struct Unknown<'a>(&'a Parameters);
    impl Visitor for Unknown<'_> {
        type Break = String;
        fn pre_visit_value(&mut self, value: &ValueWithSpan) -> ControlFlow<String> {
            match placeholder(&value.value) {
                Some(name) if !self.0.contains_key(name) => ControlFlow::Break(name.to_owned()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    let ControlFlow::Break(name) = statement.visit(&mut Unknown(parameters)) else { return Ok(()) };
    let error = SqlError::at_name(text, format!("no value for the parameter ${name}"), &format!("${name}"));
    let hint = match closest(&name, parameters.keys().map(String::as_str)) {
        Some(similar) => format!("did you mean '${similar}'?"),
        None => format!(
            "give it with --param {name}=VALUE; a query file declares it with '-- param: {name} TYPE = DEFAULT'"
        ),
    };
    Err(Box::new(error.with_hint(hint)))
}

/// The name of a parameter, from `$name`.
fn placeholder(value: &Value) -> Option<&str> {
    match value {
        Value::Placeholder(placeholder) => Some(placeholder.strip_prefix('$').unwrap_or(placeholder)),
        _ => None,
    }
}

/// What DataFusion does not do with placeholders of a name.
struct Placeholders<'a> {
    parameters: &'a Parameters,
}

impl VisitorMut for Placeholders<'_> {
    type Break = ();

    /// DataFusion gives parameters numbers, and names columns after them: a column is called what was written.
    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(expr) = item
                && holds_placeholder(expr)
            {
                let alias = Ident::with_quote('"', expr.to_string());
                *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
            }
        }
        ControlFlow::Continue(())
    }

    /// `AT TIME ZONE` is part of a type to DataFusion, which takes no placeholder there: the node of the syntax tree is
    /// replaced by one that holds the value.
    fn pre_visit_expr(&mut self, expr: &mut SqlExpr) -> ControlFlow<()> {
        if let SqlExpr::AtTimeZone { time_zone, .. } = expr
            && let SqlExpr::Value(zone) = time_zone.as_mut()
            && let Some(ScalarValue::Utf8(Some(name))) =
                placeholder(&zone.value).and_then(|name| self.parameters.get(name))
        {
            zone.value = Value::SingleQuotedString(name.clone());
        }
        ControlFlow::Continue(())
    }
}

fn holds_placeholder(expr: &SqlExpr) -> bool {
    struct Search;
    impl Visitor for Search {
        type Break = ();
        fn pre_visit_value(&mut self, value: &ValueWithSpan) -> ControlFlow<()> {
            if placeholder(&value.value).is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    expr.visit(&mut Search).is_break()
}

/// The value that a `--param` without a declared type stands for: a whole number, a number or a truth value where it
/// reads like one, else text.
pub fn value_as_it_reads(text: &str) -> ScalarValue {
    if let Some(number) = text.parse::<i64>().ok().filter(|number| number.to_string() == text) {
        return ScalarValue::Int64(Some(number));
    }
    let looks_numeric = text.starts_with(|c: char| c.is_ascii_digit() || c == '-') && text.contains('.');
    if let Some(number) = text.parse::<f64>().ok().filter(|number| looks_numeric && number.is_finite()) {
        return ScalarValue::Float64(Some(number));
    }
    match text {
        "true" => ScalarValue::Boolean(Some(true)),
        "false" => ScalarValue::Boolean(Some(false)),
        _ => ScalarValue::Utf8(Some(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sql: &str) -> Result<Statement, String> {
        let text = SqlText { name: "q.sql".into(), sql: sql.into() };
        let parameters = Parameters::from([("min_clicks".into(), ScalarValue::Int64(Some(1)))]);
        parse(&text, &parameters).map_err(|error| error.to_string())
    }

    #[test]
    fn only_one_statement_and_only_reading() {
        for good in [
            "SELECT 1",
            "; SELECT 1 ;; ",
            "WITH a AS (SELECT 1) SELECT * FROM a",
            "EXPLAIN ANALYZE SELECT 1",
            "DESCRIBE clicks",
            "VALUES (1)",
        ] {
            assert!(check(good).is_ok(), "{good}: {:?}", check(good));
        }
        for bad in [
            "CREATE TABLE t AS SELECT 1",
            "DROP TABLE clicks",
            "INSERT INTO clicks SELECT 1",
            "DELETE FROM clicks",
            "COPY clicks TO 'x.csv'",
            "SET datafusion.execution.batch_size = 1",
            "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
            "EXPLAIN DELETE FROM clicks",
            "PREPARE p AS SELECT 1",
            "SHOW TABLES",
            "BEGIN",
            "UPDATE clicks SET is_proxy = true",
            "TRUNCATE clicks",
            "SELECT * INTO t FROM clicks",
            "INSTALL httpfs",
            "MERGE INTO clicks USING t",
        ] {
            assert!(check(bad).is_err_and(|error| error.contains("is refused")), "{bad}");
        }
        let error = check("SELECT 1;\nSELECT 2").unwrap_err();
        assert!(error.contains("q.sql:2:1") && error.contains("\n2 | SELECT 2\n  | ^^^^^^"), "{error}");
    }

    #[test]
    fn errors_point_at_their_place() {
        let error = check("SELECT a\nFRM clicks WHERE (").unwrap_err();
        assert!(error.contains("--> q.sql:2:5") && error.contains("    ^^^^^^"), "{error}");
        let error = check("SELECT (").unwrap_err();
        assert!(error.contains("the end of the statement") && error.contains("q.sql:1:9"), "{error}");
        assert!(check("-- nothing\n").unwrap_err().contains("no statement"));
    }

    #[test]
    fn an_unknown_parameter_is_shown_and_the_like_named() {
        let error = check("SELECT 1 WHERE 2 > $min_click").unwrap_err();
        assert!(error.contains("did you mean '$min_clicks'") && error.contains("^^^^^^^^^^"), "{error}");
        assert!(check("SELECT 1 LIMIT $min_clicks").is_ok());
    }

    #[test]
    fn untyped_values_read_as_what_they_look_like() {
        assert_eq!(value_as_it_reads("42"), ScalarValue::Int64(Some(42)));
        assert_eq!(value_as_it_reads("0.5"), ScalarValue::Float64(Some(0.5)));
        assert_eq!(value_as_it_reads("true"), ScalarValue::Boolean(Some(true)));
        for text in ["007", "1.2.3.4", "nan", "inf", "", "a'; DROP TABLE clicks"] {
            assert_eq!(value_as_it_reads(text), ScalarValue::Utf8(Some(text.into())));
        }
    }
}

use minijinja::context;

use super::*;

const HOSTILE: &str = "<script>alert('x')</script> & \"q\" \u{202e}evil \u{1b}[31m\u{0} |*a*| =1+1";

fn render_as(name: &'static str, text: &'static str, value: &str) -> String {
    let environment = environment(&[(name, text)], None).unwrap();
    render(&environment, name, context! { value }).unwrap()
}

#[test]
fn text_by_strangers_is_text_in_whatever_it_is_printed_into() {
    let html = render_as("a.html", "<b title='{{ value }}'>{{ value }}</b>", HOSTILE);
    assert_eq!(html.matches('<').count(), 2, "{html}");
    assert_eq!(html.matches('\'').count(), 2, "{html}");
    let markdown = render_as("a.md", "{{ value }}", HOSTILE);
    assert!(!markdown.contains("<script") && markdown.contains("\\*a\\*"), "{markdown}");
    let text = render_as("a.txt", "{{ value }}", HOSTILE);
    for rendered in [&html, &markdown, &text] {
        assert!(!rendered.contains(['\u{202e}', '\u{1b}', '\u{0}']) && !rendered.contains("&#8238;"), "{rendered:?}");
    }
}

#[test]
fn numbers_as_people_read_them() {
    let cases = [
        ("{{ 0.12345|percent }}", "12.3 %"),
        ("{{ 0.0001|percent }}", "< 0.1 %"),
        ("{{ 0.9999|percent }}", "> 99.9 %"),
        ("{{ 1|percent }} {{ 0|percent }}", "100.0 % 0.0 %"),
        ("{{ 1234567|count }} {{ -5|count }} {{ 2.5|count }}", "1,234,567 -5 2.5"),
        ("{{ 1|many('click') }}, {{ 1234|many('query', 'queries') }}", "1 click, 1,234 queries"),
        ("{{ 1234.5|money }} {{ 0.0015|money }}", "1,234.50 0.0015"),
        ("{{ none|percent }} {{ none|count }} {{ none|money }}", "– – –"),
        (
            "{{ 10800|duration }} {{ 93600|duration }} {{ 59|duration }} {{ 0|duration }}, {{ 86400|duration }}, {{ 604800|duration }}, {{ 88200|duration }}",
            "3 h 1 d 2 h 59 s 0 s, 1 day, 7 days, 1 d 30 min",
        ),
        (
            "{{ 15|affiliate('Pioneer') }}, {{ 15|affiliate(none) }}, {{ none|affiliate(none) }}",
            "15 Pioneer, affiliate 15, the account's own clicks",
        ),
        ("{{ 'abcdef'|short(4) }} {{ 'abcd'|short(4) }}", "abc… abcd"),
        ("{{ '2026-03-02T10:00:00Z'|clock }}", "2026-03-02 10:00:00 UTC"),
    ];
    for (template, expected) in cases {
        assert_eq!(render_as("a.txt", template, ""), expected, "{template}");
    }
}

#[test]
fn no_letter_carries_more_marks_than_a_script_has() {
    let tower = format!("a{}b", "\u{e4a}".repeat(300));
    let page = render_as("a.html", "{{ value }}", &tower);
    assert_eq!(page, format!("a{}…b", "\u{e4a}".repeat(4)));
    assert_eq!(render_as("a.html", "{{ value }}", "ก็ เมื่อ Việt"), "ก็ เมื่อ Việt");
}

#[test]
fn own_templates_replace_and_wrong_ones_say_where() {
    let folder = tempfile::tempdir().unwrap();
    let own = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let shipped = [("a.html", "shipped"), ("b.html", "{% include 'a.html' %}")];
    own("a.html", "mine");
    own(".hidden", "{{");
    let found = environment(&shipped, Some(folder.path())).unwrap();
    assert_eq!(render(&found, "b.html", context! {}).unwrap(), "mine");
    own("a.html", "one\n{{ 1|nothing }}");
    let found = environment(&shipped, Some(folder.path())).unwrap();
    let error = render(&found, "a.html", context! {}).unwrap_err().to_string();
    assert!(error.starts_with("template a.html:2: unknown filter"), "{error}");
    own("a.html", "{% if %}");
    assert!(environment(&shipped, Some(folder.path())).unwrap_err().to_string().contains("a.html:1"));
    own("c.html", "");
    own("a.html", "");
    let error = environment(&shipped, Some(folder.path())).unwrap_err().to_string();
    assert!(error.ends_with("c.html replaces nothing; the templates are a.html, b.html"), "{error}");
}

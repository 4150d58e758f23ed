-- title: Declared bots
-- reason: {observed} of the clicks ({x} of {n}) named themselves a bot or a script; of the others' clicks it was {expected}
-- about: The user agent holds an entry of the list of declared bots (see --lists): crawlers, monitors, HTTP libraries. They do not
-- about: hide, so they show carelessness more often than fraud; no one pays for them. Clicks without a user agent are not judged.
-- basis: list
-- defined_by: network, http_user_agent
SELECT *, is_declared_bot(http_user_agent) AS is_hit
FROM rated_clicks
WHERE click_time BETWEEN $from AND $to

-- Whose clicks there are, busiest first. {id} and {name} are columns of clicks.
SELECT account, {id} AS id, max({name}) AS name, count(*) AS clicks
FROM clicks
WHERE click_time BETWEEN $from AND $to
GROUP BY account, {id}
ORDER BY clicks DESC, account, {id} NULLS LAST

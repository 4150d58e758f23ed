-- title: Clicks by entity and source (sub1)
SELECT account, entity, sub1, count(*) AS clicks
FROM undeclared_clicks
WHERE sub1 IS NOT NULL
GROUP BY account, entity, sub1

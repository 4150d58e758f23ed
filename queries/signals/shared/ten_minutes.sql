-- title: Clicks by entity and ten minutes
SELECT account, entity, date_bin(INTERVAL '10 minutes', click_time) AS spell, count(*) AS clicks
FROM undeclared_clicks
GROUP BY account, entity, date_bin(INTERVAL '10 minutes', click_time)

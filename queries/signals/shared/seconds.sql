-- title: Clicks by entity and second of the minute
SELECT account, entity, date_part('second', click_time) AS second, count(*) AS clicks
FROM undeclared_clicks
GROUP BY account, entity, date_part('second', click_time)

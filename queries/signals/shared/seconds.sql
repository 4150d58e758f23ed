-- title: Clicks by entity and second of the minute
SELECT e.account, e.entity, c.second, c.clicks
FROM (
    SELECT who, epoch % 60 AS second, count(*) AS clicks
    FROM undeclared_clicks
    GROUP BY who, epoch % 60
) AS c
INNER JOIN entities AS e ON c.who = e.who

-- title: Clicks by entity and ten minutes
SELECT e.account, e.entity, c.spell, c.clicks
FROM (
    SELECT who, epoch - epoch % 600 AS spell, count(*) AS clicks
    FROM undeclared_clicks
    GROUP BY who, epoch - epoch % 600
) AS c
INNER JOIN entities AS e ON c.who = e.who

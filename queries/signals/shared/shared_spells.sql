-- title: Clicks by entity, address, offer and ten minutes
-- about: Of the clicks from addresses that are not shared by nature: those whose address clicked the same offer in the same ten
-- about: minutes through another entity as well.
WITH spells AS (
    SELECT who, account, address, offer_id, epoch - epoch % 600 AS spell, count(*) AS clicks
    FROM undeclared_clicks
    WHERE address IS NOT NULL AND NOT is_carrier
    GROUP BY who, account, address, offer_id, epoch - epoch % 600
),
counted AS (
    SELECT who, sum(clicks) AS n, COALESCE(sum(clicks) FILTER (WHERE entities BETWEEN 2 AND 5), 0) AS x
    FROM (
        SELECT who, clicks, count(*) OVER (PARTITION BY account, address, offer_id, spell) AS entities
        FROM spells
    ) AS s
    GROUP BY who
)
SELECT e.account, e.entity, c.n, c.x
FROM counted AS c
INNER JOIN entities AS e ON c.who = e.who

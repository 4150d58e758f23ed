-- title: Clicks by entity, address, offer and ten minutes
-- about: Of the clicks from addresses that are not shared by nature: those whose address clicked the same offer in the same ten
-- about: minutes through another entity as well.
WITH several AS (
    SELECT account, address, offer_id, epoch - epoch % 600 AS spell
    FROM undeclared_clicks
    WHERE address IS NOT NULL AND NOT is_carrier
    GROUP BY account, address, offer_id, epoch - epoch % 600
    HAVING min(who) <> max(who)
),
spells AS (
    SELECT c.who, count(*) AS clicks, count(*) OVER (PARTITION BY s.account, s.address, s.offer_id, s.spell) AS entities
    FROM several AS s
    INNER JOIN undeclared_clicks AS c
        ON s.account = c.account
        AND s.address = c.address
        AND (s.offer_id IS NOT DISTINCT FROM c.offer_id)
        AND s.spell = c.epoch - c.epoch % 600
    WHERE NOT c.is_carrier
    GROUP BY c.who, s.account, s.address, s.offer_id, s.spell
),
found AS (
    SELECT e.account, e.entity, sum(s.clicks) AS x
    FROM spells AS s
    INNER JOIN entities AS e ON s.who = e.who
    WHERE s.entities <= 5
    GROUP BY e.account, e.entity
)
SELECT g.account, g.entity, g.n, COALESCE(f.x, 0) AS x
FROM gaps AS g
LEFT JOIN found AS f ON g.account = f.account AND g.entity = f.entity

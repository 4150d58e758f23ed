-- title: How soon an address clicks again
-- about: Of the clicks with an address that is no carrier's: those that follow another of the same address within 5 and within 20 seconds, and those
-- about: that follow one of the same visitor on another offer within 2.
WITH visits AS (
    SELECT
        who,
        CASE WHEN lag(address) OVER w = address THEN epoch - lag(epoch) OVER w END AS gap,
        agent = lag(agent) OVER w AND offer_id <> lag(offer_id) OVER w AS is_hop
    FROM undeclared_clicks
    WHERE address IS NOT NULL AND NOT is_carrier
    -- Not by address, too: a window costs more than a click, and most addresses have one.
    WINDOW w AS (PARTITION BY who ORDER BY address, epoch, agent, offer_id)
),
counted AS (
    SELECT
        who,
        count(*) AS n,
        count(*) FILTER (WHERE gap < 5) AS under_5,
        count(*) FILTER (WHERE gap < 20) AS under_20,
        count(*) FILTER (WHERE gap <= 2 AND is_hop) AS hops
    FROM visits
    GROUP BY who
)
SELECT e.account, e.entity, c.n, c.under_5, c.under_20, c.hops
FROM counted AS c
INNER JOIN entities AS e ON c.who = e.who

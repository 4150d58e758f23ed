-- title: Repetition within a minute
-- about: sum(k) and sum(k * k) over the k clicks that an entity has in one minute from one address (no carrier's), one user agent, both (a
-- about: visitor), or of one visitor on one offer from one referer.
WITH minutes AS (
    SELECT who, 'address' AS what, count(*) AS k
    FROM undeclared_clicks
    WHERE address IS NOT NULL AND NOT is_carrier
    GROUP BY who, epoch - epoch % 60, address
    UNION ALL
    SELECT who, 'agent', count(*)
    FROM undeclared_clicks
    WHERE agent IS NOT NULL
    GROUP BY who, epoch - epoch % 60, agent
    UNION ALL
    SELECT who, 'visitor', count(*)
    FROM undeclared_clicks
    WHERE address IS NOT NULL AND agent IS NOT NULL
    GROUP BY who, epoch - epoch % 60, address, agent
    UNION ALL
    SELECT who, 'click', count(*)
    FROM undeclared_clicks
    WHERE address IS NOT NULL AND agent IS NOT NULL
    GROUP BY who, epoch - epoch % 60, address, agent, offer_id, fingerprint(referer)
),
totals AS (
    SELECT who, what, sum(k) AS n, sum(k * k) AS squares
    FROM minutes
    GROUP BY who, what
)
SELECT e.account, e.entity, t.what, t.n, t.squares
FROM totals AS t
INNER JOIN entities AS e ON t.who = e.who

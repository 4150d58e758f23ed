-- title: Repetition within a minute
-- about: sum(k) and sum(k * k) over the k clicks that an entity has in one minute from one address (no carrier's), one user agent, both (a
-- about: visitor), or of one visitor on one offer from one referer.
WITH minutes AS (
    SELECT account, entity, 'address' AS what, count(*) AS k
    FROM undeclared_clicks WHERE address IS NOT NULL AND NOT is_carrier
    GROUP BY account, entity, date_trunc('minute', click_time), address
    UNION ALL
    SELECT account, entity, 'agent', count(*)
    FROM undeclared_clicks WHERE agent IS NOT NULL
    GROUP BY account, entity, date_trunc('minute', click_time), agent
    UNION ALL
    SELECT account, entity, 'visitor', count(*)
    FROM undeclared_clicks WHERE address IS NOT NULL AND agent IS NOT NULL
    GROUP BY account, entity, date_trunc('minute', click_time), address, agent
    UNION ALL
    SELECT account, entity, 'click', count(*)
    FROM undeclared_clicks WHERE address IS NOT NULL AND agent IS NOT NULL
    GROUP BY account, entity, date_trunc('minute', click_time), address, agent, offer_id, fingerprint(referer)
)
SELECT account, entity, what, sum(k) AS n, sum(k * k) AS squares
FROM minutes
GROUP BY account, entity, what

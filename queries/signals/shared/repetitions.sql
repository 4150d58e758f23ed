-- title: Repetition within a minute
-- about: sum(k) and sum(k * k) over the k clicks that an entity has in one minute from one address (no carrier's), one user agent, both (a
-- about: visitor), or of one visitor on one offer from one referer.
-- Of k clicks alike, k * k is k and what repeats, k * (k - 1): only what repeats has to be found, and addresses that click once in a
-- minute, which most do, have no visitor who clicks twice in it.
WITH visits AS (
    SELECT c.who, r.minute, c.address, c.agent, c.offer_id, c.referer
    FROM repeated_moments AS r
    INNER JOIN undeclared_clicks AS c
        ON r.who = c.who AND r.address = c.address AND r.minute = c.epoch - c.epoch % 60
    WHERE c.agent IS NOT NULL
),
moments AS (
    SELECT who, 'address' AS what, k
    FROM repeated_moments
    UNION ALL
    SELECT who, 'agent', count(*)
    FROM undeclared_clicks
    WHERE agent IS NOT NULL
    GROUP BY who, epoch - epoch % 60, agent
    UNION ALL
    SELECT who, 'visitor', count(*)
    FROM visits
    GROUP BY who, minute, address, agent
    UNION ALL
    SELECT who, 'click', count(*)
    FROM visits
    GROUP BY who, minute, address, agent, offer_id, referer
),
repeats AS (SELECT who, what, sum(k * (k - 1)) AS pairs FROM moments GROUP BY who, what),
counted AS (
    SELECT
        who,
        count(*) FILTER (WHERE address IS NOT NULL AND NOT is_carrier) AS addresses,
        count(agent) AS agents,
        count(agent) FILTER (WHERE address IS NOT NULL) AS visitors
    FROM undeclared_clicks
    GROUP BY who
),
totals AS (
    SELECT
        c.who,
        w.what,
        CASE w.what WHEN 'address' THEN c.addresses WHEN 'agent' THEN c.agents ELSE c.visitors END AS n
    FROM counted AS c
    CROSS JOIN (VALUES ('address'), ('agent'), ('visitor'), ('click')) AS w (what)
)
SELECT e.account, e.entity, t.what, t.n, t.n + COALESCE(r.pairs, 0) AS squares
FROM totals AS t
INNER JOIN entities AS e ON t.who = e.who
LEFT JOIN repeats AS r ON t.who = r.who AND t.what = r.what
WHERE t.n > 0

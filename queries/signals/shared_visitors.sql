-- title: Visitors of several affiliates
-- about: Share of clicks by visitors (address and user agent) who clicked through one to four other entities as well. Addresses that
-- about: six or more entities have are public, and do not count; nor do carriers and data centres.
-- family: coalition
-- kind: rate
-- min_exposure: 50
-- reason: {observed} of the clicks come from visitors who click through a few others as well; {expected} is usual
WITH several AS (
    SELECT account, address
    FROM visitors
    WHERE NOT is_carrier AND agent IS NOT NULL
    GROUP BY account, address
    HAVING min(who) <> max(who)
),
counted AS (
    SELECT
        who,
        clicks,
        count(*) OVER (PARTITION BY account, address, agent) AS entities,
        sum(1.0 / agents) OVER (PARTITION BY account, address) AS entities_of_address
    FROM (
        SELECT
            v.account,
            v.who,
            v.address,
            v.agent,
            v.clicks,
            count(*) OVER (PARTITION BY v.who, v.address) AS agents
        FROM several AS s
        INNER JOIN visitors AS v ON s.account = v.account AND s.address = v.address
        WHERE NOT v.is_carrier AND v.agent IS NOT NULL
    ) AS v
),
of_several AS (
    SELECT
        who,
        COALESCE(sum(clicks) FILTER (WHERE entities >= 2 AND entities_of_address < 5.5), 0) AS x,
        COALESCE(sum(clicks) FILTER (WHERE entities_of_address >= 5.5), 0) AS public
    FROM counted
    GROUP BY who
),
totals AS (
    SELECT account, entity, who, sum(clicks) AS n
    FROM visitors
    WHERE NOT is_carrier AND agent IS NOT NULL
    GROUP BY account, entity, who
)
SELECT t.account, t.entity, COALESCE(s.x, 0) AS x, t.n - COALESCE(s.public, 0) AS n
FROM totals AS t
LEFT JOIN of_several AS s ON t.who = s.who
WHERE t.n > COALESCE(s.public, 0)

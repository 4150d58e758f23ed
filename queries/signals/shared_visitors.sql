-- title: Visitors of several affiliates
-- about: Share of clicks by visitors (address and user agent) who clicked through one to four other entities as well. Addresses that
-- about: six or more entities have are public, and do not count; nor do carriers and data centres.
-- family: coalition
-- kind: rate
-- min_exposure: 50
-- reason: {observed} of the clicks come from visitors who click through a few others as well; {expected} is usual
WITH counted AS (
    SELECT
        account,
        entity,
        address,
        clicks,
        count(*) OVER (PARTITION BY account, address, agent) AS entities,
        sum(1.0 / agents) OVER (PARTITION BY account, address) AS entities_of_address
    FROM (
        SELECT
            account,
            entity,
            address,
            agent,
            clicks,
            count(*) OVER (PARTITION BY account, entity, address) AS agents
        FROM visitors
        WHERE NOT is_carrier AND agent IS NOT NULL
    ) AS v
)
SELECT account, entity, COALESCE(sum(clicks) FILTER (WHERE entities >= 2), 0) AS x, sum(clicks) AS n
FROM counted
WHERE entities_of_address < 5.5
GROUP BY account, entity

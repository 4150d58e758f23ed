-- title: Clicks by entity, address and user agent
-- about: An address is shared by nature where a carrier (is_carrier) or a mask (is_masked) stands before its people: signals that
-- about: ask how many clicks or people an address has leave it out.
WITH counted AS (
    SELECT
        who,
        address,
        agent,
        min(network) AS network,
        bool_or(is_carrier) AS is_carrier,
        bool_or(is_masked) AS is_masked,
        count(*) AS clicks,
        CAST(COALESCE(sum(payout), 0) AS DOUBLE) AS payout
    FROM undeclared_clicks
    WHERE address IS NOT NULL
    GROUP BY who, address, agent
)
SELECT e.account, e.entity, c.who, c.address, c.agent, c.network, c.is_carrier, c.is_masked, c.clicks, c.payout
FROM entities AS e
INNER JOIN counted AS c ON e.who = c.who

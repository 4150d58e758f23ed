-- title: Clicks by entity, address and user agent
-- about: An address is shared by nature where a carrier (is_carrier) or a mask (is_masked) stands before its people: signals that
-- about: ask how many clicks or people an address has leave it out.
SELECT
    account,
    entity,
    address,
    agent,
    min(network) AS network,
    bool_or(is_carrier) AS is_carrier,
    bool_or(is_masked) AS is_masked,
    count(*) AS clicks,
    CAST(COALESCE(sum(payout), 0) AS DOUBLE) AS payout
FROM undeclared_clicks
WHERE address IS NOT NULL
GROUP BY account, entity, address, agent

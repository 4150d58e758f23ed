-- title: Mix of countries
-- about: How far the mix of countries is from that of others on the same offers: the Jensen and Shannon divergence in bits.
-- family: geography
-- kind: shape
-- min_exposure: 50
-- reason: the mix of countries is unlike that of others on the same offers: {observed} on a scale from 0 (the same) to 1 (nothing in common), where {expected} is usual at this volume
WITH own AS (
    SELECT account, entity, country_code, sum(clicks) AS clicks FROM cells GROUP BY account, entity, country_code
),
offers AS (
    SELECT account, offer_id, country_code, sum(clicks) AS clicks FROM cells GROUP BY account, offer_id, country_code
),
offer_totals AS (SELECT account, offer_id, sum(clicks) AS clicks FROM offers GROUP BY account, offer_id),
of_entities AS (
    SELECT account, entity, offer_id, sum(clicks) AS clicks FROM cells GROUP BY account, entity, offer_id
),
totals AS (SELECT account, entity, sum(clicks) AS clicks FROM own GROUP BY account, entity),
expected AS (
    SELECT e.account, e.entity, o.country_code, sum(e.clicks * CAST(o.clicks AS DOUBLE) / t.clicks) AS clicks
    FROM of_entities AS e
    INNER JOIN offers AS o ON e.account = o.account AND e.offer_id = o.offer_id
    INNER JOIN offer_totals AS t ON e.account = t.account AND e.offer_id = t.offer_id
    GROUP BY e.account, e.entity, o.country_code
)
SELECT
    x.account,
    x.entity,
    max(t.clicks) AS n,
    js_divergence(COALESCE(o.clicks, 0), x.clicks) AS value
FROM expected AS x
INNER JOIN totals AS t ON x.account = t.account AND x.entity = t.entity
LEFT JOIN own AS o
    ON x.account = o.account AND x.entity = o.entity AND x.country_code = o.country_code
GROUP BY x.account, x.entity

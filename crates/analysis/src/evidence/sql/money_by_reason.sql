SELECT
    reason,
    currency_id,
    count(*) AS clicks,
    CASE WHEN count(has_conversion) > 0 THEN count(*) FILTER (WHERE has_conversion) END AS conversions,
    CAST(sum(payout) AS VARCHAR) AS payout,
    CAST(sum(revenue) AS VARCHAR) AS revenue
FROM hits
GROUP BY reason, currency_id
ORDER BY reason, clicks DESC, currency_id NULLS LAST

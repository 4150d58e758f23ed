-- What among the implicated clicks speaks for the subject. NULL is what no click says.
SELECT
    count(*) AS clicks,
    count(basis) AS rated_clicks,
    CASE WHEN count(has_conversion) > 0 THEN count(*) FILTER (WHERE has_conversion) END AS conversions,
    CASE WHEN count(is_unique) > 0 THEN count(*) FILTER (WHERE is_unique) END AS unique_clicks,
    count(carrier_name) AS from_carriers,
    count(*) FILTER (
        WHERE lower(concat(isp_name, ' ', organization)) ~ 'universit|college|school|campus|hochschule|academ'
    ) AS from_campuses,
    count(*) FILTER (WHERE lower(concat(isp_name, ' ', organization)) LIKE '%private relay%') AS from_relays,
    NULLIF(count(DISTINCT user_ip), 0) AS addresses
FROM implicated

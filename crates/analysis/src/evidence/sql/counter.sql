-- What among the implicated clicks speaks for the subject.
SELECT
    count(*) AS clicks,
    count(*) FILTER (WHERE has_conversion) AS conversions,
    count(*) FILTER (WHERE is_unique) AS unique_clicks,
    count(carrier_name) AS from_carriers,
    count(*) FILTER (
        WHERE lower(concat(isp_name, ' ', organization)) ~ 'universit|college|school|campus|hochschule|academ'
    ) AS from_campuses,
    count(*) FILTER (WHERE lower(concat(isp_name, ' ', organization)) LIKE '%private relay%') AS from_relays,
    count(DISTINCT user_ip) AS addresses
FROM implicated

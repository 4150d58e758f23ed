-- title: Night share in local time by affiliate
-- group: Timing
-- about: Share of an affiliate's clicks in its visitors' own night, from --param first_hour= until the hour before --param until=
-- about: on the clock of their time zone (geo_timezone), with its 95 % Wilson interval, against the rest of its account. People
-- about: sleep, machines do not: a share far above the rest's, near the hours' part of the day (5 hours are 0.21), is a flat
-- about: clock. Shifts, games and travellers click at night as well. Clicks whose zone is not known are left out and counted in
-- about: unknown_zone, so are invalid clicks of times for which no feed of all clicks was fetched.
-- needs: network-clicks | affiliate-clicks
-- param: first_hour bigint = 1    from 0 to 23: the first hour of the night
-- param: until bigint = 6    from 0 to 24: the hour that is no longer night
-- param: min_clicks bigint = 100    hide affiliates with fewer clicks
-- chart: dot x=night_share low=wilson_low high=wilson_high y=affiliate_name
WITH counted AS (
    SELECT
        account,
        affiliate_id,
        max(affiliate_name) AS affiliate_name,
        count(hour) AS clicks,
        count(*) FILTER (
            WHERE CASE
                WHEN $first_hour < $until THEN hour >= $first_hour AND hour < $until
                ELSE hour >= $first_hour OR hour < $until
            END
        ) AS night_clicks,
        count(*) - count(hour) AS unknown_zone
    FROM (
        SELECT account, affiliate_id, affiliate_name, local_hour(click_time, geo_timezone) AS hour
        FROM rated_clicks
        WHERE click_time BETWEEN $from AND $to AND basis IS NOT NULL
    ) AS k
    GROUP BY account, affiliate_id
),
compared AS (
    SELECT
        *,
        sum(clicks) OVER (PARTITION BY account) - clicks AS other_clicks,
        sum(night_clicks) OVER (PARTITION BY account) - night_clicks AS other_night_clicks
    FROM counted
)
SELECT
    account,
    affiliate_id,
    affiliate_name,
    clicks,
    night_clicks,
    CAST(night_clicks AS DOUBLE) / NULLIF(clicks, 0) AS night_share,
    wilson_lower(night_clicks, clicks) AS wilson_low,
    wilson_upper(night_clicks, clicks) AS wilson_high,
    CAST(other_night_clicks AS DOUBLE) / NULLIF(other_clicks, 0) AS other_share,
    unknown_zone
FROM compared
WHERE clicks >= $min_clicks
ORDER BY wilson_low DESC NULLS LAST, clicks DESC, account, affiliate_id NULLS LAST

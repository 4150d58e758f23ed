-- title: Bursts of clicks
-- group: Timing
-- about: Spikes: ten-minute spans in which an affiliate has far more clicks than its own hours of the day let expect. expected spreads the
-- about: affiliate's clicks evenly over days, and over hours of the day, in the time zone asked for, as its account's are; p is the chance of as many, q allows for all
-- about: spans that have a click (false discovery rate). An honest mailing looks the same: see addresses and invalid_clicks.
-- needs: network-clicks | affiliate-clicks
-- param: min_clicks bigint = 5    hide spans with fewer clicks
-- param: top bigint = 100    how many spans
-- chart: bar x=clicks y=affiliate_name
WITH spans AS (
    SELECT
        account,
        affiliate_id,
        max(affiliate_name) AS affiliate_name,
        date_bin(INTERVAL '10 minutes', click_time) AS span,
        count(*) AS clicks,
        count(DISTINCT user_ip) AS addresses,
        count(*) FILTER (WHERE error_code <> 0) AS invalid_clicks
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
    GROUP BY account, affiliate_id, date_bin(INTERVAL '10 minutes', click_time)
),
totals AS (
    SELECT account, affiliate_id, CAST(sum(clicks) AS DOUBLE) AS clicks
    FROM spans
    GROUP BY account, affiliate_id
),
days AS (
    SELECT account, count(DISTINCT local_date(click_time, $timezone)) AS days
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
    GROUP BY account
),
hours AS (
    SELECT
        account,
        local_hour(span, $timezone) AS hour_of_day,
        CAST(sum(clicks) AS DOUBLE) / sum(sum(clicks)) OVER (PARTITION BY account) AS share
    FROM spans
    GROUP BY account, local_hour(span, $timezone)
),
judged AS (
    SELECT
        s.*,
        t.clicks * h.share / d.days / 6 AS expected,
        poisson_sf(s.clicks - 1, t.clicks * h.share / d.days / 6) AS p
    FROM spans AS s
    INNER JOIN totals AS t ON s.account = t.account AND (s.affiliate_id IS NOT DISTINCT FROM t.affiliate_id)
    INNER JOIN hours AS h ON s.account = h.account AND local_hour(s.span, $timezone) = h.hour_of_day
    INNER JOIN days AS d ON s.account = d.account
),
adjusted AS (
    SELECT *, benjamini_hochberg(p) OVER () AS q
    FROM judged
)
SELECT
    account,
    affiliate_id,
    affiliate_name,
    span,
    clicks,
    expected,
    clicks / expected AS lift,
    p,
    q,
    addresses,
    invalid_clicks
FROM adjusted
WHERE clicks >= $min_clicks
ORDER BY p, clicks DESC, account, affiliate_id NULLS LAST, span
LIMIT $top

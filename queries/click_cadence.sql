-- title: Cadence of clicks by affiliate
-- group: Timing
-- about: Seconds between one click and the next of an affiliate. Chance gives exponential gaps: mad / median near 0.69, skew near
-- about: 0.26, no gap more common than others. A clockwork has a small mad / median and a large modal_share (the share of the
-- about: most common gap). skew is Bowley's, (q75 + q25 - 2 median) / (q75 - q25). Gaps are whole seconds.
-- needs: network-clicks | affiliate-clicks
-- param: min_clicks bigint = 100    hide affiliates with fewer clicks
-- chart: dot x=mad_by_median y=affiliate_name
WITH gaps AS (
    SELECT
        account,
        affiliate_id,
        affiliate_name,
        date_part('epoch', click_time) - date_part('epoch', lag(click_time) OVER (
            PARTITION BY account, affiliate_id ORDER BY click_time, transaction_id
        )) AS gap
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
),
totals AS (
    SELECT
        account,
        affiliate_id,
        max(affiliate_name) AS affiliate_name,
        count(*) AS clicks,
        percentile_cont(0.25) WITHIN GROUP (ORDER BY gap) AS q25,
        median(gap) AS median_gap,
        percentile_cont(0.75) WITHIN GROUP (ORDER BY gap) AS q75,
        mad(gap) AS mad_gap,
        top_share(gap) AS modal_share,
        count(*) FILTER (WHERE gap < 5) AS under_5_seconds
    FROM gaps
    GROUP BY account, affiliate_id
)
SELECT
    account,
    affiliate_id,
    affiliate_name,
    clicks,
    median_gap,
    mad_gap,
    mad_gap / NULLIF(median_gap, 0) AS mad_by_median,
    (q75 + q25 - 2 * median_gap) / NULLIF(q75 - q25, 0) AS skew,
    modal_share,
    under_5_seconds
FROM totals
WHERE clicks >= $min_clicks
ORDER BY mad_by_median NULLS LAST, clicks DESC, account, affiliate_id NULLS LAST

-- title: Invalid rate by affiliate
-- group: Error codes
-- about: Share of invalid clicks (error_code other than 0) by (account, affiliate) with its 95 % Wilson interval, ordered
-- about: by the interval's lower end. The affiliate feed names no affiliate: an affiliate's own account is one row.
-- about: Invalid is not fraud: caps and targeting refuse clicks too, see error_codes. A rate needs a feed of all clicks.
-- about: Whether the network's click feed carries invalid clicks is not documented, so the rate uses the times for which
-- about: both feeds were fetched, where there are any; rests_on says what it uses, left_out counts clicks of other times.
-- about: Where only invalid clicks were fetched there is no denominator, thus no rate: invalid_clicks then counts them all.
-- needs: network-clicks | affiliate-clicks
-- param: min_clicks bigint = 100    hide affiliates with fewer clicks
-- chart: dot x=invalid_rate low=wilson_low high=wilson_high y=affiliate_name
WITH counted AS (
    SELECT
        account,
        affiliate_id,
        max(affiliate_name) AS affiliate_name,
        -- What the rate of these clicks rests on, best first; 6 has no denominator.
        COALESCE(basis, 6) AS basis,
        rests_on,
        count(*) AS clicks,
        count(*) FILTER (WHERE error_code <> 0) AS invalid_clicks
    FROM rated_clicks
    WHERE click_time BETWEEN $from AND $to
    GROUP BY account, affiliate_id, basis, rests_on
),
judged AS (
    -- An account whose clicks of unknown feed are all invalid most likely landed the invalid feed without naming it.
    SELECT
        account,
        affiliate_id,
        affiliate_name,
        clicks,
        invalid_clicks,
        rests_on,
        CASE
            WHEN basis = 5 AND sum(clicks - invalid_clicks) OVER (PARTITION BY account, basis) = 0 THEN 6
            ELSE basis
        END AS basis
    FROM counted
),
ranked AS (
    SELECT *, min(basis) OVER (PARTITION BY account, affiliate_id) AS best
    FROM judged
),
totals AS (
    SELECT
        account,
        affiliate_id,
        max(affiliate_name) AS affiliate_name,
        best,
        CAST(sum(CASE WHEN basis = best AND best < 6 THEN clicks END) AS BIGINT) AS clicks,
        CAST(sum(CASE WHEN basis = best THEN invalid_clicks ELSE 0 END) AS BIGINT) AS invalid_clicks,
        CAST(sum(CASE
            WHEN basis = best AND best < 6 THEN 0
            WHEN basis = best THEN clicks - invalid_clicks
            ELSE clicks
        END) AS BIGINT) AS left_out,
        CASE
            WHEN best < 6 THEN max(rests_on) FILTER (WHERE basis = best)
            ELSE 'invalid clicks only: no denominator'
        END AS rests_on
    FROM ranked
    GROUP BY account, affiliate_id, best
)
SELECT
    account,
    affiliate_id,
    affiliate_name,
    clicks,
    invalid_clicks,
    CAST(invalid_clicks AS DOUBLE) / clicks AS invalid_rate,
    wilson_lower(invalid_clicks, clicks) AS wilson_low,
    wilson_upper(invalid_clicks, clicks) AS wilson_high,
    left_out,
    rests_on
FROM totals
WHERE COALESCE(clicks, invalid_clicks) >= $min_clicks
ORDER BY wilson_low DESC NULLS LAST, invalid_clicks DESC, account, affiliate_id NULLS LAST

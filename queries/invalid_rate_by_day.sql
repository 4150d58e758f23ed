-- title: Invalid rate by day
-- group: Error codes
-- about: Share of invalid clicks (error_code other than 0) by (account, day) with its 95 % Wilson interval; days are those
-- about: of the time zone asked for.
-- about: Invalid is not fraud: caps and targeting refuse clicks too, see error_codes. A rate needs a feed of all clicks.
-- about: Whether the network's click feed carries invalid clicks is not documented, so the rate uses the times for which
-- about: both feeds were fetched, where there are any; rests_on says what it uses, left_out counts clicks of other times.
-- about: Where only invalid clicks were fetched there is no denominator, thus no rate: invalid_clicks then counts them all.
-- needs: network-clicks | affiliate-clicks
-- chart: line x=day y=invalid_rate low=wilson_low high=wilson_high color=account
WITH whole AS (
    -- Times for which a feed of all clicks was fetched in full, unfiltered.
    SELECT account, date, feed, from_time, to_time
    FROM coverage
    WHERE feed IN ('network-clicks', 'affiliate-clicks') AND cardinality(filters) = 0 AND NOT saturated
),
refused AS (
    -- Times for which the feed of invalid clicks was fetched in full, unfiltered.
    SELECT account, date, from_time, to_time
    FROM coverage
    WHERE feed = 'invalid-clicks' AND cardinality(filters) = 0 AND NOT saturated
),
picked AS (
    -- Days of which some clicks were fetched by error code: what came then is no sample of all clicks.
    SELECT DISTINCT account, date
    FROM coverage
    WHERE array_to_string(filters, ',') LIKE '%error_code%'
),
based AS (
    SELECT
        k.account,
        local_date(k.click_time, $timezone) AS day,
        k.error_code,
        -- What a rate of this click's time rests on, best first; 6 has no denominator.
        CASE
            WHEN w.feed = 'network-clicks' AND r.account IS NOT NULL THEN 1
            WHEN w.feed = 'affiliate-clicks' THEN 2
            WHEN w.feed = 'network-clicks' THEN 3
            WHEN p.account IS NOT NULL OR k.feeds = 'invalid-clicks' THEN 6
            WHEN k.feeds IS NULL THEN 5
            ELSE 4
        END AS basis
    FROM clicks AS k
    LEFT JOIN whole AS w
        ON k.account = w.account AND k.date = w.date AND k.click_time BETWEEN w.from_time AND w.to_time
    LEFT JOIN refused AS r
        ON k.account = r.account AND k.date = r.date AND k.click_time BETWEEN r.from_time AND r.to_time
    LEFT JOIN picked AS p ON k.account = p.account AND k.date = p.date
    WHERE k.click_time BETWEEN $from AND $to
),
counted AS (
    SELECT
        account,
        day,
        basis,
        count(*) AS clicks,
        count(*) FILTER (WHERE error_code <> 0) AS invalid_clicks
    FROM based
    GROUP BY account, day, basis
),
judged AS (
    -- An account whose clicks of unknown feed are all invalid most likely landed the invalid feed without naming it.
    SELECT
        account,
        day,
        clicks,
        invalid_clicks,
        CASE
            WHEN basis = 5 AND sum(clicks - invalid_clicks) OVER (PARTITION BY account, basis) = 0 THEN 6
            ELSE basis
        END AS basis
    FROM counted
),
ranked AS (
    SELECT *, min(basis) OVER (PARTITION BY account, day) AS best
    FROM judged
),
totals AS (
    SELECT
        account,
        day,
        best,
        CAST(sum(CASE WHEN basis = best AND best < 6 THEN clicks END) AS BIGINT) AS clicks,
        CAST(sum(CASE WHEN basis = best THEN invalid_clicks ELSE 0 END) AS BIGINT) AS invalid_clicks,
        CAST(sum(CASE
            WHEN basis = best AND best < 6 THEN 0
            WHEN basis = best THEN clicks - invalid_clicks
            ELSE clicks
        END) AS BIGINT) AS left_out
    FROM ranked
    GROUP BY account, day, best
)
SELECT
    account,
    day,
    clicks,
    invalid_clicks,
    CAST(invalid_clicks AS DOUBLE) / clicks AS invalid_rate,
    wilson_lower(invalid_clicks, clicks) AS wilson_low,
    wilson_upper(invalid_clicks, clicks) AS wilson_high,
    left_out,
    CASE best
        WHEN 1 THEN 'network-clicks and invalid-clicks'
        WHEN 2 THEN 'affiliate-clicks'
        WHEN 3 THEN 'network-clicks alone: invalid clicks may be missing'
        WHEN 4 THEN 'clicks as landed: not covered'
        WHEN 5 THEN 'clicks as landed: feed unknown'
        ELSE 'invalid clicks only: no denominator'
    END AS rests_on
FROM totals
ORDER BY account, day

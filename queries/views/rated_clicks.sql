-- The view rated_clicks: every click of the table clicks, and what a rate of its time can rest on.
-- basis, best first: 1 both feeds of a network, 2 the affiliate feed, 3 the network's click feed alone, 4 landed without
-- coverage, 5 landed without coverage and without the name of a feed; NULL where there is no denominator. Whether the
-- network's click feed carries invalid clicks is not documented, so 3 may lack them. Everything that divides by a number of
-- clicks says: WHERE basis IS NOT NULL. rests_on says basis in words.
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
)
SELECT
    k.*,
    CASE
        WHEN w.feed = 'network-clicks' AND r.account IS NOT NULL THEN 1
        WHEN w.feed = 'affiliate-clicks' THEN 2
        WHEN w.feed = 'network-clicks' THEN 3
        WHEN p.account IS NOT NULL OR k.feeds = 'invalid-clicks' THEN NULL
        WHEN k.feeds IS NULL THEN 5
        ELSE 4
    END AS basis,
    CASE
        WHEN w.feed = 'network-clicks' AND r.account IS NOT NULL THEN 'network-clicks and invalid-clicks'
        WHEN w.feed = 'affiliate-clicks' THEN 'affiliate-clicks'
        WHEN w.feed = 'network-clicks' THEN 'network-clicks alone: invalid clicks may be missing'
        WHEN p.account IS NOT NULL OR k.feeds = 'invalid-clicks' THEN 'invalid clicks only: no denominator'
        WHEN k.feeds IS NULL THEN 'clicks as landed: feed unknown'
        ELSE 'clicks as landed: not covered'
    END AS rests_on
FROM clicks AS k
LEFT JOIN whole AS w
    ON k.account = w.account AND k.date = w.date AND k.click_time BETWEEN w.from_time AND w.to_time
LEFT JOIN refused AS r
    ON k.account = r.account AND k.date = r.date AND k.click_time BETWEEN r.from_time AND r.to_time
LEFT JOIN picked AS p ON k.account = p.account AND k.date = p.date

-- title: More refused as fraud than the budget allows
-- about: The share of an account's clicks whose error code is a sign of fraud (is_fraud_signal: proxies, duplicates, vendors'
-- about: verdicts, blocked networks), in the last days for which all clicks were fetched; of times for which both feeds of a
-- about: network were fetched, where these have --param min_clicks=, for they know most.
-- needs: network-clicks | affiliate-clicks
-- severity: error
-- key: account
-- measure: share
-- message: {{ share|percent }} of {{ clicks|count }} clicks were refused with a code that is a sign of fraud; the budget is {{ budget|percent }}
-- param: days bigint = 7    the last days, up to the account's last click
-- param: budget double = 0.1    the share that is tolerated
-- param: min_clicks bigint = 100    say nothing of fewer clicks
WITH ends AS (
    SELECT account, max(click_time) AS last_time
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
    GROUP BY account
),
counted AS (
    SELECT k.account, k.basis, count(*) AS clicks, count(*) FILTER (WHERE d.is_fraud_signal) AS fraud_clicks
    FROM rated_clicks AS k
    INNER JOIN ends AS e ON k.account = e.account
    LEFT JOIN error_codes AS d ON k.error_code = d.code
    WHERE k.click_time BETWEEN $from AND $to AND k.basis IS NOT NULL
        AND date_part('epoch', e.last_time) - date_part('epoch', k.click_time) < $days * 86400
    GROUP BY k.account, k.basis
),
best AS (
    -- One basis, never a mixture of times that know refused clicks and times that do not.
    SELECT *, row_number() OVER (PARTITION BY account ORDER BY basis) AS place
    FROM counted
    WHERE clicks >= $min_clicks
)
SELECT account, clicks, fraud_clicks, CAST(fraud_clicks AS DOUBLE) / clicks AS share, $budget AS budget
FROM best
WHERE place = 1 AND CAST(fraud_clicks AS DOUBLE) / clicks > $budget
ORDER BY account

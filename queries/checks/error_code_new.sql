-- title: An error code that was not there before
-- about: Error codes of the last days that none of the account's clicks had earlier in the range. Says nothing in the first
-- about: --param days= of an account.
-- severity: warn
-- key: account, error_code
-- measure: clicks
-- message: error code {{ error_code }} ({{ name or "not in the dictionary" }}) is new: {{ clicks|many("click") }} since {{ first_time|clock }}
-- param: days bigint = 1    the last days, up to the account's last click
-- param: min_clicks bigint = 1    codes of fewer clicks are not worth a message
WITH ends AS (
    SELECT account, max(click_time) AS last_time, min(click_time) AS first_time
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
    GROUP BY account
),
counted AS (
    SELECT
        k.account,
        k.error_code,
        max(k.error_message) AS message,
        count(*) AS clicks,
        min(k.click_time) AS first_time
    FROM clicks AS k
    WHERE k.click_time BETWEEN $from AND $to AND k.error_code <> 0
    GROUP BY k.account, k.error_code
)
SELECT c.account, c.error_code, d.name, d.class, c.message, c.clicks, c.first_time
FROM counted AS c
INNER JOIN ends AS e ON c.account = e.account
LEFT JOIN error_codes AS d ON c.error_code = d.code
WHERE c.clicks >= $min_clicks
    AND date_part('epoch', e.last_time) - date_part('epoch', c.first_time) < $days * 86400
    AND date_part('epoch', e.last_time) - date_part('epoch', e.first_time) >= $days * 86400
ORDER BY c.account, c.clicks DESC, c.error_code

-- title: An error code that the dictionary does not know
-- about: It counts as invalid but to no class, and as no sign of fraud, until a line in error_codes.csv says otherwise (--lists).
-- severity: warn
-- key: account, error_code
-- measure: clicks
-- message: error code {{ error_code }} is not in the dictionary: {{ clicks|many("click") }}{{ ', "' ~ message|short(80) ~ '"' if message }}; name its class in error_codes.csv (--lists)
SELECT k.account, k.error_code, max(k.error_message) AS message, count(*) AS clicks, min(k.click_time) AS first_time
FROM clicks AS k
LEFT JOIN error_codes AS d ON k.error_code = d.code
WHERE k.click_time BETWEEN $from AND $to AND d.code IS NULL
GROUP BY k.account, k.error_code
ORDER BY k.account, clicks DESC, k.error_code

-- Each click once, and which reasons speak against it.
SELECT
    account,
    max(basis) AS basis,
    max(error_code) AS error_code,
    max(affiliate_id) AS affiliate_id,
    max(value) AS value,
    max(user_ip) AS user_ip,
    max(http_user_agent) AS http_user_agent,
    max(carrier_name) IS NOT NULL AS is_carrier,
    lower(concat(max(isp_name), ' ', max(organization))) AS place,
    bool_or(has_conversion) AS has_conversion,
    bool_or(is_unique) AS is_unique,
    max(payout) AS payout,
    max(revenue) AS revenue,
    max(currency_id) AS currency_id,
    {flags}
    count(reason) > 0 AS is_bad
FROM marked
GROUP BY account, date, transaction_id, click_time

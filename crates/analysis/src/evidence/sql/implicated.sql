-- Each click that a reason speaks against once, with its reasons.
SELECT
    transaction_id,
    click_time,
    max(affiliate_id) AS affiliate_id,
    max(offer_id) AS offer_id,
    max(basis) AS basis,
    max(user_ip) AS user_ip,
    max(isp_name) AS isp_name,
    max(organization) AS organization,
    max(carrier_name) AS carrier_name,
    max(error_code) AS error_code,
    bool_or(has_conversion) AS has_conversion,
    bool_or(is_unique) AS is_unique,
    max(payout) AS payout,
    max(revenue) AS revenue,
    max(currency_id) AS currency_id,
    string_agg(reason, '; ' ORDER BY reason) AS reasons
FROM hits
GROUP BY account, date, transaction_id, click_time

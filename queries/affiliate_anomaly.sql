-- title: Abnormal affiliates
-- group: Affiliates and sources
-- about: Who is abnormal, and why: a score from 0 to 100 that means the same next week and in another network, a tier (flag,
-- about: watch, ok, allowed, insufficient data) and the strongest reason. Evidence by lists (GIVT) and by behaviour (SIVT) are
-- about: told apart, and nothing is called proven. analyze score --explain ID gives all reasons, with the clicks behind them.
-- needs: network-clicks | affiliate-clicks
-- param: min_score double = 10    hide affiliates with a lower score
-- chart: bar x=score y=affiliate_name
SELECT
    account,
    entity AS affiliate_id,
    name AS affiliate_name,
    clicks,
    score,
    tier,
    families,
    evidence,
    reason,
    p,
    q,
    allowed
FROM anomaly_scores
WHERE score >= $min_score
ORDER BY score DESC, clicks DESC, account, affiliate_id

SELECT score, tier, families, reason
FROM anomaly_scores
WHERE account = $account AND entity = CAST($id AS VARCHAR)

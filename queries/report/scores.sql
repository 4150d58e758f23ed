-- title: Anomaly scores of affiliates
-- about: As analyze score gives them over the range, the most suspicious first.
SELECT account, entity, name, clicks, score, tier, reasons, families, evidence, allowed
FROM anomaly_scores
ORDER BY score DESC, account, entity

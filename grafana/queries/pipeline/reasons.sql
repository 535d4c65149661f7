SELECT r.reason                                       AS "Reason",
       count(*)                                       AS "Records",
       (array_agg(r.detail ORDER BY received_at DESC))[1] AS "Latest",
       t.todo                                         AS "What to do"
FROM recent_rejects r
LEFT JOIN (VALUES {{remedies}}) AS t (reason, todo) ON t.reason = r.reason
GROUP BY r.reason, t.todo
ORDER BY 2 DESC, 1

SELECT CASE WHEN from_score = 90 THEN '90-100' ELSE from_score || '-' || from_score + 9 END AS "Score",
       coalesce(sum(attempts) FILTER (WHERE quiz_type = 'module'), 0)::bigint      AS "Module quizzes",
       coalesce(sum(attempts) FILTER (WHERE quiz_type = 'diagnostic'), 0)::bigint  AS "Diagnostics"
FROM score_distribution
WHERE $__timeFilter(bucket) AND {{in_module}}
GROUP BY from_score
ORDER BY from_score

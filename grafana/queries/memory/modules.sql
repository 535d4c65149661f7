WITH {{titles}}
SELECT coalesce(title, module)                                                            AS "Module",
       sum(attempts)::bigint                                                              AS "Attempts",
       round(sum(score_sum) / nullif(sum(attempts), 0) / 100, 1)::double precision        AS "Average score",
       sum(first_attempts)::bigint                                                        AS "First attempts",
       round(sum(first_failed) / nullif(sum(first_attempts), 0), 4)::double precision     AS "Failed at first",
       max(domain)                                                                        AS "Domain",
       module
FROM module_summary
LEFT JOIN titles ON item_id = module
WHERE quiz_type = 'module' AND $__timeFilter(bucket) AND {{in_module}}
GROUP BY module, title
HAVING sum(attempts) > 0
ORDER BY sum(first_attempts) < {{students_least}}, 5 DESC NULLS LAST, 2 DESC, 1
LIMIT {{lines_shown}}

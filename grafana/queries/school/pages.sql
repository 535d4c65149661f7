SELECT page_url               AS "Page",
       sum(views)::bigint     AS "Views"
FROM top_pages
WHERE {{in_time}}
GROUP BY page_url
ORDER BY 2 DESC, 1
LIMIT {{lines_shown}}

SELECT day, page_url, views, students, scrolls
FROM top_pages
WHERE day = %(day)s::date
  AND (%(after)s::text IS NULL OR (views, page_url) < (%(after_views)s::bigint, %(after)s::text))
ORDER BY views DESC, page_url DESC
LIMIT %(limit)s

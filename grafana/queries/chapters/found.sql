SELECT coalesce(sum(visits), 0) AS amount,
       CASE WHEN count(*) = 0
            THEN 'nobody visited a chapter of this choice in the chosen time. Choose another course or a longer time.'
            ELSE sum(visits) || ' visits of ' || count(DISTINCT chapter_id) || ' chapters in '
                 || count(DISTINCT course_id) || ' courses, '
                 || round(sum(time_ms) / 3600000, 1) || ' hours that count.'
       END AS sentence
FROM chapter_time_by_day
WHERE $__timeFilter(bucket) AND {{in_course}}

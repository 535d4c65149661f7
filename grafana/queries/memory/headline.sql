-- Of all students the numbers are kept: memory_summary.
WITH {{people}},
curves AS (
    SELECT user_id, module, pass_chance, revision_urgency
    FROM memory_scores
    JOIN people ON student_id = user_id
    WHERE {{in_module}}
      AND {{of_people}}
      AND NOT {{everything}}
),
numbers AS (
    SELECT count(DISTINCT user_id)                                                   AS students,
           count(*)                                                                  AS curves,
           four_decimals(avg(pass_chance))                                           AS pass_chance,
           count(*) FILTER (WHERE revision_urgency <> 'low')                         AS due,
           count(*) FILTER (WHERE revision_urgency = 'high')                         AS high
    FROM curves
    HAVING NOT {{everything}}
    UNION ALL
    SELECT students, curves, pass_chance, due, high FROM memory_summary WHERE {{everything}}
)
SELECT students                                       AS "Students",
       curves                                         AS "Curves",
       pass_chance                                    AS "Remembered",
       due                                            AS "Due for revision",
       high                                           AS "Long overdue",
       high / nullif(curves, 0)::double precision     AS "Overdue share"
FROM numbers

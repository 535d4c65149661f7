WITH {{members}}
SELECT students AS amount,
       CASE WHEN students = 0
            THEN 'no roster for this choice. Who is expected in a class is unknown until "classpulse roster load" has run.'
            ELSE students || ' students enrolled in ' || classes || CASE WHEN classes = 1 THEN ' class.' ELSE ' classes.' END
       END AS sentence
FROM (SELECT count(DISTINCT student_id) AS students, count(DISTINCT class_id) AS classes FROM members) n

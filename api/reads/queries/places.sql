-- Present students by device and browser.
SELECT kind, coalesce(label, 'unknown') AS label, sum(students)::bigint AS students
FROM present_now
CROSS JOIN LATERAL (VALUES ('device', device), ('browser', browser)) AS p (kind, label)
WHERE {{allowed}}
GROUP BY kind, 2
ORDER BY kind, students DESC, label

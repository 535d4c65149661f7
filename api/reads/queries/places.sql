-- Present students by status, device and browser; each is present in one class at most.
SELECT status, coalesce(device, 'unknown') AS device, coalesce(browser, 'unknown') AS browser, count(*) AS students
FROM class_students
WHERE is_present AND {{allowed}}
GROUP BY 1, 2, 3

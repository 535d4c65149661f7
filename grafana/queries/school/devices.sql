SELECT initcap(kind)                    AS "Kind",
       initcap(coalesce(name, 'unknown')) AS "Name",
       students                         AS "Students",
       share                            AS "Of sessions"
FROM device_summary
ORDER BY kind DESC, students DESC, 2

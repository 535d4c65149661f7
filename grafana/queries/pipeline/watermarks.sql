SELECT flow           AS "Flow",
       topic          AS "Topic",
       count(*)       AS "Partitions",
       min(watermark) AS "Slowest watermark",
       max(watermark) AS "Fastest watermark",
       sum(next_offset)::bigint AS "Records read",
       count(*) FILTER (WHERE watermark IS NULL) AS "Never held a record"
FROM flow_status
GROUP BY flow, topic
ORDER BY min(watermark) NULLS LAST, flow, topic

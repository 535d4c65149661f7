SELECT received_at  AS "Received",
       reason       AS "Reason",
       detail       AS "Detail",
       topic        AS "Topic",
       partition    AS "Partition",
       kafka_offset AS "Offset"
FROM recent_rejects
ORDER BY received_at DESC, topic, partition, kafka_offset DESC
LIMIT {{students_shown}}

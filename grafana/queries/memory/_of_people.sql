-- as an array it reaches the tables' indexes
      ('__all' IN (${class:sqlstring}) AND '__all' IN (${grade:sqlstring}) OR user_id = ANY (ARRAY(SELECT student_id FROM people)))

CASE
              WHEN NOT '__all' IN (${class:sqlstring}) THEN scope = 'class' AND scope_id IN (${class:sqlstring})
              WHEN NOT '__all' IN (${grade:sqlstring}) THEN scope = 'grade' AND scope_id IN (${grade:sqlstring})
              WHEN NOT '__all' IN (${course:sqlstring}) THEN scope = 'course' AND scope_id IN (${course:sqlstring})
              ELSE scope = 'all'
          END

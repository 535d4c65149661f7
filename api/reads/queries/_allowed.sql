(%(classes)s::text[] IS NULL OR class_id = ANY (%(classes)s::text[]))

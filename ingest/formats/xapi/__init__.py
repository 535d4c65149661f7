"""xAPI statements, 1.0.3 and 2.0: Open edX, Moodle, H5P, the video and cmi5 profiles, and what is like them."""

"""What Open edX calls an event, and what becomes of it.

One action often leaves several records: the browser's event, the server's, the request behind them, the grades that
follow. Exactly one of them counts; the others are named here with the reason. `docs/formats.md` is made from these
tables.
"""

from __future__ import annotations

from typing import Final

ACTIONS: Final = {
    # video player
    "play_video": "video_play",
    "edx.video.played": "video_play",
    "pause_video": "video_pause",
    "edx.video.paused": "video_pause",
    "seek_video": "video_seek",
    "edx.video.position.changed": "video_seek",
    "stop_video": "video_stop",
    "edx.video.stopped": "video_stop",
    "complete_video": "video_complete",
    "edx.video.completed": "video_complete",
    "speed_change_video": "video_speed",
    "edx.video.speed.changed": "video_speed",
    "show_transcript": "video_captions",
    "hide_transcript": "video_captions",
    "edx.video.transcript.shown": "video_captions",
    "edx.video.transcript.hidden": "video_captions",
    "edx.video.closed_captions.shown": "video_captions",
    "edx.video.closed_captions.hidden": "video_captions",
    "edx.video.language_menu.shown": "video_captions",
    "edx.video.language_menu.hidden": "video_captions",
    "video_show_cc_menu": "video_captions",
    "video_hide_cc_menu": "video_captions",
    # problems: the server's record counts
    "problem_check": "quiz_submit",
    "save_problem_success": "quiz_save",
    "reset_problem": "quiz_reset",
    "showanswer": "quiz_show_answer",
    "edx.problem.hint.demandhint_displayed": "quiz_hint",
    "edx.grades.problem.submitted": "quiz_submit",
    "problem_check_fail": "quiz_check_failed",
    "save_problem_check_fail": "quiz_check_failed",
    "save_problem_fail": "quiz_save_failed",
    "reset_problem_fail": "quiz_reset_failed",
    "edx.special_exam.timed.attempt.created": "quiz_start",
    "edx.special_exam.practice.attempt.created": "quiz_start",
    "edx.special_exam.proctored.attempt.created": "quiz_start",
    "edx.special_exam.timed.attempt.submitted": "quiz_submit",
    "edx.special_exam.practice.attempt.submitted": "quiz_submit",
    "edx.special_exam.proctored.attempt.submitted": "quiz_submit",
    "edx.drag_and_drop_v2.item.dropped": "quiz_answer",
    "xblock.poll.submitted": "quiz_answer",
    "xblock.survey.submitted": "quiz_answer",
    "ubc.peer_instruction.original_submitted": "quiz_answer",
    "ubc.peer_instruction.revised_submitted": "quiz_answer",
    # open response assessments
    "openassessmentblock.create_submission": "assignment_submit",
    "openassessmentblock.save_submission": "assignment_save",
    "openassessmentblock.peer_assess": "assignment_assess",
    "openassessmentblock.self_assess": "assignment_assess",
    "openassessmentblock.get_peer_submission": "assignment_assess_start",
    "openassessment.upload_file": "assignment_upload",
    "openassessment.student_training_assess_example": "assignment_assess",
    # pages
    "seq_goto": "page_view",
    "seq_next": "page_view",
    "seq_prev": "page_view",
    "edx.ui.lms.sequence.tab_selected": "page_view",
    "edx.ui.lms.sequence.next_selected": "page_view",
    "edx.ui.lms.sequence.previous_selected": "page_view",
    "edx.ui.lms.link_clicked": "button_click",
    "edx.ui.lms.outline.selected": "button_click",
    "edx.ui.lms.sequence.outline.selected": "button_click",
    "edx.ui.lms.jump_nav.selected": "button_click",
    "edx.ui.lms.course_tool.accessed": "button_click",
    "edx.course.tool.accessed": "button_click",
    "edx.course.home.resume_course.clicked": "button_click",
    "edx.course.enrollment.upgrade_clicked": "button_click",
    "edx.forum.thread.viewed": "page_view",
    "edx.course.student_notes.notes_page_viewed": "page_view",
    "book": "page_view",
    "textbook.pdf.page.navigated": "page_view",
    "textbook.pdf.page.navigatednext": "page_view",
    "textbook.pdf.thumbnail.navigated": "page_view",
    "textbook.pdf.outline.navigated": "page_view",
    "textbook.pdf.chapter.navigated": "page_view",
    "textbook.pdf.page.scrolled": "scroll",
    "page_close": "time_ping",
    # looking for something
    "edx.course_discovery.search.initiated": "search",
    "edx.course.search.initiated": "search",
    "edx.forum.searched": "search",
    "edx.course.student_notes.searched": "search",
    "textbook.pdf.search.executed": "search",
    "edx.library_content_search.initiated": "search",
    # discussions
    "edx.forum.thread.created": "forum_post",
    "edx.forum.response.created": "forum_post",
    "edx.forum.comment.created": "forum_post",
    "edx.forum.thread.edited": "forum_edit",
    "edx.forum.response.edited": "forum_edit",
    "edx.forum.comment.edited": "forum_edit",
    "edx.forum.thread.deleted": "forum_delete",
    "edx.forum.response.deleted": "forum_delete",
    "edx.forum.comment.deleted": "forum_delete",
    "edx.forum.thread.voted": "forum_vote",
    "edx.forum.response.voted": "forum_vote",
    # courses
    "edx.course.enrollment.activated": "course_enroll",
    "edx.course.enrollment.deactivated": "course_unenroll",
    "edx.course.grade.passed.first_time": "course_complete",
}
"""Names that have one of ours. A name that stands in no table passes through as it is and counts as a click."""

SERVER_COUNTS: Final = "the browser's record of what the server records too: the server's counts"
BROWSER_COPIES: Final = {
    "problem_check": SERVER_COUNTS,
    "problem_graded": SERVER_COUNTS,
    "problem_save": SERVER_COUNTS,
    "problem_reset": SERVER_COUNTS,
    "problem_show": SERVER_COUNTS,
    "edx.done.toggled": SERVER_COUNTS,
}
"""Of the browser's events those that the server tells again."""

_PLATFORM: Final = "made by the platform, no action of a student"
_GRADE: Final = "a grade that follows from what was submitted"
_SHOWN: Final = "shown with the page or with an answer, no action of its own"
MADE: Final = {
    "load_video": _SHOWN,
    "edx.video.loaded": _SHOWN,
    "edx.drag_and_drop_v2.loaded": _SHOWN,
    "edx.drag_and_drop_v2.item.picked_up": "the beginning of what item.dropped ends",
    "edx.drag_and_drop_v2.feedback.opened": _SHOWN,
    "edx.drag_and_drop_v2.feedback.closed": _SHOWN,
    "edx.problem.hint.feedback_displayed": _SHOWN,
    "edx.course_discovery.search.results_displayed": _SHOWN,
    "edx.course.search.results_displayed": _SHOWN,
    "edx.grades.subsection.grade_calculated": _GRADE,
    "edx.grades.course.grade_calculated": _GRADE,
    "edx.grades.problem.rescored": _GRADE,
    "edx.grades.problem.score_overridden": _GRADE,
    "edx.grades.problem.state_deleted": _GRADE,
    "edx.grades.subsection.score_overridden": _GRADE,
    "edx.course.grade.now_passed": _GRADE,
    "edx.course.grade.now_failed": _GRADE,
    "edx.problem.completed": _GRADE,
    "problem_rescore": _GRADE,
    "problem_rescore_fail": _GRADE,
    "edx.completion.block_completion.changed": "kept with what the student did, no action of its own",
    "edx.course.enrollment.mode_changed": "changes no enrolment",
    "edx.course.enrollment.upgrade.succeeded": "changes no enrolment",
    "edx.certificate.created": _PLATFORM,
    "edx.certificate.revoked": _PLATFORM,
    "edx.certificate.generation.enabled": _PLATFORM,
    "edx.certificate.generation.disabled": _PLATFORM,
    "edx.librarycontentblock.content.assigned": _PLATFORM,
    "edx.librarycontentblock.content.removed": _PLATFORM,
    "edx.course.index.published": _PLATFORM,
    "edx.course.index.reindexed": _PLATFORM,
    "edx.cohort.created": _PLATFORM,
    "edx.cohort.user_added": _PLATFORM,
    "edx.cohort.user_removed": _PLATFORM,
    "edx.cohort.creation_requested": _PLATFORM,
    "edx.cohort.user_add_requested": _PLATFORM,
    "edx.team.activity_updated": _PLATFORM,
    "assign_user_to_course": _PLATFORM,
}
"""Events that no student makes, or that only tell of another."""

CONCERNS: Final = ("edx.course.enrollment.", "edx.course.grade.", "edx.grades.", "edx.team.learner_")
"""Beginnings of the names whose `event.user_id` is the student, whoever caused them."""

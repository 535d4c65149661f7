"""What Caliper's types and actions become. `docs/formats.md` is made from these tables."""

from __future__ import annotations

from typing import Final

ANY: Final = "*"

NAMES: Final[dict[str, dict[str, str]]] = {
    "AnnotationEvent": {ANY: "annotation"},
    "AssessmentEvent": {
        "Started": "quiz_start",
        "Restarted": "quiz_start",
        "Resumed": "quiz_start",
        "Paused": "quiz_pause",
        "Reset": "quiz_reset",
        "Submitted": "quiz_submit",
        "Completed": "quiz_submit",
    },
    "AssessmentItemEvent": {
        "Started": "quiz_question_next",
        "Skipped": "quiz_question_next",
        "Completed": "quiz_answer",
    },
    "AssignableEvent": {
        "Activated": "",
        "Deactivated": "",
        "Abandoned": "assignment_abandon",
        "Started": "assignment_start",
        "Restarted": "assignment_start",
        "Reviewed": "assignment_review",
        "Submitted": "assignment_submit",
        "Completed": "assignment_submit",
    },
    "Event": {
        "Searched": "search",
        "Viewed": "page_view",
        "NavigatedTo": "page_view",
        "Used": "button_click",
        "LoggedIn": "login",
        "LoggedOut": "session_end",
    },
    "FeedbackEvent": {"Commented": "forum_post", "Ranked": "forum_vote"},
    "ForumEvent": {"Subscribed": "forum_subscribe", "Unsubscribed": "forum_unsubscribe"},
    "GradeEvent": {ANY: "graded"},
    "OutcomeEvent": {ANY: "graded"},
    "MediaEvent": {
        "Started": "video_play",
        "Restarted": "video_play",
        "Resumed": "video_play",
        "Paused": "video_pause",
        "Ended": "video_complete",
        "JumpedTo": "video_seek",
        "ForwardedTo": "video_seek",
        "Rewound": "video_seek",
        "RewoundTo": "video_seek",
        "ChangedSpeed": "video_speed",
        "EnabledClosedCaptioning": "video_captions",
        "DisabledClosedCaptioning": "video_captions",
        ANY: "video_interact",
    },
    "MessageEvent": {"Posted": "forum_post", "MarkedAsRead": "page_view", "MarkedAsUnread": "forum_unread"},
    "NavigationEvent": {ANY: "page_view"},
    "ReadingEvent": {"Searched": "search", ANY: "page_view"},
    "ResourceManagementEvent": {"Submitted": "assignment_submit"},
    "SearchEvent": {ANY: "search"},
    "SessionEvent": {"LoggedIn": "login", "LoggedOut": "session_end", "TimedOut": "session_end"},
    "SurveyEvent": {ANY: "survey"},
    "SurveyInvitationEvent": {"Accepted": "survey", "Declined": "survey", ANY: ""},
    "QuestionnaireEvent": {"Started": "quiz_start", "Submitted": "quiz_submit"},
    "QuestionnaireItemEvent": {
        "Started": "quiz_question_next",
        "Skipped": "quiz_question_next",
        "Completed": "quiz_answer",
    },
    "ThreadEvent": {"Created": "forum_post", "MarkedAsRead": "page_view", "MarkedAsUnread": "forum_unread"},
    "ToolLaunchEvent": {"Launched": "page_view", "Returned": "button_click"},
    "ToolUseEvent": {ANY: "button_click"},
    "ViewEvent": {ANY: "page_view"},
}
"""Our names by type and action; "" is none. What stands in no table passes through under its action, as a click."""

COURSES: Final = {
    "Activated": "course_enroll",
    "Created": "course_enroll",
    "Deactivated": "course_unenroll",
    "Deleted": "course_unenroll",
    "Completed": "course_complete",
}
"""The same of a plain event whose object is a course or somebody's membership of one."""

DESCRIBES: Final = "describes an entity, no event"
NOT_STUDENTS: Final = "made by the platform, no action of a student"
TOLD_TWICE: Final = "the submission that the grade beside it tells"
UNSCORED: Final = "a grade without a score of a known scale"
READY: Final = "the player is ready, nothing was done yet"

COURSE_TYPES: Final = ("CourseSection", "CourseOffering", "Group")
CHAPTER_TYPES: Final = (
    "Chapter", "Page", "WebPage", "Webpage", "Document", "DigitalResource", "DigitalResourceCollection", "Frame",
    "EpubChapter", "EpubSubChapter", "EpubVolume", "EpubPart", "Reading", "Forum", "Thread", "LtiLink", "Link",
)  # fmt: skip
VIDEO_TYPES: Final = ("VideoObject", "AudioObject", "MediaObject")
TEST_TYPES: Final = ("Assessment", "Questionnaire", "AssignableDigitalResource", "Survey")

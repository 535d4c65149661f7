/**
 * The browser tracker of ClassPulse: what a student does on a page, sent to `POST /v1/track`.
 *
 * ```html
 * <script src="https://pulse.example/static/tracker.js" data-student="p1_5f2c" data-place="class_id=7B&course_id=math-7"
 *         data-consent="given" defer></script>
 * ```
 *
 * Recorded by itself: page views (of single-page apps too), clicks, how far down one scrolls, videos and audio (play,
 * pause, seek, speed, end, with position and length), idle and active, hidden tabs, a heartbeat. Every event has an id
 * (UUIDv7) and its time from when it happens. It lies in localStorage until the gateway has answered for that id, and is
 * sent again only where the answer is `retry`, or none: a closed tab, a reload or a day without a network loses nothing,
 * and what is sent twice counts once.
 *
 * Nothing is recorded without consent, and nothing at all in a browser that asks not to be tracked (Do Not Track, Global
 * Privacy Control). There are no cookies, no fingerprints, no texts of the page; addresses go without their query.
 */
declare const classpulse: ClassPulse

/** Where something happens, by the names of docs/events.md; a page may say it too: `<meta name="classpulse:chapter_id" content="ch3">`. */
interface ClassPulsePlace {
  class_id?: string
  grade?: string
  subject_id?: string
  course_id?: string
  chapter_id?: string
  lesson_id?: string
  assessment_id?: string
}

/** Each may also stand on the script's tag, such as `data-student` or `data-idle-after`. */
interface ClassPulseOptions {
  /** The student's pseudonym, never a name; without it nothing is recorded. */
  student?: string
  /** `given` where the school has the consent already; what the student said last on this site wins. */
  consent?: "given" | "withdrawn"
  /** Where events go; by default `/v1/track` beside this script. */
  endpoint?: string
  /** A token of the scope `ingest`, where the gateway asks for one. */
  token?: string
  /** Where in the school this page is; adds to what is known. */
  context?: ClassPulsePlace
  /** Seconds without input until a student is idle (300). */
  idleAfter?: number
  /** Seconds between heartbeats (30). */
  heartbeat?: number
  /** Seconds between sendings (5); earlier when 50 events wait, or the page goes. */
  flushEvery?: number
  /** Seconds after which the events of another tab or page are sent by this one (60). */
  adoptAfter?: number
  /** Events that wait at most (2000); the oldest go first. */
  most?: number
}

interface ClassPulse {
  /** Sets options and begins. */
  init(options: ClassPulseOptions): void
  /** Records an event of your own, such as `track("quiz_submit", {score: 85}, {assessment_id: "q1"})`. */
  track(name: string, metadata?: Record<string, unknown>, more?: ClassPulsePlace & { video_id?: string }): void
  /** Records a page view; for apps whose pages have no addresses of their own. */
  page(context?: ClassPulsePlace): void
  /** Sends an xAPI statement under the student's pseudonym; its actor's name and address are left out. H5P's come by themselves. */
  xapi(statement: { verb: { id: string }; object: unknown } & Record<string, unknown>): void
  /** The consent switch: `false` forgets what waits, tells the gateway, and stops; `true` begins. Kept on this site. */
  consent(given: boolean): void
  /** The student logs out: ends the session, and sends all that waits. */
  end(): Promise<void>
  /** Sends what waits. */
  flush(): Promise<void>
  /** How many events wait to be acknowledged. */
  queued(): number
}

/* The browser tracker of ClassPulse: tracker.d.ts says what it does. */
(() => {
  const tag = document.currentScript, data = tag ? tag.dataset : {}, nav = navigator
  const config = {
    endpoint: tag && tag.src ? new URL("/v1/track", tag.src).href : "/v1/track",
    idleAfter: 300, heartbeat: 30, flushEvery: 5, adoptAfter: 60, most: 2000, ...data,
  }
  const refused = nav.doNotTrack === "1" || nav.globalPrivacyControl === true
  const EVENT = "classpulse.e.", CONSENT = "classpulse.consent", BATCH = 50
  const flying = new Set(), at = new Map() // on their way; when this page's happened
  let pauseUntil = 0, failures = 0, idle, away, input, url, depth, started, place = {}

  // an entry an event: tabs do not overwrite each other
  const attempt = (work) => { try { return work() } catch { return undefined } }
  const disk = attempt(() => localStorage) || {}, tab = attempt(() => sessionStorage) || {}, memory = {}
  const read = (name) => disk[name] || memory[name]
  const write = (name, text) => { try { disk[name] = text } catch { memory[name] = text } }
  const erase = (name) => { delete disk[name]; delete memory[name] }
  const stored = () => Object.keys({ ...disk, ...memory }).filter((name) => name.startsWith(EVENT)).sort()

  let then = 0
  const uuid = () => { // version 7, each after the one before
    const bytes = crypto.getRandomValues(new Uint8Array(16))
    then = Math.max(Date.now(), then + 1)
    for (let i = 0; i < 6; i++) bytes[i] = then / 2 ** (40 - 8 * i)
    bytes[6] = 0x70 | (bytes[6] & 15)
    bytes[8] = 0x80 | (bytes[8] & 63)
    const hex = [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("")
    return hex.replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")
  }
  const agreed = () => (read(CONSENT) || config.consent) === "given"
  const may = () => !refused && agreed() && !!config.student

  const device = () => {
    const width = screen.width, { platform, brands = [] } = nav.userAgentData || {}
    return {
      type: width < 768 ? "mobile" : width < 1100 ? "tablet" : "desktop",
      os: platform,
      browser: brands.map((each) => each.brand.replace(/.* /, "")).find((name) => /Chrome|Edge|Opera/.test(name)),
    }
  }
  const where = () => {
    const found = { ...Object.fromEntries(new URLSearchParams(data.place)), ...place }
    for (const meta of document.querySelectorAll("meta[name^='classpulse:']")) found[meta.name.slice(11)] = meta.content
    return found
  }
  const address = () => location.origin + location.pathname + (/^#!?\//.test(location.hash) ? location.hash : "")

  // ---- capture
  const keep = (kind, id, value) => {
    const names = stored(), name = EVENT + id + kind
    if (names.length >= config.most) erase(names[0])
    at.set(name, performance.now())
    write(name, JSON.stringify(value))
    if (names.length >= BATCH) flush()
  }
  const track = (name, metadata = {}, more = {}) => {
    if (!may()) return
    const id = uuid()
    keep("t", id, {
      event_id: id, student_id: config.student, event_name: name, timestamp: Date.now(), session_id: tab.classpulse,
      page_url: url || address(), device: device(), ...where(), ...more, metadata,
    })
  }
  const xapi = (statement) => {
    if (!may() || !statement || !statement.verb) return
    const id = statement.id || uuid(), actor = { account: { homePage: location.origin, name: config.student } }
    keep("x", id, { ...statement, id, actor, timestamp: statement.timestamp || new Date().toISOString() })
  }

  // ---- sending
  const idOf = (name) => name.slice(EVENT.length, -1)
  // left by another page: the id begins with the time
  const isOrphan = (name) => parseInt(idOf(name).slice(0, 13).replace("-", ""), 16) < Date.now() - config.adoptAfter * 1000
  const due = () => stored().filter((name) => !flying.has(name) && (at.has(name) || isOrphan(name)))
  const batches = () => {
    const names = due()
    return ["t", "x"].map((kind) => names.filter((n) => n.endsWith(kind)).slice(0, BATCH)).filter((b) => b[0])
  }
  const request = (names) => {
    const kind = names[0].slice(-1), now = performance.now()
    const values = names.map((name) => {
      const value = JSON.parse(read(name))
      if (kind === "t" && at.has(name)) value.age_ms = Math.round(now - at.get(name))
      return value
    })
    return kind === "t"
      ? [config.endpoint, { sent_at: Date.now(), events: values }]
      : [config.endpoint.replace(/track$/, "xapi/statements"), values]
  }
  const later = () => 1000 * 2 ** Math.min(++failures, 6)
  const send = async (names, keepalive) => {
    names.forEach((name) => flying.add(name))
    let wait = 0
    try {
      const [to, body] = request(names)
      const headers = { "Content-Type": "application/json", "X-Experience-API-Version": "1.0.3" }
      if (config.token) headers.Authorization = "Bearer " + config.token
      const answer = await fetch(to, { method: "POST", body: JSON.stringify(body), keepalive, headers })
      const { results = [] } = await answer.json().catch(() => ({}))
      wait = answer.headers.get("Retry-After") * 1000
      for (const name of names) {
        const { status } = results.find((each) => each.id === idOf(name)) || { status: answer.ok ? "ok" : "retry" }
        if (status !== "retry") erase(name)
        else wait = wait || later()
      }
      if (!wait) failures = 0
    } catch {
      wait = later()
    }
    names.forEach((name) => flying.delete(name))
    pauseUntil = Date.now() + wait
  }
  const flush = async () => {
    if (Date.now() < pauseUntil) return
    for (const names of batches()) await send(names)
    if (due().length >= BATCH) setTimeout(flush)
  }
  // no answer will be read: all is kept, and sent again by the next page
  const leave = () => {
    if (!may() || Date.now() < pauseUntil) return
    for (const names of batches()) {
      const [to, body] = request(names)
      if (config.token || names[0].endsWith("x")) send(names, true)
      else if (nav.sendBeacon(to, JSON.stringify(body))) names.forEach((name) => flying.add(name))
    }
  }

  // ---- pages, scrolling, clicks
  const scrolled = (least) => {
    const now = Math.min(100, Math.round((100 * (scrollY + innerHeight)) / document.documentElement.scrollHeight))
    if (now - depth >= least) track("scroll", { scroll_depth: (depth = now) })
  }
  const page = (context) => {
    if (url) scrolled(1)
    place = { ...place, ...context }
    url = address()
    depth = 0
    track("page_view")
  }
  const moved = () => { if (address() !== url) page() }
  const clicked = (event) => {
    const target = event.target.closest && event.target.closest("a,button,input,select,summary,[role=button],[data-track]")
    if (target) track("button_click", { target: target.dataset.track || target.id || target.tagName.toLowerCase() })
  }

  // ---- videos
  const last = new WeakMap(), left = new WeakMap()
  const videoOf = (v) => v.dataset.video || v.id || (v.currentSrc || "video").split(/[?#]/)[0].split("/").pop()
  const number = (x) => (Number.isFinite(x) ? Math.round(x * 1000) / 1000 : undefined)
  const video = (name, v, more) => track(name, {
    position_s: number(v.currentTime), video_duration_s: number(v.duration), playback_rate: v.playbackRate, ...more,
  }, { video_id: videoOf(v) })
  const watched = {
    play: (v) => video("video_play", v),
    pause: (v) => v.ended || v.seeking || video("video_pause", v),
    ended: (v) => video("video_complete", v),
    ratechange: (v) => v.currentTime && video("video_speed", v),
    timeupdate: (v) => v.seeking || last.set(v, v.currentTime),
    seeking: (v) => left.has(v) || left.set(v, last.get(v) || 0),
    seeked: (v) => {
      video("video_seek", v, { from_s: number(left.get(v)), to_s: number(v.currentTime) })
      left.delete(v)
      last.set(v, v.currentTime)
    },
  }
  const playing = () => [...document.querySelectorAll("video,audio")].find((v) => !v.paused && !v.ended)

  // ---- presence
  const ping = (more) => {
    const v = playing()
    if (v) video("time_ping", v, more)
    else track("time_ping", more)
  }
  const touched = () => {
    input = performance.now()
    if (idle) track("active")
    idle = false
  }
  const beat = () => {
    if (document.hidden) return
    if (playing()) input = performance.now()
    if (!idle && performance.now() - input > config.idleAfter * 1000) {
      idle = true
      track("idle")
    }
    if (!idle) ping()
  }
  const gone = () => {
    if (away) return
    away = true
    scrolled(1)
    ping({ hidden: true })
    leave()
  }
  const back = () => {
    away = false
    flying.clear()
    touched()
    ping()
  }

  const listen = () => {
    const on = (names, work) => names.split(" ").forEach((n) => addEventListener(n, work, { capture: true, passive: true }))
    for (const name of ["pushState", "replaceState"]) {
      const plain = history[name]
      history[name] = function (...given) { plain.apply(this, given); setTimeout(moved) }
    }
    on("popstate hashchange", () => setTimeout(moved))
    on("pointerdown pointermove keydown scroll touchstart", touched)
    on("click", clicked)
    on("scroll", () => scrolled(10))
    for (const name in watched) on(name, (event) => event.target.play && watched[name](event.target))
    on("visibilitychange", () => (document.hidden ? gone() : back()))
    on("pagehide", gone)
    on("online", () => { pauseUntil = 0; flush() })
    if (window.H5P && H5P.externalDispatcher) H5P.externalDispatcher.on("xAPI", (event) => xapi(event.data.statement))
    on("message", (event) => event.origin === location.origin && event.data && xapi(event.data.statement))
    setInterval(beat, config.heartbeat * 1000)
    setInterval(flush, config.flushEvery * 1000)
  }
  const start = () => {
    if (started || !may()) return
    started = true
    touched()
    listen()
    if (!tab.classpulse) {
      attempt(() => { tab.classpulse = uuid() })
      track("session_start")
    }
    page()
    flush()
  }
  const init = (options) => { Object.assign(config, options); place = { ...place, ...(options && options.context) }; start() }
  const consent = (given) => {
    if (refused || given === agreed()) return
    if (!given) stored().forEach(erase)
    if (!given) track("consent_withdrawn")
    write(CONSENT, given ? "given" : "withdrawn")
    if (given) track("consent_given")
    start()
    flush()
  }
  const end = () => { track("session_end"); delete tab.classpulse; return flush() }

  window.classpulse = { init, track, page, xapi, consent, end, flush, queued: () => stored().length }
  start()
  if (!started && stored()[0]) setInterval(flush, 5000)
})()

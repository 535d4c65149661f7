/* The demo page: a single-page app of two pages, a film of silence, one question, and the consent switch. */
const at = (id) => document.getElementById(id)

/** A minute of silence as a sound file: what is recorded of a video needs no pictures. */
const film = (seconds) => {
  const rate = 8000, size = seconds * rate, view = new DataView(new ArrayBuffer(44 + size))
  const text = (place, word) => [...word].forEach((letter, i) => view.setUint8(place + i, letter.charCodeAt(0)))
  text(0, "RIFF"); view.setUint32(4, 36 + size, true); text(8, "WAVEfmt ")
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true)
  view.setUint32(24, rate, true); view.setUint32(28, rate, true); view.setUint16(32, 1, true); view.setUint16(34, 8, true)
  text(36, "data"); view.setUint32(40, size, true)
  new Uint8Array(view.buffer, 44).fill(128)
  return URL.createObjectURL(new Blob([view], { type: "audio/wav" }))
}

/** Each page of the app has its own address. */
const show = () => {
  const practise = location.hash === "#/practise"
  at("read").hidden = practise
  at("practise").hidden = !practise
  scrollTo(0, 0)
}
const go = (hash) => { history.pushState({}, "", hash); show() }

at("v12").src = film(60)
at("to-read").onclick = () => go("#/read")
at("to-practise").onclick = () => go("#/practise")
addEventListener("popstate", show)
for (const button of document.querySelectorAll("[data-answer]")) {
  button.onclick = () => classpulse.track("quiz_answer", { question: "q1", correct: button.dataset.answer === "2" }, { assessment_id: "quiz-1" })
}

const wanted = new URLSearchParams(location.search)
const student = wanted.get("student") || "demo-student"
at("student").value = student
at("consent").checked = localStorage["classpulse.consent"] === "given" || wanted.get("consent") === "given"
at("consent").onchange = (event) => classpulse.consent(event.target.checked)
classpulse.init({
  student,
  ...(wanted.get("consent") === "given" && !localStorage["classpulse.consent"] && { consent: "given" }),
  ...Object.fromEntries(["idleAfter", "heartbeat", "flushEvery", "adoptAfter"].filter((n) => wanted.has(n)).map((n) => [n, +wanted.get(n)])),
})
setInterval(() => { at("queued").textContent = classpulse.queued() }, 500)
show()

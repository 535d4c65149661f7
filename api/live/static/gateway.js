// The gateway's answers. The browser's own cache and the answers' validators make most of them cost nothing.

export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

async function asked(path, options) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", cache: "no-cache", ...options });
  } catch {
    throw new Refused(0, "the gateway does not answer");
  }
  if (!response.ok) {
    const problem = await response.json().catch(() => ({}));
    throw new Refused(response.status, problem.detail ?? response.statusText);
  }
  return response.status === 204 ? null : response.json();
}

const query = (values) => {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined);
  return given.length ? `?${new URLSearchParams(given)}` : "";
};
const inClass = (classId) => `/engagement/class/${encodeURIComponent(classId)}`;

export const logIn = (token, remember) =>
  asked("/session", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token, remember }) });
export const logOut = () => asked("/session", { method: "DELETE" });
export const classes = () => asked("/engagement/classes");
export const headcount = () => asked("/engagement/active_students?limit=500");
export const trend = (classId) => asked(`/engagement/trend${query({ window: "11min", class_id: classId })}`);
export const students = (classId) => asked(`${inClass(classId)}/students?limit=200`);
export const stuck = (classId) => asked(`${inClass(classId)}/stuck`);
export const answerStuck = (classId, { student_id, item_id }, answer) =>
  asked(`${inClass(classId)}/stuck`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ student_id, item_id, answer }) });
export const heatmap = (classId) => asked(`${inClass(classId)}/heatmap?window=10min`);
export const latest = (classId) => asked(`/engagement/events/latest${query({ limit: 20, class_id: classId })}`);

/** Listens to the numbers of a class, or of all; the browser comes back by itself, with the id of what it heard last. */
export function listen(classId, { kpis, problem, lost }) {
  const source = new EventSource(`/engagement/stream${query({ class_id: classId })}`);
  source.addEventListener("kpis", (event) => kpis(JSON.parse(event.data)));
  source.addEventListener("problem", (event) => problem(JSON.parse(event.data)));
  source.addEventListener("error", () => lost(source.readyState === EventSource.CLOSED));
  return () => source.close();
}

// Pages work without this. With it, a part that is marked data-live loads itself again when something changed.
"use strict";
const part = document.querySelector("[data-live]");
if (part && window.EventSource) {
	let busy = false, again = false;
	const load = async () => {
		if (busy) { again = true; return; }
		busy = true;
		try {
			const answer = await fetch(location.href, { credentials: "same-origin" });
			if (answer.ok) {
				const page = new DOMParser().parseFromString(await answer.text(), "text/html");
				const fresh = page.querySelector("[data-live]");
				if (fresh) part.replaceChildren(...fresh.childNodes);
			}
		} catch { /* the next change tries again */ }
		busy = false;
		if (again) { again = false; load(); }
	};
	new EventSource("/live").addEventListener("changed", load);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// The page of a guest's screen: noVNC on the WebSocket that the page's own address names.
import RFB from "./novnc/core/rfb.js";

const say = (text) => { document.getElementById("status").textContent = text; };
const keys = document.getElementById("keys");
const path = new URLSearchParams(location.search).get("path");

function connect() {
	// Only here: an address that somebody else made up leads nowhere else.
	const url = new URL("/" + path.replace(/^\/+/, ""), location.href);
	url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
	const rfb = new RFB(document.getElementById("screen"), url.href, { wsProtocols: ["binary"] });

	rfb.scaleViewport = true;
	rfb.addEventListener("connect", () => { say("connected"); keys.hidden = false; rfb.focus(); });
	rfb.addEventListener("disconnect", (event) => {
		keys.hidden = true;
		say(event.detail.clean ? "The console was closed." : "The console can't be reached: ask for a new address.");
	});
	rfb.addEventListener("desktopname", (event) => { document.title = event.detail.name; });
	keys.addEventListener("click", () => { rfb.sendCtrlAltDel(); rfb.focus(); });
	say("connecting");
}

if (path)
	connect();
else
	say("This address names no console.");
